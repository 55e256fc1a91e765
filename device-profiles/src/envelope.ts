import { isUtf8 } from "node:buffer";
import { reject, type Rejection } from "./rejection.ts";

/**
 * One record: sample time (ms UTC) and either decoded values `m`, raw bytes `x` (base64), or raw text `s` (NMEA and the like;
 * all sentences of one multipart message, joined by "\n"). `p` = port of a raw frame. `l` = what the receiver says of the radio
 * link (canonical metrics: rssi, snr, gateways, data_rate, frame_counter); taken where the profile has the metric and the record
 * does not give it itself.
 */
export interface EnvelopeRecord {
  readonly ts: number;
  readonly m?: Readonly<Record<string, unknown>>;
  readonly x?: string;
  readonly s?: string;
  readonly p?: number;
  readonly l?: Readonly<Record<string, unknown>>;
}

/**
 * The envelope of telemetry, raw and event lanes. Identity of a record = (edge, b, q, index in r): transport is at least once,
 * the effect exactly once. Without `b` and `q` the device is at-least-once.
 */
export interface Envelope {
  readonly v: 1;
  /** boot counter of the sender; grows with every start and survives restarts */
  readonly b?: number;
  /** sequence number within the boot, 1.. */
  readonly q?: number;
  readonly r: readonly EnvelopeRecord[];
  /** clock quality of the sender: "ntp", "gps", "none" */
  readonly tq?: string;
}

/** One entry of a backfill message: the lane and device that the record would have gone to, with its own identity. */
export interface BackfillEntry extends Envelope {
  readonly d: string;
  readonly k: "t" | "raw" | "e";
}

export interface BackfillMessage {
  readonly v: 1;
  readonly bf: readonly BackfillEntry[];
}

/**
 * `state`: retained and last will. `b` = boot, `q` = the oldest sequence number of this boot that the sender still holds
 * (everything below it is acknowledged or was declared lost), `why` = "stop" | "lwt".
 */
export interface StateMessage {
  readonly s: "on" | "off";
  readonly b: number;
  readonly q?: number;
  /** the same for earlier boots whose records the sender still holds: [boot, oldest sequence number] */
  readonly held?: readonly (readonly [number, number])[];
  readonly ts?: number;
  readonly why?: string;
}

/** A device as its edge declares it in `meta` (birth). */
export interface DeclaredDevice {
  readonly id: string;
  /** `maker/model@semver`, or `maker/model` for the newest loaded */
  readonly profile: string;
  readonly title?: string;
  readonly lon?: number;
  readonly lat?: number;
  readonly grid?: string;
  readonly attributes?: Readonly<Record<string, number | string | boolean>>;
}

export interface MetaMessage {
  readonly agent: string;
  readonly devices: readonly DeclaredDevice[];
  readonly spool?: { readonly bytes: number; readonly limit: number };
  readonly clock?: string;
}

