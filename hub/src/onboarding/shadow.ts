import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { type Reading, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { toReadings } from "@gridhub/device-profiles/vector.ts";
import { decodeKept, type KeptRecord, samplesIn } from "./frame-samples.ts";

/** A frame (bytes or text) or a record of values that a device sent. */
export interface ShadowRecord extends KeptRecord {
  readonly deviceId: number;
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
  /** frames and records that were tried; records among them */
  frames: number;
  records: number;
  /** earlier samples that frames carried, as the old version reads them */
  past: number;
  /** by name; of frames that both versions decode */
  readonly metrics: MetricDifference[];
  readonly newlyRefused: Verdicts;
  readonly newlyAccepted: Verdicts;
  bothRefused: number;
}

const EXAMPLES = 5;

/** Decodes what was kept with both versions and says what would change. Pure; nothing is stored and nothing sounds. */
export function shadow(from: CompiledProfile, to: CompiledProfile, records: Iterable<ShadowRecord>): Shadow {
  const metrics = new Map<string, MetricDifference>();
  const out: Shadow = {
    frames: 0,
    records: 0,
    past: 0,
    metrics: [],
    newlyRefused: { count: 0, examples: [] },
    newlyAccepted: { count: 0, examples: [] },
    bothRefused: 0,
  };
  const buffer = new RecordBuffer();
  for (const record of records) {
    out.frames++;
    if (!(record.payload instanceof Uint8Array)) out.records++;
    const old = read(from, record, buffer);
    if (Array.isArray(old)) out.past += buffer.pasts;
    const fresh = read(to, record, buffer);
    if (Array.isArray(old) && Array.isArray(fresh)) compare(record, old, fresh, metrics);
    else if (Array.isArray(old)) note(out.newlyRefused, record, fresh as Rejection);
    else if (Array.isArray(fresh)) note(out.newlyAccepted, record, old as Rejection);
    else out.bothRefused++;
  }
  out.metrics.push(...[...metrics.values()].sort((a, b) => (a.metric < b.metric ? -1 : 1)));
  return out;
}

interface Dated extends Reading {
  readonly ts: number;
}

/** All readings of a record with their times, those of earlier samples included. */
function read(profile: CompiledProfile, kept: ShadowRecord, buffer: RecordBuffer): Dated[] | Rejection {
  const refused = decodeKept(profile, kept, buffer);
  if (refused !== null) return refused;
  return [...samplesIn(buffer, kept.ts)].flatMap(({ ts, values }) =>
    toReadings(profile, values).map((reading) => ({ ...reading, ts })),
  );
}

function note(verdicts: Verdicts, { deviceId, ts }: ShadowRecord, { reason, detail }: Rejection): void {
  if (verdicts.count++ < EXAMPLES) verdicts.examples.push({ deviceId, ts, reason, detail });
}

function compare(
  { deviceId }: ShadowRecord,
  old: readonly Dated[],
  fresh: readonly Dated[],
  metrics: Map<string, MetricDifference>,
): void {
  // a value that moved to another time is a value lost and one gained
  const keyOf = ({ metric, ts }: Dated) => `${metric} ${ts}`;
  const rest = new Map(fresh.map((reading) => [keyOf(reading), reading]));
  const example = (difference: MetricDifference, ts: number, from: Value, to: Value) => {
    if (difference.examples.length < EXAMPLES) difference.examples.push({ deviceId, ts, from, to });
  };
  for (const before of old) {
    const difference = of(metrics, before.metric);
    const after = rest.get(keyOf(before));
    rest.delete(keyOf(before));
    if (after === undefined) {
      difference.lost++;
      example(difference, before.ts, before.value, null);
    } else if (after.value === before.value && after.quality === before.quality && after.unit === before.unit) {
      difference.equal++;
    } else {
      difference.changed++;
      example(difference, before.ts, before.value, after.value);
    }
  }
  for (const { metric, value, ts } of rest.values()) {
    const difference = of(metrics, metric);
    difference.gained++;
    example(difference, ts, null, value);
  }
}

function of(metrics: Map<string, MetricDifference>, metric: string): MetricDifference {
  let found = metrics.get(metric);
  if (found === undefined)
    metrics.set(metric, (found = { metric, equal: 0, changed: 0, lost: 0, gained: 0, examples: [] }));
  return found;
}
