/** How often a vessel reports, ITU-R M.1371-5 table 1 (class A) and 2 (class B, carrier sense). */
export interface Cadence {
  /** factor on the standard's intervals: 1 = as at sea */
  readonly scale: number;
  /** no vessel reports less often than this, ms; brings anchored boats into a short demo */
  readonly maxMs: number;
  /** static data (5, 24), ms; the standard says 6 minutes */
  readonly staticMs: number;
}

export const SEA_CADENCE: Cadence = { scale: 1, maxMs: Infinity, staticMs: 360_000 };

/** @returns ms until the next position report of a vessel of this class at this speed (knots) */
export function reportInterval(cls: "A" | "B", knots: number, moored: boolean, cadence: Cadence): number {
  const standard = cls === "A" ? classA(knots, moored) : knots > 2 ? 30_000 : 180_000;
  return Math.min(cadence.maxMs, standard * cadence.scale);
}

function classA(knots: number, moored: boolean): number {
  if (moored && knots <= 3) return 180_000;
  if (knots > 23) return 2000;
  return knots > 14 ? 6000 : 10_000;
}
