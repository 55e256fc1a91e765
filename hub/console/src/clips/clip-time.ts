/** A longer pause between two pictures is not waited for, ms: an edge that saw nothing move sends one in 20 s. */
const LONG_MS = 2000;
const SHORTENED_MS = 800;
const LEAST_MS = 40;
/** Between pictures for who asked the system for less motion, ms. */
const CALM_MS = 1000;

/** How long picture `at` stays before the next, ms. @param times ms UTC, ascending  @param calm at most one picture a second */
export function stayMs(times: readonly number[], at: number, speed: number, calm: boolean): number {
  const real = (times[at + 1] ?? 0) - (times[at] ?? 0);
  const shown = Math.max(LEAST_MS, (real > LONG_MS ? SHORTENED_MS : real) / speed);
  return calm ? Math.max(CALM_MS, shown) : shown;
}

/** Time that passed unseen before picture `at`, ms; 0 = no longer than is usual. */
export function unseenMs(times: readonly number[], at: number): number {
  const gap = at === 0 ? 0 : (times[at] ?? 0) - (times[at - 1] ?? 0);
  return gap > LONG_MS ? gap : 0;
}

/** Where a moment lies among the pictures, 0 to 1; null = not within them. */
export function shareAt(times: readonly number[], ts: number): number | null {
  const last = times.length - 1;
  if (last < 1 || ts < (times[0] ?? 0) || ts > (times[last] ?? 0)) return null;
  const after = times.findIndex((t) => t >= ts);
  if (after === 0) return 0;
  const [a, b] = [times[after - 1] ?? 0, times[after] ?? 0];
  return (after - 1 + (ts - a) / (b - a)) / last;
}

/** Tenths of a second behind a time of day: pictures come several a second. */
export function tenths(ts: number): string {
  return `.${Math.floor((((ts % 1000) + 1000) % 1000) / 100)}`;
}
