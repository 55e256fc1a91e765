import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { DEFAULT_LIMITS, LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { SpoolError } from "./spool-error.ts";

/** Bytes of `{"v":1,"b":..,"q":..,"r":}` around the records, with room to spare. */
const WRAPPING = 256;
const MAX_RECORDS_BYTES = Math.min(LANE_LIMIT.telemetry, LANE_LIMIT.raw, LANE_LIMIT.event) - WRAPPING;

/** The `r` of one envelope, serialized. */
export interface PackedRecords {
  /** newest sample time of the records, ms UTC: what decides whether the envelope is live or old */
  readonly ts: number;
  readonly count: number;
  readonly bytes: number;
  readonly json: string;
}

/**
 * Records -> as many envelopes as the contract's size and count limits need. A refused envelope would never be acknowledged and
 * would stand in the spool for ever, so nothing too large gets in.
 * @throws SpoolError too_large when one record alone does not fit
 */
export function packRecords(records: readonly EnvelopeRecord[]): PackedRecords[] {
  const packs: PackedRecords[] = [];
  let parts: string[] = [];
  let bytes = 2;
  let ts = 0;
  const close = () => {
    if (parts.length > 0) packs.push({ ts, count: parts.length, bytes, json: `[${parts.join(",")}]` });
    parts = [];
    bytes = 2;
    ts = 0;
  };
  for (const record of records) {
    const json = JSON.stringify(record);
    const size = Buffer.byteLength(json) + 1;
    if (size + 2 > MAX_RECORDS_BYTES)
      throw new SpoolError("too_large", `one record has ${size} bytes; an envelope takes ${MAX_RECORDS_BYTES}`);
    if (bytes + size > MAX_RECORDS_BYTES || parts.length >= DEFAULT_LIMITS.records) close();
    parts.push(json);
    bytes += size;
    if (record.ts > ts) ts = record.ts;
  }
  close();
  return packs;
}
