import type { Severity } from "../finding.ts";
import { GRID_THRESHOLDS, HUB_THRESHOLDS, type Threshold, type ThresholdName } from "../sea-thresholds.ts";

/**
 * Thresholds of the fleet room. Durations of rules (those marked x) are multiplied by `durationScale`; the others describe
 * radio and ships and do not shrink when a demonstration runs faster. Those of {@link GRID_THRESHOLDS} may differ from
 * grid to grid (`sea.thresholds` of a feature), these and {@link HUB_THRESHOLDS} are settings of the hub (`sea:`).
 */
export const FLEET_DEFAULTS = {
  /** 1 in production; demonstrations and tests use e.g. 0.03 so that ten minutes take seconds */
  durationScale: 1,
  /** work of a tick is done this often, ms */
  evaluateMs: 3000,
  /** the same report heard by another receiver within this time is one report, ms */
  duplicateMs: 8000,
  /** a jump faster than this, or than 1.5 x the vessel's own best, is not the same vessel; knots */
  maxSpeedKn: 25,
  /** late: 3 x the vessel's median interval, at least this; ms */
  lateMs: 60_000,
  /** stale (moored) and lost (under way), ms */
  staleMs: 8 * 60_000,
  /** lost when moored or at anchor, ms */
  lostMooredMs: 18 * 60_000,
  /** two segments of one MMSI that live side by side for this long (x) are two vessels, ms */
  clashMs: 10 * 60_000,

  /** a straggler is farther from the centre than this, NM ... */
  stragglerNm: 2,
  /** ... and than this many times the formation's spread */
  stragglerSpreads: 3,
  /** ... for this long (x), ms */
  stragglerHoldMs: 10 * 60_000,
  /** clears within this fraction of the threshold */
  stragglerClear: 0.8,
  stragglerSeverity: 3 as Severity,
  /** fewer fresh members have no centre worth the name */
  minFresh: 3,
  /** members farther apart than this belong to different parts of a formation, NM; 0 = a formation never splits */
  splitNm: 2,
  /** a formation is in parts for this long (x) before it is split, ms */
  splitHoldMs: 10 * 60_000,

  /** silent at sea outside harbour: dark (x), ms */
  darkMs: 30 * 60_000,
  /** ... a gap (x): also of vessels that are heard now and then only */
  gapMs: 6 * 3_600_000,
  /** ... suspected disabling (x) */
  disablingMs: 12 * 3_600_000,
  /** share of a formation's or a receiver's vessels that fell silent together: the link is out, not the vessels */
  outageShare: 0.5,
  /** ... and at least so many vessels */
  outageVessels: 3,
  /** silences that begin within this time began together, ms */
  outageSpanMs: 10 * 60_000,
  /** a formation's outage is said this much later than a receiver's, which explains it; ms */
  outageWaitMs: 4 * 60_000,

  /** this far outside at one fix has left an area, metres (inside: has entered it) */
  areaMarginM: 100,
  /** so many fixes outside have left it (inside: have entered it) */
  areaFixes: 2,
  /** between fixes farther apart in time nobody knows the way; ms */
  crossGapMs: 15 * 60_000,
  /** harbours without polygon: enter and leave, metres */
  portEnterM: 3000,
  portExitM: 4000,
  /** a stop begins below and ends above, knots */
  portStopKn: 0.2,
  portResumeKn: 0.5,

  /** closest point of approach nearer than this, NM; 0 = off */
  approachNm: 0.3,
  /** ... and sooner than this, ms */
  approachMs: 10 * 60_000,
  /** both faster than this, knots */
  approachKn: 0.5,
  /** only fixes younger than this, ms */
  approachFreshMs: 3 * 60_000,
  /** risk must last this long (x) before it is said, ms */
  approachHoldMs: 15_000,
  /** ... and for this share (x) of the time that is left: a boat that turns points at everybody once */
  approachPatience: 0.2,
  /** pairs are looked at this often, ms */
  approachEveryMs: 10_000,

  /** course and heading differ by at least this, degrees; 0 = off */
  driftDegrees: 45,
  /** ... at these speeds, knots */
  driftMinKn: 1,
  driftMaxKn: 6,
  /** ... for this long (x), ms */
  driftHoldMs: 15 * 60_000,

  /** swing circle of a vessel at anchor without its own length, metres; 0 = off */
  swingM: 150,
  /** dragging: outside the circle by more than this, metres */
  anchorMarginM: 50,
  /** ... for this long (x), ms */
  anchorHoldMs: 60_000,

  /** two vessels nearer than this, metres; 0 = off */
  encounterM: 500,
  /** ... for this long (x), ms */
  encounterMs: 2 * 3_600_000,
  /** ... both slower than this, knots */
  encounterKn: 2,
  encounterEveryMs: 60_000,

  /** an open finding is updated at most this often (x), ms */
  updateMs: 5 * 60_000,
  /** a distress signal that was not heard for this long (x) has ended, ms */
  sosQuietMs: 30 * 60_000,
  /** a track is written to the database at most this often, ms */
  saveTrackMs: 60_000,
  /** a vessel without formation is forgotten after this long, ms */
  forgetMs: 24 * 3_600_000,
  /** vessels held at most; beyond it new ones are stored but not tracked */
  maxVessels: 150_000,
  /** whose local time the hours and dates of areas mean, IANA name */
  timeZone: "Asia/Shanghai",
};

