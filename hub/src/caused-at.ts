/**
 * When what made a finding happened, ms UTC: where the latency of its event begins. A sample time of whole seconds (AIS, most
 * frames) was cut off by up to a second, which is no latency of anybody: then the arrival at the hub counts, as it does for a
 * device whose clock is ahead.
 * @param ts sample time
 * @param rx arrival
 */
export function causedAt(ts: number, rx: number): number {
  return ts % 1000 === 0 ? rx : Math.min(ts, rx);
}
