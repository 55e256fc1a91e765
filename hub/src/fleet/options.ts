/**
 * Thresholds of the fleet room. Durations of rules (those marked x) are multiplied by `durationScale`; the others describe
 * radio and ships and do not shrink when a demonstration runs faster.
 */
export interface FleetOptions {
  /** 1 in production; demonstrations and tests use e.g. 0.03 so that ten minutes take seconds */
  readonly durationScale: number;
  /** work of a tick is done this often, ms */
  readonly evaluateMs?: number;
  /** the same report heard by another receiver within this time is one report, ms */
  readonly duplicateMs?: number;
  /** a jump faster than this, or than 1.5 x the vessel's own best, is not the same vessel; knots */
  readonly maxSpeedKn?: number;
  /** late: 3 x the vessel's median interval, at least this; ms */
  readonly lateMs?: number;
  /** stale (moored) and lost (under way), ms */
  readonly staleMs?: number;
  /** lost when moored or at anchor, ms */
  readonly lostMooredMs?: number;
  /** a straggler is farther from the centre than this, NM ... */
  readonly stragglerNm?: number;
  /** ... and than this many times the formation's spread */
  readonly stragglerSpreads?: number;
  /** ... for this long (x), ms */
  readonly stragglerHoldMs?: number;
  /** clears within this fraction of the threshold */
  readonly stragglerClear?: number;
  readonly stragglerSeverity?: 1 | 2 | 3 | 4;
  /** fewer fresh members have no centre worth the name */
  readonly minFresh?: number;
  /** an open finding is updated at most this often (x), ms */
  readonly updateMs?: number;
  /** a distress signal that was not heard for this long (x) has ended, ms */
  readonly sosQuietMs?: number;
  /** a track is written to the database at most this often, ms */
  readonly saveTrackMs?: number;
  /** a vessel without formation is forgotten after this long, ms */
  readonly forgetMs?: number;
  /** vessels held at most; beyond it new ones are stored but not tracked */
  readonly maxVessels?: number;
}

export type FleetSettings = Required<FleetOptions>;

export const FLEET_DEFAULTS: FleetSettings = {
  durationScale: 1,
  evaluateMs: 3000,
  duplicateMs: 8000,
  maxSpeedKn: 25,
  lateMs: 60_000,
  staleMs: 8 * 60_000,
  lostMooredMs: 18 * 60_000,
  stragglerNm: 2,
  stragglerSpreads: 3,
  stragglerHoldMs: 10 * 60_000,
  stragglerClear: 0.8,
  stragglerSeverity: 3,
  minFresh: 3,
  updateMs: 5 * 60_000,
  sosQuietMs: 30 * 60_000,
  saveTrackMs: 60_000,
  forgetMs: 24 * 3_600_000,
  maxVessels: 50_000,
};

/** Fills in the defaults and applies the scale. Small scales also look more often, so that a hold is met on time. */
export function fleetSettings(options: FleetOptions): FleetSettings {
  const s = { ...FLEET_DEFAULTS, ...options };
  const scale = s.durationScale;
  const hold = s.stragglerHoldMs * scale;
  return {
    ...s,
    stragglerHoldMs: hold,
    updateMs: s.updateMs * scale,
    sosQuietMs: s.sosQuietMs * scale,
    evaluateMs: Math.min(s.evaluateMs, Math.max(500, hold / 10)),
  };
}