export type FleetSettings = Readonly<typeof FLEET_DEFAULTS>;
export type FleetOptions = Partial<FleetSettings> & Pick<FleetSettings, "durationScale">;

/** durations of rules: these shrink with `durationScale` */
const SCALED = [
  "clashMs",
  "stragglerHoldMs",
  "splitHoldMs",
  "darkMs",
  "gapMs",
  "disablingMs",
  "approachHoldMs",
  "approachPatience",
  "driftHoldMs",
  "anchorHoldMs",
  "encounterMs",
  "updateMs",
  "sosQuietMs",
] as const satisfies readonly (keyof FleetSettings)[];

/** Fills in the defaults and applies the scale. Small scales also look more often, so that a hold is met on time. */
export function fleetSettings(options: FleetOptions): FleetSettings {
  const s = { ...FLEET_DEFAULTS, ...options };
  for (const key of SCALED) s[key] *= s.durationScale;
  // silence is a matter of radio: however fast a demonstration runs, nobody is dark before the link could be judged
  s.darkMs = Math.max(s.darkMs, 1.5 * s.staleMs);
  s.gapMs = Math.max(s.gapMs, s.darkMs);
  s.disablingMs = Math.max(s.disablingMs, s.gapMs);
  s.evaluateMs = Math.min(s.evaluateMs, Math.max(500, s.stragglerHoldMs / 10));
  s.encounterEveryMs = Math.min(s.encounterEveryMs, Math.max(500, s.encounterMs / 10));
  return s;
}

/** The settings of one grid: those of the hub, changed by what its features say, the nearest grid last. */
export function withThresholds(
  options: FleetOptions,
  layers: readonly Readonly<Partial<Record<ThresholdName, number>>>[],
): FleetSettings {
  return fleetSettings(Object.assign({ ...options }, ...layers.map(fleetOptions)) as FleetOptions);
}

type AnyName = ThresholdName | keyof typeof HUB_THRESHOLDS;
const ALL: Readonly<Record<AnyName, Threshold>> = { ...GRID_THRESHOLDS, ...HUB_THRESHOLDS };

/** What people write (names and units of sea-thresholds.ts) as options of this room. */
export function fleetOptions(values: Readonly<Partial<Record<AnyName, number>>>): Partial<FleetSettings> {
  const own: Record<string, number> = {};
  for (const [name, value] of Object.entries(values)) {
    const { option, factor } = ALL[name as AnyName];
    own[option] = value * factor;
  }
  return own as Partial<FleetSettings>;
}
