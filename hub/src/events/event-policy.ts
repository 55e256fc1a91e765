import { CodeBook, type CodeRow } from "./code-book.ts";
import { type FusionRule, FusionRules } from "./fusion.ts";
import { type LadderRule, LadderRules } from "./ladder.ts";
import { type ParentRule, ParentRules } from "./parents.ts";
import { type QuietRule, QuietRules } from "./quiet.ts";

/** Everything about events that is data and not program. */
export interface PolicyData {
  readonly fusion: readonly FusionRule[];
  readonly parents: readonly ParentRule[];
  readonly ladder: readonly LadderRule[];
  readonly quiet: readonly QuietRule[];
  readonly codes: readonly CodeRow[];
}

export const NO_POLICY: PolicyData = { fusion: [], parents: [], ladder: [], quiet: [], codes: [] };

/** What a hub begins with, until somebody edits it. */
export const DEFAULT_SETTINGS: Pick<PolicyData, "fusion" | "parents" | "ladder"> = {
  fusion: [
    { family: "fire", kinds: ["fire.alarm", "smoke.alarm", "vision.fire", "vision.smoke", "bin.fire"], radius_m: 100, window_s: 600 }, // prettier-ignore
    { family: "waste", kinds: ["vision.garbage", "vision.debris", "vision.overflow", "bin.full"], radius_m: 30, window_s: 1800 }, // prettier-ignore
    { family: "fire_access", kinds: ["vision.fire_lane", "vision.hydrant_blocked"], radius_m: 15, window_s: 600 },
    { family: "burst", kinds: ["hydrant.burst", "leak.water"], radius_m: 50, window_s: 600 },
  ],
  parents: [
    {
      parent: "edge.offline",
      children: ["device.silent", "device.offline", "device.late", "device.flapping"],
      scope: "edge",
    },
    { parent: "device.offline", children: ["device.late", "device.low_battery"], scope: "device" },
    { parent: "flood.area", children: ["flood.water_present", "manhole.water_high"], scope: "grid" },
  ],
  ladder: [
    { kind: "*", severity: 1, village_s: 300, town_s: 300 },
    { kind: "*", severity: 2, village_s: 900, town_s: 900 },
    { kind: "*", severity: 3, village_s: 3600, town_s: 7200 },
    { kind: "*", severity: 4, village_s: 0, town_s: 0 },
    { kind: "device.*", severity: 2, village_s: 3600, town_s: 14_400 },
    { kind: "device.*", severity: 3, village_s: 14_400, town_s: 86_400 },
  ],
};

/** One immutable state of the policy, prepared for asking; an edit makes a new one. */
export class EventPolicy {
  readonly fusion: FusionRules;
  readonly parents: ParentRules;
  readonly ladder: LadderRules;
  readonly quiet: QuietRules;
  readonly codes: CodeBook;

  /** @param timeZone of weekly maintenance windows */
  constructor(data: PolicyData = NO_POLICY, timeZone = "Asia/Shanghai") {
    this.fusion = new FusionRules(data.fusion);
    this.parents = new ParentRules(data.parents);
    this.ladder = new LadderRules(data.ladder);
    this.quiet = new QuietRules(data.quiet, timeZone);
    this.codes = new CodeBook(data.codes);
  }
}
