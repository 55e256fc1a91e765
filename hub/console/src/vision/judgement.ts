import type { Judged } from "../../../src/api/vision-schema.ts";

/** Judgements added up. */
export interface Tally {
  readonly raised: number;
  readonly confirmed: number;
  readonly falseAlarms: number;
}

export function sum(rows: readonly Tally[]): Tally {
  const add = (key: keyof Tally) => rows.reduce((n, row) => n + row[key], 0);
  return { raised: add("raised"), confirmed: add("confirmed"), falseAlarms: add("falseAlarms") };
}

/** Share of false alarms among what was judged; null = nothing was. */
export function falseShare({ confirmed, falseAlarms }: Tally): number | null {
  return confirmed + falseAlarms === 0 ? null : falseAlarms / (confirmed + falseAlarms);
}

/** Fewer judgements say nothing about a camera or a model. */
const ENOUGH = 5;
const OFTEN = 0.3;
const MOSTLY = 0.5;

/** How loud a share of false alarms is, where enough was judged. */
export function toneOf(tally: Tally): "" | "late" | "offline" {
  const share = falseShare(tally);
  if (share === null || tally.confirmed + tally.falseAlarms < ENOUGH || share < OFTEN) return "";
  return share < MOSTLY ? "late" : "offline";
}

/** "83 % (71–91)", "–" of nothing. */
export function precisionText({ precision, low, high }: Judged): string {
  if (precision === null) return "–";
  const percent = (v: number) => (100 * v).toFixed(0);
  return low === null || high === null
    ? `${percent(precision)} %`
    : `${percent(precision)} % (${percent(low)}–${percent(high)})`;
}
