import { duration, exact, unit } from "../format.ts";
import type { Lang } from "../words/words.ts";

/** What the console understands of an event's evidence; everything else is shown as it is. */
export interface EvidenceFrame {
  readonly hash: string;
  readonly w: number;
  readonly h: number;
  /** ms UTC */
  readonly ts: number;
  /** pixels of the frame: [x, y, w, h] */
  readonly boxes: readonly {
    readonly label: string;
    readonly score: number;
    readonly box: readonly [number, number, number, number];
  }[];
}

const SHOWN_ELSEWHERE = new Set(["frames", "metric", "limit", "unit", "op", "trace", "centre"]);
const TIMES = new Set(["since", "lastSeen"]);

export function framesOf(evidence: Readonly<Record<string, unknown>>): EvidenceFrame[] {
  const frames = evidence.frames;
  if (!Array.isArray(frames)) return [];
  return frames
    .filter((f): f is EvidenceFrame => typeof f?.hash === "string" && f.w > 0 && f.h > 0)
    .map((f) => ({ ...f, boxes: Array.isArray(f.boxes) ? f.boxes : [] }));
}

/** The metric that the event is about, where the evidence names one. */
export function metricOf(evidence: Readonly<Record<string, unknown>>): string | null {
  return typeof evidence.metric === "string" && evidence.metric !== "" ? evidence.metric : null;
}

/** A limit in the metric's unit; a limit of time (silence) has no place on its axis. */
export function limitOf(evidence: Readonly<Record<string, unknown>>): number | null {
  return typeof evidence.limit === "number" && evidence.unit !== "ms" ? evidence.limit : null;
}

/** Numbers, texts and flags of the evidence as rows; value and limit as one; nested objects as JSON, cut short. */
export function factsOf(evidence: Readonly<Record<string, unknown>>, lang: Lang): [key: string, text: string][] {
  const { value, limit } = evidence;
  const ucum = typeof evidence.unit === "string" ? evidence.unit : "";
  const facts: [string, string][] = [];
  const compared = typeof value === "number" && typeof limit === "number";
  if (compared) facts.push(["measured", `${textOf(value)} ${unit(ucum)} (${operator(evidence)} ${textOf(limit)})`]);
  else if (typeof limit === "number") facts.push(["limit", ucum === "ms" ? duration(limit, lang) : textOf(limit)]);
  for (const [key, v] of Object.entries(evidence)) {
    if (SHOWN_ELSEWHERE.has(key) || v == null || v === "" || (compared && key === "value")) continue;
    if (TIMES.has(key) && typeof v === "number") facts.push([key, exact(v)]);
    else if (key.endsWith("Ms") && typeof v === "number") facts.push([key, duration(v, lang)]);
    else facts.push([key, textOf(v)]);
  }
  return facts;
}

/** From the rule's trace where it has one. */
function operator(evidence: Readonly<Record<string, unknown>>): string {
  if (typeof evidence.op === "string") return evidence.op;
  const [first] = Array.isArray(evidence.trace) ? (evidence.trace as { op?: unknown }[]) : [];
  return typeof first?.op === "string" ? first.op : "≠";
}

function textOf(v: unknown): string {
  if (typeof v === "number") return v.toLocaleString("en-US", { maximumFractionDigits: 4, useGrouping: false });
  if (Array.isArray(v) && v.every((x) => typeof x !== "object")) return v.map(textOf).join(", ");
  if (typeof v === "object") {
    const text = JSON.stringify(v);
    return text.length > 120 ? `${text.slice(0, 120)}…` : text;
  }
  return String(v);
}
