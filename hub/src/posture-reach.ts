import type { Desired, DesiredSettings } from "./desired.ts";
import type { Device, Edge } from "./device.ts";
import type { Finding } from "./finding.ts";
import type { PostureBook, PostureChange } from "./posture/posture-book.ts";
import type { PostureEffects } from "./posture/posture-level.ts";
import type { TownOf } from "./posture/town-of.ts";
import type { AreaFlag } from "./rules/area/area-flags.ts";

/** What an edge made of the newest wishes. */
export type EdgeObeys = "nothing" | "pending" | "confirmed" | "refused";

export interface ReachOptions {
  readonly towns: TownOf;
  readonly desired: () => Pick<Desired, "wishEdge" | "versionOf">;
  readonly edges: () => Iterable<Edge>;
  readonly devices: () => Iterable<Device>;
  readonly setFlag: (flag: AreaFlag, now: number) => void;
  /** a device's limits may be others now */
  readonly relimit: (device: Device, now: number, out: Finding[]) => void;
  readonly inject: (finding: Finding) => void;
}

/**
 * Carries a town's posture to whom it concerns: wishes to its edges (`twin/desired`), the flag `posture` for rules of areas, the
 * limits of its devices' alarms. Detectors and the event book ask by themselves. Edges say in `twin/reported` what they run.
 */
export class PostureReach {
  readonly #options: ReachOptions;
  readonly #reported = new Map<number, { readonly version: number; readonly refused: number }>();

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  changed(book: PostureBook, town: string, change: PostureChange, now: number): void {
    const { towns, edges, devices, setFlag, relimit, inject } = this.#options;
    const effects = book.effectsOf(town);
    for (const edge of edges()) if (towns.edge(edge) === town) this.#wish(edge, effects);
    setFlag({ name: "posture", grid: town, value: change.to === "normal" ? "" : change.to, until: change.until }, now);
    const findings: Finding[] = [];
    for (const device of devices()) if (towns.device(device) === town) relimit(device, now, findings);
    findings.forEach(inject);
  }

  /** An edge is heard for the first time, or anew: its town may be in another posture than when it was last here. */
  announced(book: PostureBook, edge: Edge): void {
    const town = this.#options.towns.edge(edge);
    if (book.levelOf(town) !== "normal") this.#wish(edge, book.effectsOf(town));
  }

  /** An edge whose town is another one now, or that is in none any more. */
  moved(book: PostureBook, edge: Edge): void {
    this.#wish(edge, book.effectsOf(this.#options.towns.edge(edge)));
  }

  /** @param document `twin/reported` of an edge, parsed, from outside */
  reported(edge: Edge, document: unknown): void {
    if (typeof document !== "object" || document === null) return;
    const { version, refused } = document as { version?: unknown; refused?: unknown };
    if (typeof version === "number")
      this.#reported.set(edge.id, { version, refused: Array.isArray(refused) ? refused.length : 0 });
  }

  obeys(edge: Edge): EdgeObeys {
    const said = this.#options.desired().versionOf(edge);
    if (said === null) return "pending";
    if (said === 0) return "nothing";
    const reported = this.#reported.get(edge.id);
    if (reported === undefined || reported.version < said) return "pending";
    return reported.refused > 0 ? "refused" : "confirmed";
  }

  #wish(edge: Edge, { heartbeat_ms, interval_ms, patrol_ms }: PostureEffects): void {
    const settings: DesiredSettings = {
      ...(heartbeat_ms !== undefined && { heartbeat_ms }),
      ...(interval_ms !== undefined && { interval_ms }),
      ...(patrol_ms !== undefined && { patrol_ms }),
    };
    this.#options.desired().wishEdge("posture", edge, Object.keys(settings).length === 0 ? null : settings);
  }
}
