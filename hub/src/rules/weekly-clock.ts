import type { Schedule } from "@gridhub/device-profiles/compiled.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const WEEK = 7 * DAY;
/** chunks of a week each that are kept: the present, and where a history run reads */
const KEPT = 16;

/**
 * When a weekly schedule is open, in hub time. Windows are wall-clock times: on the day when clocks change, a window begins and ends
 * where the clock on the wall does. An hour that does not exist begins when the clock jumps; one that comes twice opens
 * at its first and closes at its second coming, so that no window is lost or cut.
 */
export class WeeklyClock {
  readonly #windows: Schedule["windows"];
  readonly #format: Intl.DateTimeFormat;
  readonly #chunks = new Map<number, readonly number[]>();
  /** the answer of the last `at` */
  open = false;
  /** that state's beginning and end, ms UTC; both may be cut at the edge of what was computed, with the same state beyond */
  from = 0;
  until = 0;

  constructor(schedule: Schedule, timeZone: string) {
    this.#windows = schedule.windows;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: schedule.timeZone ?? timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Fills `open`, `from` and `until` for the time `ms`. */
  at(ms: number): this {
    if (ms >= this.from && ms < this.until) return this;
    const chunk = Math.floor(ms / WEEK);
    const edges = this.#edges(chunk);
    // edges: opening, closing, opening ...
    let i = 0;
    while (i < edges.length && edges[i] <= ms) i++;
    this.open = i % 2 === 1;
    this.from = i > 0 ? edges[i - 1] : chunk * WEEK;
    this.until = i < edges.length ? edges[i] : (chunk + 1) * WEEK;
    return this;
  }

  #edges(chunk: number): readonly number[] {
    const known = this.#chunks.get(chunk);
    if (known !== undefined) return known;
    const spans: { from: number; to: number }[] = [];
    // from the Monday before the chunk; windows last up to a week and may run over its end
    const start = chunk * WEEK;
    const monday = start - ((new Date(start).getUTCDay() + 6) % 7) * DAY;
    for (let week = -2; week <= 3; week++) {
      const base = monday + week * WEEK;
      for (const { from, to } of this.#windows)
        spans.push({ from: this.#instant(base + from * MINUTE, false), to: this.#instant(base + to * MINUTE, true) });
    }
    spans.sort((a, b) => a.from - b.from);
    const edges: number[] = [];
    for (const { from, to } of spans) {
      if (edges.length > 0 && from <= edges[edges.length - 1])
        edges[edges.length - 1] = Math.max(edges[edges.length - 1], to);
      else if (to > from) edges.push(from, to);
    }
    if (this.#chunks.size >= KEPT) this.#chunks.clear();
    this.#chunks.set(chunk, edges);
    return edges;
  }

  /**
   * UTC of a wall-clock time, which is given as if it were UTC.
   * @param later of two such moments, the second
   */
  #instant(wall: number, later: boolean): number {
    const [before, after] = [this.#offset(wall - DAY), this.#offset(wall + DAY)];
    const [a, b] = [wall - before, wall - after];
    const [fitsA, fitsB] = [this.#offset(a) === before, this.#offset(b) === after];
    if (fitsA && fitsB) return later ? Math.max(a, b) : Math.min(a, b);
    if (fitsA) return a;
    if (fitsB) return b;
    return this.#jump(Math.min(a, b), Math.max(a, b));
  }

  /** Where the clock jumps over a time that does not exist. */
  #jump(from: number, to: number): number {
    const offset = this.#offset(from);
    let [low, high] = [from, to];
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (middle === low) break;
      if (this.#offset(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  /** wall time minus UTC, ms */
  #offset(at: number): number {
    const whole = Math.floor(at / 1000) * 1000;
    const part: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(whole)) part[type] = Number(value);
    return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - whole;
  }
}
