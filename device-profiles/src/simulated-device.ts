import { encodeFrame, encodeRecord } from "./codec/encode.ts";
import { EncodeFault, type Value } from "./codec/encode-value.ts";
import type { MetricDef } from "./compiled.ts";
import type { EnvelopeRecord } from "./envelope.ts";
import type { LoadedProfile } from "./load.ts";
import { mulberry32 } from "./seeded-random.ts";

/** steps of a drift that a leap takes at once */
const LEAP = 40;

interface Walk {
  readonly walk?: readonly number[];
  readonly sine?: readonly number[];
  readonly value?: number | boolean | string;
}

/**
 * A device as its profile's `simulate:` describes it. `walk: [centre, step]` drifts by up to a step and is drawn back to the centre,
 * `sine: [mean, amplitude, period s]` follows the clock, `value` stays. The same seed gives the same device.
 */
export class SimulatedDevice {
  private readonly profile: LoadedProfile;
  private readonly metrics: ReadonlyMap<string, MetricDef>;
  private readonly state = new Map<string, number>();
  private readonly random: () => number;

  constructor(profile: LoadedProfile, seed: number) {
    this.profile = profile;
    this.metrics = new Map(profile.compiled.metrics.map((m) => [m.name, m]));
    this.random = mulberry32(seed);
  }

  /**
   * The next record of an envelope: a raw frame where the profile decodes frames, else decoded values.
   *
   * @param ts sample time, ms UTC
   * @param leaps values that drift leap once, far more than by a step
   * @returns why not, where the profile describes nothing or its layout cannot be encoded
   */
  next(ts: number, leaps = false): EnvelopeRecord | EncodeFault {
    const values = this.values(ts, leaps);
    if (Object.keys(values).length === 0) return new EncodeFault("the profile has no simulate section");
    const { codec = {}, transport } = this.profile.source;
    if (transport.uplink !== "raw") {
      const m = encodeRecord(codec.json, { values, ts, metrics: this.metrics });
      return m instanceof EncodeFault ? m : { ts, m };
    }
    // a frame has every field of its layout: those that are not simulated stand still
    const encoded = encodeFrame(codec, { values: { ...this.still(), ...values }, ts, metrics: this.metrics });
    if (encoded instanceof EncodeFault) return encoded;
    const x = Buffer.from(encoded.frame).toString("base64");
    return encoded.port === 0 ? { ts, x } : { ts, x, p: encoded.port };
  }

  private values(ts: number, leaps: boolean): Record<string, Value> {
    const values: Record<string, Value> = {};
    for (const [name, rule] of Object.entries(this.profile.source.simulate ?? {})) {
      const def = this.metrics.get(name);
      if (def === undefined || Array.isArray(rule)) continue;
      values[name] = this.value(name, rule, def, ts, leaps);
    }
    return values;
  }

  private value(name: string, { walk, sine, value }: Walk, def: MetricDef, ts: number, leaps: boolean): Value {
    if (walk !== undefined) {
      const [centre, step] = walk;
      const before = this.state.get(name) ?? centre;
      const now = before + (this.random() * 2 - 1) * step + (centre - before) * 0.05;
      this.state.set(name, now);
      return clip(leaps ? now + LEAP * step : now, def);
    }
    if (sine !== undefined) {
      const [mean, amplitude, period] = sine;
      return clip(mean + amplitude * Math.sin((2 * Math.PI * ts) / (period * 1000)), def);
    }
    return value ?? null;
  }

  private still(): Record<string, Value> {
    const values: Record<string, Value> = {};
    for (const def of this.metrics.values())
      values[def.name] = def.type === "number" ? clip(0, def) : def.type === "text" ? "" : false;
    return values;
  }
}

function clip(x: number, { range }: MetricDef): number {
  return Number((range === null ? x : Math.min(Math.max(x, range[0]), range[1])).toPrecision(6));
}
