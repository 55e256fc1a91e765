import type { AvailabilityInfo, BatteryInfo, EventStatistics } from "../../../src/api/reports-schema.ts";
import { count, duration, value } from "../format.ts";
import type { Lang, WordKey } from "../words/words.ts";

/** A column of a report: what it says, and by which name the hub sorts it. */
export interface Column<T> {
  readonly key: string;
  readonly word: WordKey;
  readonly how?: WordKey;
  readonly sort?: string;
  readonly text: (row: T, lang: Lang) => string;
  /** worth a second look */
  readonly loud?: (row: T) => boolean;
}

const none = "–";
const percent = (share: number | null) =>
  share === null ? none : `${(100 * share).toFixed(share > 0.9995 || share === 0 ? 0 : 2)} %`;
const long = (ms: number | null, lang: Lang) => (ms === null || ms === 0 ? none : duration(ms, lang));
const whole = (n: number) => (n === 0 ? none : count(n));

export const AVAILABILITY: readonly Column<AvailabilityInfo>[] = [
  { key: "availability", word: "rep.availability", how: "rep.availabilityHow", sort: "availability", text: (r) => percent(r.availability), loud: (r) => r.availability !== null && r.availability < 0.95 },
  { key: "reach", word: "rep.reach", how: "rep.reachHow", sort: "reach", text: (r) => percent(r.reach) },
  { key: "subjects", word: "rep.subjects", sort: "subjects", text: (r) => count(r.subjects) },
  { key: "outages", word: "rep.outages", sort: "outages", text: (r) => whole(r.outages) },
  { key: "flaps", word: "rep.flaps", sort: "flaps", text: (r) => whole(r.flaps) },
  { key: "mtbf", word: "rep.mtbf", sort: "mtbfMs", text: (r, lang) => long(r.mtbfMs, lang) },
  { key: "mttr", word: "rep.mttr", sort: "mttrMs", text: (r, lang) => long(r.mttrMs, lang) },
  { key: "longest", word: "rep.longest", text: (r, lang) => long(r.longestMs, lang) },
  { key: "down", word: "rep.down", sort: "downMs", text: (r, lang) => long(r.downMs, lang) },
]; // prettier-ignore

export const EVENTS: readonly Column<EventStatistics>[] = [
  { key: "opened", word: "rep.opened", sort: "opened", text: (r) => count(r.opened) },
  { key: "active", word: "rep.active", sort: "active", text: (r) => whole(r.active) },
  { key: "ended", word: "rep.ended", sort: "ended", text: (r) => whole(r.ended) },
  { key: "false", word: "rep.falseAlarms", sort: "falseAlarms", text: (r) => whole(r.falseAlarms) },
  { key: "share", word: "rep.falseShare", sort: "falseShare", text: (r) => percent(r.falseShare), loud: (r) => r.falseShare !== null && r.falseShare > 0.2 },
  { key: "severity", word: "rep.severity", text: (r) => r.severity.map(String).join(" / ") },
  { key: "p50", word: "rep.closeP50", sort: "closeP50Ms", text: (r, lang) => long(r.closeP50Ms, lang) },
  { key: "p90", word: "rep.closeP90", sort: "closeP90Ms", text: (r, lang) => long(r.closeP90Ms, lang) },
]; // prettier-ignore

/** Voltages in V, shares in %. */
const charge = (n: number, row: BatteryInfo, digits: number) => `${value(n, digits)} ${row.metric === "battery_percent" ? "%" : "V"}`; // prettier-ignore

export const BATTERIES: readonly Column<BatteryInfo>[] = [
  { key: "value", word: "rep.value", text: (r) => charge(r.value, r, 2) },
  { key: "perMonth", word: "rep.perMonth", text: (r) => (r.perDay === null ? none : charge(30 * r.perDay, r, 2)) },
];
