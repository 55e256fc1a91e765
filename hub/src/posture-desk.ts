import type { Static } from "typebox";
import type { Desired } from "./desired.ts";
import type { Device, Edge } from "./device.ts";
import type { EventPosture } from "./events/event-options.ts";
import type { Finding } from "./finding.ts";
import type { Grid } from "./grids/grid.ts";
import type { GridSet } from "./grids/grid-set.ts";
import { PostureBook } from "./posture/posture-book.ts";
import {
  DEFAULT_EFFECTS,
  type EffectsByLevel,
  type PostureLevel,
  type PostureSchema,
} from "./posture/posture-level.ts";
import { TownOf } from "./posture/town-of.ts";
import { PostureReach } from "./posture-reach.ts";
import type { RoomStages } from "./stages.ts";
import { affectedTowns } from "./weather/affected-towns.ts";
import { type CapProblem, readCap } from "./weather/cap.ts";
import type { Warning, WarningColour } from "./weather/warning.ts";
import { type KeptWarning, WarningBook } from "./weather/warning-book.ts";

export interface PostureDeskOptions {
  readonly settings: Static<typeof PostureSchema>;
  readonly grids: () => GridSet;
  readonly edges: () => Iterable<Edge>;
  readonly devices: () => Iterable<Device>;
  readonly stages: () => Pick<RoomStages, "setFlag" | "inject">;
  readonly desired: () => Pick<Desired, "wishEdge" | "versionOf">;
  readonly relimit: (device: Device, now: number, out: Finding[]) => void;
}

/** 蓝黄橙红 -> IV III II I: what a colour suggests; a person decides. */
const SUGGESTED: Readonly<Record<WarningColour, PostureLevel>> = { blue: "IV", yellow: "III", orange: "II", red: "I" };

/** Posture of the towns and the weather that suggests it, joined with the rooms that they change. */
export class PostureDesk {
  readonly towns: TownOf;
  readonly book: PostureBook;
  readonly warnings: WarningBook;
  readonly reach: PostureReach;
  readonly effects: EffectsByLevel;
  readonly longestMs: number;
  readonly #grids: () => GridSet;
  readonly #options: PostureDeskOptions;

  constructor(options: PostureDeskOptions) {
    const { settings, grids, edges, devices, stages, desired, relimit } = options;
    this.#options = options;
    this.#grids = grids;
    this.towns = new TownOf(grids);
    this.effects = { ...DEFAULT_EFFECTS, ...settings.levels };
    this.longestMs = settings.longest_hours * 3_600_000;
    this.reach = new PostureReach({
      towns: this.towns,
      desired,
      edges,
      devices,
      relimit,
      setFlag: (flag, now) => stages().setFlag(flag, now),
      inject: (finding) => stages().inject(finding),
    });
    this.book = new PostureBook({
      effects: this.effects,
      longestMs: this.longestMs,
      onChange: (town, change, now) => this.reach.changed(this.book, town, change, now),
    });
    this.warnings = new WarningBook({
      townsOf: ({ areas }) => affectedTowns(areas, this.#townGrids()),
      onColour: (grid, colour, until, now) =>
        stages().setFlag({ name: "weather", grid, value: colour ?? "", until }, now),
    });
  }

  /**
   * Other grids: edges and devices whose town is another one follow its posture from now on, warnings find the towns anew.
   * @param before the grids until now; those that are asked for by `grids` are the new ones already
   * @param relocate gives the devices their grids
   */
  regrid(before: GridSet, relocate: () => void, now: number, out: Finding[]): void {
    const { towns, book, reach } = this;
    const { devices, edges, relimit } = this.#options;
    const old = new TownOf(() => before);
    const stood = new Map([...devices()].map((device) => [device, old.device(device)]));
    relocate();
    for (const edge of edges()) if (towns.edge(edge) !== old.edge(edge)) reach.moved(book, edge);
    this.warnings.rezone();
    for (const [device, town] of stood) if (towns.device(device) !== town) relimit(device, now, out);
  }

  /** For detectors. */
  readonly ofCamera = (camera: Device) => this.book.effectsOf(this.towns.device(camera));

  /** For the event book. */
  readonly ofEvents = (town: string | null): EventPosture => {
    const { escalation, dedupe } = this.book.effectsOf(town);
    return { escalationFactor: escalation, reopenFactor: dedupe };
  };

  /** For alarms: limits that hold instead of a device's own; null = its own. */
  readonly overlay = (device: Device): Device["attributes"] | null => {
    const { limits } = this.book.effectsOf(this.towns.device(device));
    return Object.keys(limits).length === 0 ? null : limits;
  };

  /** Reads a CAP document and finds the towns that it concerns; changes nothing yet. */
  read(document: string): { readonly warning: Warning; readonly towns: readonly string[] } | CapProblem {
    const warning = readCap(document);
    if ("code" in warning) return warning;
    return { warning, towns: affectedTowns(warning.areas, this.#townGrids()) };
  }

  #townGrids(): Grid[] {
    const set = this.#grids();
    return this.towns.towns().flatMap((id) => set.get(id) ?? []);
  }

  /** Takes a document from a feed. @returns what was wrong with it; null = nothing */
  async receive(document: string, flow: { submit<T>(change: (now: number) => T): Promise<T> }): Promise<string | null> {
    const read = this.read(document);
    if ("code" in read) return `${read.code}: ${read.message}`;
    await flow.submit((now) => this.warnings.take(read.warning, read.towns, now));
    return null;
  }

  /** What the weather suggests for a town that is in a lesser posture; null = nothing. */
  suggestion(town: string, now: number): { readonly level: PostureLevel; readonly warning: KeptWarning } | null {
    const kept = this.warnings.of(town, now);
    return kept === null ? null : { level: SUGGESTED[kept.warning.colour], warning: kept };
  }
}
