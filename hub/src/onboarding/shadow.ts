import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { type Reading, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { toReadings } from "@gridhub/device-profiles/vector.ts";

export interface ShadowFrame {
  readonly deviceId: number;
  /** ms UTC */
  readonly ts: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

type Value = Reading["value"];

/** What two versions make of one metric. */
export interface MetricDifference {
  readonly metric: string;
  equal: number;
  /** another value, unit or quality */
  changed: number;
  /** only the old version gives it */
  lost: number;
  /** only the new version gives it */
  gained: number;
  readonly examples: { readonly deviceId: number; readonly ts: number; readonly from: Value; readonly to: Value }[];
}

interface Verdicts {
  count: number;
  readonly examples: {
    readonly deviceId: number;
    readonly ts: number;
    readonly reason: string;
    readonly detail: string;
  }[];
}

export interface Shadow {
  frames: number;
  /** by name; of frames that both versions decode */
  readonly metrics: MetricDifference[];
  readonly newlyRefused: Verdicts;
  readonly newlyAccepted: Verdicts;
  bothRefused: number;
}

const EXAMPLES = 5;

/** Decodes stored frames with both versions and says what would change. Pure; nothing is stored and nothing sounds. */
export function shadow(from: CompiledProfile, to: CompiledProfile, frames: Iterable<ShadowFrame>): Shadow {
  const metrics = new Map<string, MetricDifference>();
  const out: Shadow = {
    frames: 0,
    metrics: [],
    newlyRefused: { count: 0, examples: [] },
    newlyAccepted: { count: 0, examples: [] },
    bothRefused: 0,
  };
  const record = new RecordBuffer();
  for (const frame of frames) {
    out.frames++;
    const old = read(from, frame, record);
    const fresh = read(to, frame, record);
    if (Array.isArray(old) && Array.isArray(fresh)) compare(frame, old, fresh, metrics);
    else if (Array.isArray(old)) note(out.newlyRefused, frame, fresh as Rejection);
    else if (Array.isArray(fresh)) note(out.newlyAccepted, frame, old as Rejection);
    else out.bothRefused++;
  }
  out.metrics.push(...[...metrics.values()].sort((a, b) => (a.metric < b.metric ? -1 : 1)));
  return out;
}

function read(
  profile: CompiledProfile,
  { payload, port, ts }: ShadowFrame,
  record: RecordBuffer,
): Reading[] | Rejection {
  record.reset();
  return profile.decodeFrame(payload, port, record, ts) ?? toReadings(profile, record);
}

function note(verdicts: Verdicts, { deviceId, ts }: ShadowFrame, { reason, detail }: Rejection): void {
  if (verdicts.count++ < EXAMPLES) verdicts.examples.push({ deviceId, ts, reason, detail });
}

function compare(
  { deviceId, ts }: ShadowFrame,
  old: readonly Reading[],
  fresh: readonly Reading[],
  metrics: Map<string, MetricDifference>,
): void {
  const rest = new Map(fresh.map((reading) => [reading.metric, reading]));
  const example = (difference: MetricDifference, from: Value, to: Value) => {
    if (difference.examples.length < EXAMPLES) difference.examples.push({ deviceId, ts, from, to });
  };
  for (const before of old) {
    const difference = of(metrics, before.metric);
    const after = rest.get(before.metric);
    rest.delete(before.metric);
    if (after === undefined) {
      difference.lost++;
      example(difference, before.value, null);
    } else if (after.value === before.value && after.quality === before.quality && after.unit === before.unit) {
      difference.equal++;
    } else {
      difference.changed++;
      example(difference, before.value, after.value);
    }
  }
  for (const { metric, value } of rest.values()) {
    const difference = of(metrics, metric);
    difference.gained++;
    example(difference, null, value);
  }
}

function of(metrics: Map<string, MetricDifference>, metric: string): MetricDifference {
  let found = metrics.get(metric);
  if (found === undefined)
    metrics.set(metric, (found = { metric, equal: 0, changed: 0, lost: 0, gained: 0, examples: [] }));
  return found;
}
