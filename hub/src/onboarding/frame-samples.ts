import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Device } from "../device.ts";

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

/** Derived metrics that remember nothing yet, apart from those of the live flow. */
export interface FreshDerived {
  /** appends what is computed */
  apply(device: Device, ts: number, record: RecordBuffer, late: boolean): void;
}

/**
 * What one version of a profile makes of the records of one device, in the order in which they come: decoded, and with what is
 * derived from them and from those before.
 */
export class VersionReader {
  readonly profile: CompiledProfile;
  readonly #device: Device;
  readonly #derived: FreshDerived | undefined;
  readonly #latenessMs: number;
  readonly #record = new RecordBuffer();

  /** @param derived absent = nothing is derived */
  constructor(profile: CompiledProfile, device: Device, derived?: () => FreshDerived, latenessMs = Infinity) {
    this.profile = profile;
    this.#device = { ...device, profile };
    this.#derived = (profile.derived ?? []).length === 0 ? undefined : derived?.();
    this.#latenessMs = latenessMs;
  }

  /** Whether what came before matters. */
  get remembers(): boolean {
    return this.#derived !== undefined;
  }

  /** @param kept.rx arrival, ms UTC. @param see gets each sample, earlier ones first; the buffer is used again */
  read(
    kept: KeptRecord & { readonly rx?: number },
    see: (ts: number, values: RecordBuffer, past: boolean) => void,
  ): Rejection | null {
    const refused = decodeKept(this.profile, kept, this.#record);
    if (refused !== null) return refused;
    for (const { ts, values, past } of samplesIn(this.#record, kept.ts)) {
      this.#derived?.apply(this.#device, ts, values, past || (kept.rx ?? ts) - ts > this.#latenessMs);
      see(ts, values, past);
    }
    return null;
  }
}
