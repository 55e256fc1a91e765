import type { Position, RecordBuffer } from "./reading.ts";
import type { Rejection } from "./rejection.ts";

export type DeviceKind = string;

/** One metric of a profile; its place in {@link CompiledProfile.metrics} is the index that decoders emit. */
export interface MetricDef {
  readonly name: string;
  /** UCUM */
  readonly unit: string;
  readonly type: "number" | "boolean" | "text";
  /** physical range, inclusive; outside it the reading gets Quality.out_of_range */
  readonly range: readonly [number, number] | null;
  /** largest plausible change: `by` units within `ms` */
  readonly maxStep: { readonly by: number; readonly ms: number } | null;
  /** unchanged for this long (ms) = stuck */
  readonly stuckMs: number | null;
  /** Chinese name for the console */
  readonly titleZh: string;
  readonly titleEn: string;
}

/** A number, or the device attribute that holds it with a default. */
export type Limit = number | { readonly attribute: string; readonly default: number };

/**
 * A comparison of an alarm: `a.metric OP limit + offset`. Alarms hold a conjunction (`and`) of them.
 * `fn` "rate" is the change per second over `windowMs`, "difference" the change over it in the metric's unit.
 */
export interface Comparison {
  /** index into metrics */
  readonly metric: number;
  readonly fn: "value" | "rate" | "difference";
  readonly windowMs: number;
  readonly op: "<" | "<=" | ">" | ">=" | "==" | "!=";
  readonly limit: Limit;
  /** added to the limit (hysteresis written as `limit + 0.02`) */
  readonly offset: number;
}

/** Weekly windows in local time. An alarm is neither raised nor kept outside them. */
export interface Schedule {
  /** minutes since Monday 00:00; `to` may lie beyond the week's end */
  readonly windows: readonly { readonly from: number; readonly to: number }[];
  /** IANA name; null = the hub's */
  readonly timeZone: string | null;
}

/** A severity that an active alarm has while something more holds. Several may hold: the most severe counts. */
export interface AlarmLevel {
  readonly when: readonly Comparison[];
  /** empty = ends when `when` no longer holds */
  readonly clear: readonly Comparison[];
  readonly forMs: number;
  readonly clearForMs: number;
  readonly to: 1 | 2 | 3 | 4;
}

/** One alarm of a profile, compiled; durations in ms. Semantics: hub/src/rules/README.md. */
export interface AlarmDef {
  readonly name: string;
  /** event kind, e.g. `hydrant.low_pressure` */
  readonly event: string;
  /** 1 (highest) to 4 */
  readonly severity: 1 | 2 | 3 | 4;
  readonly when: readonly Comparison[];
  /** empty = clears when `when` no longer holds */
  readonly clear: readonly Comparison[];
  readonly forMs: number;
  readonly clearForMs: number;
  /** M of the last N records must satisfy `when`; null = every record */
  readonly repeat: { readonly m: number; readonly n: number } | null;
  /** raised by silence of this metric (index) instead of `when`; null otherwise */
  readonly noData: number | null;
  /** silence that counts as no data, ms (noData alarms only) */
  readonly noDataMs: number;
  readonly escalate: readonly { readonly afterMs: number; readonly to: 1 | 2 | 3 | 4 }[];
  /** severities by condition; `escalate` holds those by time */
  readonly levels: readonly AlarmLevel[];
  readonly suppressIf: "edge_offline" | null;
  /** names of alarms of the same profile: while one of them is active, this one is not raised */
  readonly suppressedBy: readonly string[];
  readonly schedule: Schedule | null;
  /** stays until a person releases it, and only then clears as it otherwise would */
  readonly latch: boolean;
  /** clears when no record kept it raised for this long, ms; 0 = never for this reason */
  readonly quietMs: number;
}

/** A metric that is computed from others of the device; stored like any other. Semantics: hub/src/ingest/README.md. */
export interface DerivedDef {
  /** index into metrics, as are all below */
  readonly metric: number;
  readonly how: DerivedRate | DerivedDifference | DerivedFormula;
}

/** Change of a metric per time, in the derived metric's unit. */
export interface DerivedRate {
  readonly fn: "rate";
  readonly of: number;
  readonly windowMs: number;
  /** from the source's unit per second to the derived metric's unit */
  readonly factor: number;
  readonly counter: Counter | null;
}

/** Increase since the record before; a counter that went backwards was reset or rolled over. */
export interface DerivedDifference {
  readonly fn: "difference";
  readonly of: number;
  /** a longer gap between two records gives no difference, ms */
  readonly maxGapMs: number;
  readonly factor: number;
  readonly counter: Counter | null;
}

/** A reading that only grows. */
export interface Counter {
  /** the value at which it begins anew at 0; null = not known */
  readonly rollover: number | null;
}

export interface DerivedFormula {
  readonly fn: "formula";
  readonly needs: readonly number[];
  /** values that are not in the record may be this old, ms; 0 = all must be in the record */
  readonly maxAgeMs: number;
  /** NaN when a value it needs is missing from `values` or the arithmetic has no result */
  evaluate(values: RecordBuffer): number;
}

/**
 * A profile compiled once into functions. Decoders never throw: they fill `out` and return null, or return a Rejection and
 * leave `out` undefined.
 */
export interface CompiledProfile {
  /** `maker/model@semver` */
  readonly id: string;
  readonly kind: DeviceKind;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly metrics: readonly MetricDef[];
  /** metric name -> index */
  readonly metricIndex: ReadonlyMap<string, number>;
  readonly alarms: readonly AlarmDef[];
  /** computed metrics in the order of computation; absent = none */
  readonly derived?: readonly DerivedDef[];
  /** the device is expected to be heard every so often (ms); null = no expectation */
  readonly expectEveryMs: number | null;
  /** late after expectEveryMs x grace */
  readonly grace: number;
  /** whether envelopes of this device carry sequence numbers (else at-least-once) */
  readonly sequenced: boolean;
  /** keep undecoded frames (raw_frame) */
  readonly keepRaw: boolean;
  /** topic kinds that the device uses */
  readonly uplink: "telemetry" | "raw" | "frame";
  /** protocol that yields positions instead of readings */
  readonly positions: boolean;

  /** `m` of a telemetry record: JSON paths of the profile's `json` codec, or canonical metric names when it has none. */
  decodeJson(m: Readonly<Record<string, unknown>>, out: RecordBuffer): Rejection | null;
  /** An undecoded frame. `port` = LoRaWAN port or 0; `at` = its time, ms UTC, the clock of a profile's script (now unless given). */
  decodeFrame(frame: Uint8Array, port: number, out: RecordBuffer, at?: number): Rejection | null;
  /** Profiles with `positions`: one complete message (all sentences of a multipart, joined by "\n"), received at `ts`. */
  decodePositions(frame: Uint8Array, ts: number, out: Position[]): Rejection | null;
}
