import type { Device } from "./device.ts";

export type Severity = 1 | 2 | 3 | 4;

/**
 * How a grid was found. `nearest` = outside every grid but within the tolerance, flagged; `uncertain` = the place is known only within a
 * circle that touches further grids, flagged.
 */
export type GridMatch = "bound" | "inside" | "nearest" | "uncertain" | "formation" | "unmatched";

/** Numbers and texts that explain a finding; shown to the duty room, kept with the event. JSON. */
export type Evidence = Readonly<Record<string, unknown>>;

/**
 * What rules, fleet, health and vision produce: something began, changed or ended. Findings of one `key` and grid are one
 * event. Sources are responsible for hysteresis; `events/` for dedupe and the life of the event.
 */
export interface Finding {
  /** event kind, e.g. `hydrant.low_pressure`, `vessel.straggler`, `device.silent`, `edge.offline`, `vision.stall` */
  readonly kind: string;
  readonly phase: "raise" | "update" | "clear";
  readonly severity: Severity;
  /** event time, ms UTC */
  readonly ts: number;
  /** what it is about: `device:<uid>`, `edge:<key>`, `site:<site>`, `mmsi:<n>`, `place:<id>`; with `kind` and grid the identity of the event */
  readonly subject: string;
  readonly device: Device | null;
  /** set when the source knows the grid (a formation); else located from lon/lat or the device */
  readonly gridId: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  /** what made it: `rule:<profile>#<alarm>`, `fleet:straggler`, `health`, `vision:<recipe>` */
  readonly source: string;
  readonly evidence: Evidence;
  /** found in history mode (backfill): recorded, marked, never sounds a live alarm and is not handed off */
  readonly late: boolean;
}
