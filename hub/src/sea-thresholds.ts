// Thresholds of the fleet room by the names that people write: in `sea:` of the hub's settings, and, those of GRID_THRESHOLDS, in
// `sea.thresholds` of a grid. Defaults stand with the options that they replace (fleet/options.ts).

export interface Threshold {
  /** the option of the fleet room that it replaces */
  readonly option: string;
  /** from the unit of the name to that of the option */
  readonly factor: number;
  readonly min: number;
  readonly max: number;
  readonly about: string;
}

type Of = (option: string, about: string, more?: Partial<Threshold>) => Threshold;
const unit =
  (factor: number, max: number, min = 0): Of =>
  (option, about, more = {}) => ({ option, factor, min, max, about, ...more });
const nm = unit(1, 100);
const minutes = unit(60_000, 10_080);
const seconds = unit(1000, 86_400);
const metres = unit(1, 20_000);
const knots = unit(1, 60);
const count = unit(1, 1000, 1);
const share = unit(1, 1, 0.1);

/** Those that a grid may set for itself and all below it; names carry the unit. */
export const GRID_THRESHOLDS = {
  straggler_nm: nm("stragglerNm", "A straggler is farther from the middle of its formation than this", { min: 0.05 }),
  straggler_spreads: unit(1, 100, 1)("stragglerSpreads", "... and than so many times the spread of the formation"),
  straggler_min: minutes("stragglerHoldMs", "... for this long"),
  straggler_clear: share("stragglerClear", "Stragglers and splits end within this share of the distance"),
  min_fresh: count("minFresh", "With fewer boats that are heard a formation has no middle", { min: 2 }),
  split_nm: nm("splitNm", "Boats farther apart than this belong to different parts; 0 = a formation never splits"),
  split_min: minutes("splitHoldMs", "A formation is in parts for this long before it is split"),
  dark_min: minutes("darkMs", "Not heard at sea for this long: dark. Below 12 counts as 12", { min: 5 }),
  gap_min: minutes("gapMs", "... for this long: a gap, also of boats that report rarely", { min: 5 }),
  disabling_min: minutes("disablingMs", "... for this long: suspected disabling", { min: 5 }),
  outage_share: share("outageShare", "This share of a formation silent together: its link is out"),
  outage_vessels: count("outageVessels", "... of so many vessels at least", { min: 2 }),
  outage_span_min: minutes("outageSpanMs", "Silences that begin within this time began together", { min: 1 }),
  approach_nm: nm("approachNm", "Vessels that will pass nearer than this; 0 = off", { max: 2 }),
  drift_degrees: unit(1, 180)("driftDegrees", "Course and heading apart by this: adrift; 0 = off"),
  drift_min_kn: knots("driftMinKn", "... at this speed or more"),
  drift_max_kn: knots("driftMaxKn", "... and at this or less"),
  drift_min: minutes("driftHoldMs", "... for this long"),
  swing_m: metres("swingM", "Swing circle of a vessel at anchor, or twice its length; 0 = off", { max: 2000 }),
  anchor_margin_m: metres("anchorMarginM", "Dragging: outside that circle by more than this", { max: 2000 }),
  anchor_s: seconds("anchorHoldMs", "... for this long"),
  encounter_m: metres("encounterM", "Two vessels side by side are nearer than this; 0 = off", { max: 5000 }),
  encounter_min: minutes("encounterMs", "... for this long"),
  encounter_kn: knots("encounterKn", "... and both slower than this"),
  area_margin_m: metres("areaMarginM", "This far beyond its border an area is entered or left by one fix"),
  area_fixes: count("areaFixes", "... else by so many; a speed limit is broken and kept again by so many"),
  cross_gap_min: minutes("crossGapMs", "Between fixes farther apart nobody knows whether a border was crossed"),
  port_enter_m: metres("portEnterM", "A harbour without a border is entered nearer than this", { max: 10_000 }),
  port_exit_m: metres("portExitM", "... and left farther off than this", { max: 10_000 }),
  port_stop_kn: knots("portStopKn", "A stop in harbour begins below this speed"),
  port_resume_kn: knots("portResumeKn", "... and ends above this one"),
} as const satisfies Readonly<Record<string, Threshold>>;
export type ThresholdName = keyof typeof GRID_THRESHOLDS;

/** Those of radio and of the sea as a whole: the same everywhere. */
export const HUB_THRESHOLDS = {
  late_s: seconds("lateMs", "Late: not heard for three of its intervals, at least this", { min: 10 }),
  stale_min: minutes("staleMs", "Lost under way, stale when moored: not heard for this long", { min: 1 }),
  lost_moored_min: minutes("lostMooredMs", "Lost when moored: not heard for this long", { min: 1 }),
  duplicate_s: seconds("duplicateMs", "The same report from another receiver within this time is one", { max: 60 }),
  max_speed_kn: knots("maxSpeedKn", "No vessel is faster, unless it was: 1.5 times its own best", { min: 5 }),
  clash_min: minutes("clashMs", "Two tracks of one MMSI side by side for this long are two vessels", { min: 1 }),
  outage_wait_min: minutes("outageWaitMs", "A formation's outage is said this much later than a receiver's"),
  approach_min: minutes("approachMs", "Nearest point of approach sooner than this", { min: 1, max: 30 }),
  approach_kn: knots("approachKn", "... both faster than this"),
  approach_s: seconds("approachHoldMs", "... for this long at least", { max: 600 }),
  approach_patience: unit(1, 0.9)("approachPatience", "... and for this share of the time that is left"),
  sos_quiet_min: minutes("sosQuietMs", "A call for help that is not heard for this long is over", { min: 1 }),
} as const satisfies Readonly<Record<string, Threshold>>;
