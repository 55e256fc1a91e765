import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { parseJson } from "@gridhub/device-profiles/envelope.ts";
import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { SourceContext } from "./source.ts";

/** What a sensor may post by HTTP or UDP: values of one device, or raw bytes as hex; the time is optional. */
export interface ReadingPost {
  readonly device: string;
  readonly raw: boolean;
  readonly records: EnvelopeRecord[];
}

/** Largest post, bytes: one envelope of the contract. */
export const MAX_POST = 65_536;
const MAX_RECORDS = 500;
const MAX_TIME = 4_102_444_800_000; // 2100-01-01
/** The envelope puts two levels around a record, and the hub refuses more than eight without reading further. */
const MAX_DEPTH = 8;
const MAX_VALUE_DEPTH = 5;

/** Parses one post and keeps its records. @returns how many, or why not; rejects with a SpoolError */
export async function acceptPost(
  body: Buffer,
  device: string | null,
  context: SourceContext,
): Promise<number | Rejection> {
  const parsed = parseJson(body, MAX_DEPTH);
  if (isRejection(parsed)) return parsed;
  const post = parseReadingPost(parsed.value, device, context.now());
  if (isRejection(post)) return post;
  if (!context.devices.has(post.device))
    return reject("device_unknown", `no device ${post.device.slice(0, 64)} is configured at this edge`);
  await context.emit(post.raw ? "raw" : "t", post.device, post.records);
  context.status(post.device, "ok");
  return post.records.length;
}

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
  for (const [i, item] of items.entries()) {
    const record = parseRecord(item, now);
    if ("reason" in record)
      return items === post.records ? reject(record.reason, `record ${i}: ${record.detail}`) : record;
    records.push(record);
  }
  const raw = records[0].x !== undefined;
  if (records.some((r) => (r.x !== undefined) !== raw))
    return reject("envelope_invalid", "a post has either values or hex, not both");
  return { device, raw, records };
}

function parseRecord(item: unknown, now: number): EnvelopeRecord | Rejection {
  if (typeof item !== "object" || item === null || Array.isArray(item))
    return reject("envelope_invalid", "a record must be an object");
  const { ts, values, hex, port } = item as Record<string, unknown>;
  if (ts !== undefined && !(typeof ts === "number" && ts >= 1 && ts < MAX_TIME))
    return reject("time_invalid", "ts must be ms UTC before 2100");
  const time = ts === undefined ? now : Math.round(ts as number);
  if (hex !== undefined) return values === undefined ? parseFrame(time, hex, port) : bothKinds();
  if (typeof values !== "object" || values === null || Array.isArray(values))
    return reject("envelope_invalid", "expected `values` (an object) or `hex` (text)");
  if (depthOf(values) > MAX_VALUE_DEPTH)
    return reject("json_too_deep", `values nest deeper than ${MAX_VALUE_DEPTH} levels`);
  return { ts: time, m: values as Record<string, unknown> };
}

function parseFrame(ts: number, hex: unknown, port: unknown): EnvelopeRecord | Rejection {
  const clean = typeof hex === "string" ? hex.replace(/[\s:-]/g, "") : "";
  if (clean === "" || clean.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(clean))
    return reject("envelope_invalid", "hex must be pairs of hexadecimal digits");
  if (port !== undefined && !(Number.isInteger(port) && (port as number) >= 0 && (port as number) < 256))
    return reject("envelope_invalid", "port must be 0 to 255");
  const x = Buffer.from(clean, "hex").toString("base64");
  return port === undefined ? { ts, x } : { ts, x, p: port as number };
}

function bothKinds(): Rejection {
  return reject("envelope_invalid", "a record has either values or hex, not both");
}

/** Levels of objects and arrays; the input is shallow already (parseJson). */
function depthOf(value: object): number {
  let deepest = 0;
  for (const inner of Object.values(value) as unknown[])
    if (typeof inner === "object" && inner !== null) deepest = Math.max(deepest, depthOf(inner));
  return deepest + 1;
}