/** A span of sequence numbers that the sender's bounded spool had to drop before the hub acknowledged them. */
export interface Gap {
  readonly b: number;
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

/** What an AIS receiver brought since its agent started, counted where its line ends: a bad antenna or cable shows here first. */
export interface ReceiverReport {
  /** sentences, refused ones included */
  readonly sentences: number;
  /** complete messages */
  readonly messages: number;
  /** sentences refused: checksum, parts without their others ... */
  readonly refused: number;
  /** messages that the spool could not take */
  readonly lost: number;
  /** different vessels of the last ten minutes */
  readonly vessels: number;
  /** when the last message came, ms UTC */
  readonly last?: number;
}

export interface HeartbeatMessage {
  readonly b: number;
  readonly ts: number;
  /** records waiting in the spool, their bytes, sample time of the oldest */
  readonly queue: number;
  readonly bytes: number;
  readonly oldest?: number;
  /** free bytes on the spool's disk */
  readonly disk?: number;
  readonly gaps?: readonly Gap[];
  /** per source: "ok" or a reason code, e.g. {"camera-1":"auth"} */
  readonly sources?: Readonly<Record<string, string>>;
  /** per AIS receiver */
  readonly receivers?: Readonly<Record<string, ReceiverReport>>;
  /** 0 = not periodic: tells of sources only, and its absence means nothing */
  readonly every?: number;
}

/** Hub -> edge after commit. Everything of boot `b` up to `upto` (contiguous) is stored; `rate` = backfill records/s allowed. */
export interface AckMessage {
  readonly b: number;
  readonly upto: number;
  readonly rate?: number;
}

/** Header of a camera frame: u32 big-endian header length + this as JSON + JPEG. */
export interface FrameHeader {
  readonly v: 1;
  readonly ts: number;
  readonly w: number;
  readonly h: number;
  readonly why: "candidate" | "motion" | "patrol";
  /** fraction of the frame that moved, 0..1 */
  readonly motion?: number;
  /** where a camera that turns looks: its own name of the preset */
  readonly preset?: string;
  /** it turns, or looks away from all of its presets: where things are is not known */
  readonly moving?: boolean;
}

export interface EnvelopeLimits {
  /** records in one envelope */
  readonly records: number;
  /** nesting depth of the JSON */
  readonly depth: number;
}

export const DEFAULT_LIMITS: EnvelopeLimits = { records: 1000, depth: 8 };
/** Bytes; larger payloads are refused before they are parsed. */
export const LANE_LIMIT = {
  telemetry: 65_536,
  raw: 65_536,
  event: 65_536,
  backfill: 262_144,
  frame: 122_880,
  state: 4096,
  meta: 262_144,
  heartbeat: 16_384,
  twin: 65_536,
  result: 65_536,
} as const;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const MAX_TIME = 4_102_444_800_000; // 2100-01-01, far beyond any sensor's clock fault worth keeping

/**
 * JSON text -> value, bounded: deep nesting is refused before JSON.parse sees it.
 * @returns the parsed value or a Rejection (json_invalid, json_too_deep)
 */
export function parseJson(payload: Buffer, depth = DEFAULT_LIMITS.depth): { value: unknown } | Rejection {
  let level = 0;
  let inString = false;
  for (let i = 0; i < payload.length; i++) {
    const c = payload[i];
    if (inString) {
      if (c === 92) i++;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 123 || c === 91) {
      if (++level > depth) return reject("json_too_deep", `nests deeper than ${depth} levels`);
    } else if (c === 125 || c === 93) level--;
  }
  // toString would replace what is no UTF-8 and store names that nobody sent
  if (!isUtf8(payload)) return reject("json_invalid", "not valid UTF-8");
  try {
    return { value: JSON.parse(payload.toString("utf8")) };
  } catch (error) {
    return reject("json_invalid", error instanceof Error ? error.message.slice(0, 200) : "not JSON");
  }
}

/** Checks what {@link parseJson} returned. Cheap by hand: it runs once a message on the hot path. */
export function checkEnvelope(value: unknown, limits: EnvelopeLimits = DEFAULT_LIMITS): Envelope | Rejection {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return reject("envelope_invalid", "not an object");
  const e = value as Partial<Record<keyof Envelope, unknown>>;
  if (e.v !== 1) return reject("envelope_version", `v must be 1, found ${show(e.v)}`);
  if (!Array.isArray(e.r) || e.r.length === 0)
    return reject("envelope_invalid", "r must be a non-empty array of records");
  if (e.r.length > limits.records)
    return reject("envelope_invalid", `r has ${e.r.length} records, at most ${limits.records}`);
  if ((e.b === undefined) !== (e.q === undefined))
    return reject("envelope_invalid", "b and q come together or not at all");
  if (e.q !== undefined && !(isCount(e.q) && e.q !== 0 && isCount(e.b))) {
    return reject(
      "envelope_invalid",
      `b and q must be integers up to 2^53-1, q from 1, found ${show(e.b)} and ${show(e.q)}`,
    );
  }
  for (const r of e.r as Partial<EnvelopeRecord>[]) {
    if (typeof r !== "object" || r === null) return reject("envelope_invalid", "a record is not an object");
    if (typeof r.ts !== "number" || !(r.ts > 0 && r.ts < MAX_TIME)) {
      return reject("time_invalid", `ts must be ms UTC before 2100, found ${show(r.ts)}`);
    }
    const kinds = (r.m === undefined ? 0 : 1) + (r.x === undefined ? 0 : 1) + (r.s === undefined ? 0 : 1);
    if (kinds !== 1) return reject("envelope_invalid", "a record has exactly one of m, x, s");
    if (r.m !== undefined && (typeof r.m !== "object" || r.m === null || Array.isArray(r.m))) {
      return reject("envelope_invalid", "m must be an object of values");
    }
    // Buffer.from steps over foreign characters: the frame would be another one
    if (r.x !== undefined && !(typeof r.x === "string" && BASE64.test(r.x)))
      return reject("envelope_invalid", "x must be base64 text");
    if (r.s !== undefined && typeof r.s !== "string") return reject("envelope_invalid", "s must be text");
    if (r.p !== undefined && !(Number.isInteger(r.p) && r.p >= 0 && r.p <= 255))
      return reject("envelope_invalid", `p must be a port from 0 to 255, found ${show(r.p)}`);
    if (r.l !== undefined && (typeof r.l !== "object" || r.l === null || Array.isArray(r.l)))
      return reject("envelope_invalid", "l must be an object of numbers");
  }
  return value as Envelope;
}

function isCount(x: unknown): boolean {
  return Number.isSafeInteger(x) && (x as number) >= 0;
}

function show(x: unknown): string {
  return (JSON.stringify(x) ?? String(x)).slice(0, 40);
}
