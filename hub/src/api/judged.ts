import type { PrecisionRow } from "../store/queries/vision.ts";
import type { Judged } from "./vision-schema.ts";

/** Rows of one key added up, with what they say about precision; in the order of their first rows. */
export function judged<K extends object>(
  rows: readonly PrecisionRow[],
  keyOf: (row: PrecisionRow) => K,
): (K & Judged)[] {
  const groups = new Map<string, { key: K; raised: number; falseAlarms: number; confirmed: number }>();
  for (const row of rows) {
    const key = keyOf(row);
    const text = JSON.stringify(key);
    const group = groups.get(text) ?? { key, raised: 0, falseAlarms: 0, confirmed: 0 };
    group.raised += row.raised;
    group.falseAlarms += row.falseAlarms;
    group.confirmed += row.confirmed;
    groups.set(text, group);
  }
  return [...groups.values()].map(({ key, raised, falseAlarms, confirmed }) => {
    const interval = wilson(confirmed, confirmed + falseAlarms);
    return { ...key, raised, falseAlarms, confirmed, ...interval };
  });
}

/** Share and its 95 % interval; few judgements give a wide one. */
function wilson(hits: number, n: number): Pick<Judged, "precision" | "low" | "high"> {
  if (n === 0) return { precision: null, low: null, high: null };
  const z = 1.96;
  const p = hits / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const round = (v: number): number => Math.round(Math.min(1, Math.max(0, v)) * 1000) / 1000;
  return { precision: round(p), low: round(middle - half), high: round(middle + half) };
}
