import type { TrackRow } from "../api.ts";

export interface Moment {
  readonly lon: number;
  readonly lat: number;
  readonly sog: number | null;
  readonly cog: number | null;
  /** between two reports with a silence between them: the place is a guess */
  readonly inGap: boolean;
}

/**
 * A stretch in which nothing was heard. `gap`: longer than its reports usually are apart; `dark`: so long that a vessel under way
 * counts as silent.
 */
export interface Silence {
  readonly kind: "gap" | "dark";
  /** ms UTC: the reports before and after */
  readonly from: number;
  readonly to: number;
  /** index of the report after it; `rows.length` where it still lasts */
  readonly index: number;
}

/** What the fleet takes for dark at sea unless a grid says otherwise, ms. */
const DARK_MS = 30 * 60_000;
/** Slower than this at both ends the vessel lay still: a set switched off in port is a gap, not a disappearance. Knots */
const UNDER_WAY_KN = 0.5;
const MOVED_DEGREES = 0.005;

/** Two reports farther apart leave a gap: three of the usual intervals, at least ten minutes. ms */
export function gapMs(rows: readonly TrackRow[]): number {
  const steps = rows.slice(1).map((row, i) => row[0] - (rows[i]?.[0] ?? 0)).sort((a, b) => a - b); // prettier-ignore
  return Math.max(600_000, 3 * (steps[steps.length >> 1] ?? 0));
}

/**
 * The silences of a track, oldest first.
 * @param rows oldest first
 * @param silentUntil ms UTC; the vessel is silent now, so its last silence lasts until then; null = it is heard
 */
export function silencesOf(rows: readonly TrackRow[], silentUntil: number | null = null): Silence[] {
  const limit = gapMs(rows);
  const found: Silence[] = [];
  for (let i = 1; i <= rows.length; i++) {
    const before = rows[i - 1];
    const after = rows[i];
    const to = after?.[0] ?? silentUntil;
    if (before === undefined || to === null || to - before[0] <= limit) continue;
    const moved =
      (before[3] ?? 0) > UNDER_WAY_KN ||
      (after?.[3] ?? 0) > UNDER_WAY_KN ||
      (after !== undefined && Math.hypot(after[1] - before[1], after[2] - before[2]) > MOVED_DEGREES);
    found.push({ kind: moved && to - before[0] >= DARK_MS ? "dark" : "gap", from: before[0], to, index: i });
  }
  return found;
}

/** Where the vessel was. @param rows oldest first; @returns null of no track */
export function momentAt(rows: readonly TrackRow[], ts: number): Moment | null {
  let [lo, hi] = [0, rows.length - 1];
  if (hi < 0) return null;
  while (lo < hi) {
    const middle = (lo + hi + 1) >> 1;
    if ((rows[middle]?.[0] ?? 0) <= ts) lo = middle;
    else hi = middle - 1;
  }
  const a = rows[lo];
  const b = rows[lo + 1];
  if (a === undefined) return null;
  const [at, lon, lat, sog, cog] = a;
  if (b === undefined || ts <= at) return { lon, lat, sog, cog, inGap: ts - at > gapMs(rows) };
  const part = (ts - at) / (b[0] - at);
  return {
    lon: lon + (b[1] - lon) * part,
    lat: lat + (b[2] - lat) * part,
    sog,
    cog,
    inGap: b[0] - at > gapMs(rows),
  };
}
