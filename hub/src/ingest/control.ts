import type {
  Gap,
  HeartbeatMessage,
  MetaMessage,
  ReceiverReport,
  StateMessage,
} from "@gridhub/device-profiles/envelope.ts";
import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";

const MAX_GAPS = 64;
const MAX_BOOTS = 32;
const MAX_SOURCES = 1000;
const MAX_RECEIVERS = 256;

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** `state`: who is on, with which boot; also the last will. */
export function checkState(value: unknown): StateMessage | Rejection {
  if (!isMap(value)) return reject("envelope_invalid", "state must be an object");
  if (value.s !== "on" && value.s !== "off") return reject("envelope_invalid", 'state.s must be "on" or "off"');
  if (!isCount(value.b)) return reject("envelope_invalid", "state.b must be the boot counter");
  if (value.q !== undefined && !isCount(value.q))
    return reject("envelope_invalid", "state.q must be a sequence number");
  const held: [number, number][] = [];
  for (const pair of Array.isArray(value.held) ? value.held.slice(0, MAX_BOOTS) : []) {
    if (Array.isArray(pair) && isCount(pair[0]) && isCount(pair[1])) held.push([pair[0], pair[1]]);
  }
  const why = typeof value.why === "string" ? value.why.slice(0, 32) : undefined;
  return { s: value.s, b: value.b, q: value.q, held, why };
}

/** `meta`: the birth message. Devices are checked one by one by the registry, so that one bad entry harms no other. */
export function checkMeta(value: unknown): MetaMessage | Rejection {
  if (!isMap(value)) return reject("envelope_invalid", "meta must be an object");
  if (!Array.isArray(value.devices) || !value.devices.every(isMap)) {
    return reject("envelope_invalid", "meta.devices must be a list of objects");
  }
  const agent = typeof value.agent === "string" ? value.agent.slice(0, 64) : "";
  return { ...(value as unknown as MetaMessage), agent };
}

const count = (x: unknown) => (isCount(x) ? x : 0);

function receiversOf(value: Readonly<Record<string, unknown>>): Record<string, ReceiverReport> {
  const receivers: Record<string, ReceiverReport> = {};
  for (const [name, report] of Object.entries(value).slice(0, MAX_RECEIVERS)) {
    if (!isMap(report)) continue;
    receivers[name] = {
      sentences: count(report.sentences),
      messages: count(report.messages),
      refused: count(report.refused),
      lost: count(report.lost),
      vessels: count(report.vessels),
      ...(isCount(report.last) && { last: report.last }),
    };
  }
  return receivers;
}

/** `h`: the heartbeat. */
export function checkHeartbeat(value: unknown): HeartbeatMessage | Rejection {
  if (!isMap(value) || !isCount(value.b))
    return reject("envelope_invalid", "a heartbeat has at least the boot counter b");
  const gaps: Gap[] = [];
  for (const gap of Array.isArray(value.gaps) ? value.gaps.slice(0, MAX_GAPS) : []) {
    if (isMap(gap) && isCount(gap.b) && isCount(gap.from) && isCount(gap.to) && gap.from <= gap.to) {
      gaps.push({ b: gap.b, from: gap.from, to: gap.to, why: String(gap.why ?? "").slice(0, 32) });
    }
  }
  const sources: Record<string, string> = {};
  if (isMap(value.sources)) {
    for (const [name, code] of Object.entries(value.sources).slice(0, MAX_SOURCES))
      sources[name] = String(code).slice(0, 32);
  }
  return {
    b: value.b,
    ts: count(value.ts),
    queue: count(value.queue),
    bytes: count(value.bytes),
    oldest: isCount(value.oldest) ? value.oldest : undefined,
    disk: isCount(value.disk) ? value.disk : undefined,
    gaps,
    sources,
    ...(isMap(value.receivers) && { receivers: receiversOf(value.receivers) }),
    every: value.every === 0 ? 0 : undefined,
  };
}
