import type { LatestReading } from "../../../src/api/schema.ts";

/** What a device says of itself, not of the place where it stands. */
const OF_ITSELF = new Set([
  "battery",
  "battery_percent",
  "battery_low",
  "rssi",
  "snr",
  "rsrp",
  "uptime",
  "report_interval",
  "frame_counter",
  "device_temperature",
  "firmware",
  "status",
  "fault",
]);

/** What it measures first, then how it is itself; numbers before flags and texts, which have no chart. */
export function latestInOrder(latest: readonly LatestReading[]): LatestReading[] {
  const rank = (r: LatestReading) => (OF_ITSELF.has(r.metric) ? 2 : 0) + (typeof r.value === "number" ? 0 : 1);
  return latest.toSorted((a, b) => rank(a) - rank(b));
}
