import type { TrackRow } from "../api.ts";

export interface Moment {
  readonly lon: number;
  readonly lat: number;
  readonly sog: number | null;
  readonly cog: number | null;
  /** between two reports with a gap between them: the place is a guess */
  readonly inGap: boolean;
}

/** Two reports farther apart leave a gap: three of the usual intervals, at least ten minutes. ms */
export function gapMs(rows: readonly TrackRow[]): number {
  const steps = rows.slice(1).map((row, i) => row[0] - (rows[i]?.[0] ?? 0)).sort((a, b) => a - b); // prettier-ignore
  return Math.max(600_000, 3 * (steps[steps.length >> 1] ?? 0));
}

export function gapsOf(rows: readonly TrackRow[]): { readonly count: number; readonly longestMs: number } {
  const limit = gapMs(rows);
  const gaps = rows.slice(1).map((row, i) => row[0] - (rows[i]?.[0] ?? 0)).filter((ms) => ms > limit); // prettier-ignore
  return { count: gaps.length, longestMs: Math.max(0, ...gaps) };
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
  if (b === undefined || ts <= at) return { lon, lat, sog, cog, inGap: false };
  const part = (ts - at) / (b[0] - at);
  return {
    lon: lon + (b[1] - lon) * part,
    lat: lat + (b[2] - lat) * part,
    sog,
    cog,
    inGap: b[0] - at > gapMs(rows),
  };
}
