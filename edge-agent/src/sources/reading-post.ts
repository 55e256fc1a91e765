import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";

/** What a sensor may post by HTTP or UDP: values of one device, or raw bytes as hex; the time is optional. */
export interface ReadingPost {
  readonly device: string;
  readonly raw: boolean;
  readonly records: EnvelopeRecord[];
}

const MAX_RECORDS = 500;

/**
 * `{"device":"gauge-1","ts":1763776800123,"values":{"water_level":1.2}}` or `{"device":"hydrant-1","hex":"6801...","port":2}`;
 * `records: [{ts, values | hex}]` carries several. `device` may come from the address (`/devices/<id>/readings`).
 */
export function parseReadingPost(body: unknown, deviceOfPath: string | null, now: number): ReadingPost | Rejection {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    return reject("json_invalid", "expected a JSON object");
  const post = body as Record<string, unknown>;
  const device = deviceOfPath ?? post.device;
  if (typeof device !== "string" || device === "")
    return reject("device_unknown", "no device named: send `device` or post to /devices/<id>/readings");
  const items = Array.isArray(post.records) ? (post.records as unknown[]) : [post];
  if (items.length === 0 || items.length > MAX_RECORDS)
    return reject("envelope_invalid", `expected 1 to ${MAX_RECORDS} records, found ${items.length}`);
  const records: EnvelopeRecord[] = [];
  for (const item of items) {
    const record = parseRecord(item, now);
    if ("reason" in record) return record;
    records.push(record);
  }
  const raw = records[0].x !== undefined;
  if (records.some((r) => (r.x !== undefined) !== raw))
    return reject("envelope_invalid", "a post has either values or hex, not both");
  return { device, raw, records };
}

function parseRecord(item: unknown, now: number): EnvelopeRecord | Rejection {
  if (typeof item !== "object" || item === null) return reject("envelope_invalid", "a record must be an object");
  const { ts, values, hex, port } = item as Record<string, unknown>;
  if (ts !== undefined && !(typeof ts === "number" && ts > 0 && ts < 4_102_444_800_000)) {
    return reject("time_invalid", "ts must be ms UTC");
  }
  const time = ts === undefined ? now : (ts as number);
  if (typeof hex === "string") {
    const clean = hex.replace(/[\s:-]/g, "");
    if (clean === "" || clean.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(clean))
      return reject("envelope_invalid", "hex must be pairs of hexadecimal digits");
    if (port !== undefined && !(Number.isInteger(port) && (port as number) >= 0 && (port as number) < 256))
      return reject("envelope_invalid", "port must be 0 to 255");
    return {
      ts: time,
      x: Buffer.from(clean, "hex").toString("base64"),
      ...(port === undefined ? {} : { p: port as number }),
    };
  }
  if (typeof values !== "object" || values === null || Array.isArray(values))
    return reject("envelope_invalid", "expected `values` (an object) or `hex` (text)");
  return { ts: time, m: values as Record<string, unknown> };
}
