/**
 * Quality of one reading, a bit set (0 = good). Out of range or doubtful values are kept and flagged, never dropped.
 * Stored as int2.
 */
export const Quality = {
  good: 0,
  /** outside the metric's physical range */
  out_of_range: 1,
  /** the device said "not available" by its sentinel; the value is stored as null */
  invalid: 2,
  /** changed faster than the profile's max_step */
  jump: 4,
  /** unchanged for longer than the profile's stuck duration */
  stuck: 8,
  /** the sample time differs from the hub's by more than the allowed skew, or lies in the future */
  clock: 16,
  /** arrived by backfill, or later than the allowed lateness */
  late: 32,
  /** re-decoded from a raw frame by a newer profile version */
  redecoded: 64,
  /** computed by the hub from other metrics; says nothing against the value */
  derived: 128,
} as const;

/** One decoded value, as the command line and the API show it. The hub's hot path uses {@link RecordBuffer} instead. */
export interface Reading {
  readonly metric: string;
  /** UCUM unit; "1" where the value has none */
  readonly unit: string;
  readonly value: number | string | boolean | null;
  /** bit set of {@link Quality} */
  readonly quality: number;
}

/**
 * A vessel position report or a vessel's static data, decoded from one AIS message. `null` = not available; never 0 or 102.3.
 * Degrees WGS84, knots, degrees true.
 */
export interface Position {
  readonly mmsi: number;
  /** AIS message type, 1-27 */
  readonly type: number;
  /** sample time, ms UTC */
  readonly ts: number;
  readonly lon: number | null;
  readonly lat: number | null;
  /** speed over ground, knots */
  readonly sog: number | null;
  /** course over ground, degrees */
  readonly cog: number | null;
  /** true heading, degrees */
  readonly heading: number | null;
  /** navigational status, 0-15 (ITU-R M.1371) */
  readonly status: number | null;
  /** "A" or "B" */
  readonly class: "A" | "B" | null;
  /** present in messages 5, 19, 24 */
  readonly name?: string | null;
  readonly callsign?: string | null;
  readonly shipType?: number | null;
  /** metres, bow to stern */
  readonly length?: number | null;
  /** text of safety-related messages (12, 14) */
  readonly text?: string | null;
  /** own ship (VDO) */
  readonly own?: boolean;
}

/**
 * Reusable column buffer that a decoder fills with the values of ONE record: no allocation per message.
 * `metric[i]` indexes {@link CompiledProfile.metrics}; numbers and booleans (0/1) go to `num`, text to `text`.
 */
export class RecordBuffer {
  n = 0;
  /** the record's own sample time if the payload carries one (ms UTC), else 0 */
  ts = 0;
  metric = new Int16Array(64);
  num = new Float64Array(64);
  text: (string | null)[] = [];
  quality = new Int16Array(64);

  /** earlier samples that the same frame carries, each with its own `ts`; only `past[0..pasts)` belong to this record */
  readonly past: RecordBuffer[] = [];
  pasts = 0;

  reset(): void {
    this.n = 0;
    this.ts = 0;
    this.pasts = 0;
  }

  /** A cleared buffer for one more earlier sample; buffers are reused from record to record. */
  nextPast(): RecordBuffer {
    const i = this.pasts++;
    if (i === this.past.length) this.past.push(new RecordBuffer());
    const buffer = this.past[i];
    buffer.reset();
    return buffer;
  }

  /** @param value NaN means "no value" and comes with Quality.invalid */
  push(metric: number, value: number, quality: number): void {
    if (this.n === this.metric.length) this.grow();
    const i = this.n++;
    this.metric[i] = metric;
    this.num[i] = value;
    this.text[i] = null;
    this.quality[i] = quality;
  }

  pushText(metric: number, value: string, quality: number): void {
    this.push(metric, Number.NaN, quality);
    this.text[this.n - 1] = value;
  }

  private grow(): void {
    const size = this.metric.length * 2;
    const metric = new Int16Array(size);
    const num = new Float64Array(size);
    const quality = new Int16Array(size);
    metric.set(this.metric);
    num.set(this.num);
    quality.set(this.quality);
    this.metric = metric;
    this.num = num;
    this.quality = quality;
  }
}
