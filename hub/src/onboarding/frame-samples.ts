import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";

/** One record as it was kept: bytes, or a map of values. */
export interface KeptRecord {
  /** sample time by its envelope, ms UTC */
  readonly ts: number;
  readonly port: number;
  /** bytes, or values */
  readonly payload: Uint8Array | Readonly<Record<string, unknown>>;
}

/** Decodes into `record`, earlier samples included. */
export function decodeKept(
  profile: CompiledProfile,
  { ts, port, payload }: KeptRecord,
  record: RecordBuffer,
): Rejection | null {
  record.reset();
  return payload instanceof Uint8Array
    ? profile.decodeFrame(payload, port, record, ts)
    : profile.decodeJson(payload, record);
}

/** What a decoded record holds: the earlier samples first, as ingest stores them, then the present one. `past` as ingest sees it. */
export function* samplesIn(
  record: RecordBuffer,
  at: number,
): Generator<{ readonly ts: number; readonly values: RecordBuffer; readonly past: boolean }> {
  for (let i = 0; i < record.pasts; i++) {
    const values = record.past[i];
    yield { ts: values.ts > 0 ? values.ts : at, values, past: true };
  }
  yield { ts: record.ts > 0 ? record.ts : at, values: record, past: false };
}

/** Value as it is stored: booleans are 0 and 1, null = not available. */
export function storedValue(values: RecordBuffer, i: number): number | string | null {
  const x = values.num[i];
  return values.text[i] ?? (Number.isNaN(x) ? null : x);
}
