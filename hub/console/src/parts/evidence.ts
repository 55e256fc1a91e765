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

const SHOWN_ELSEWHERE = new Set(["frames", "metric"]);
const COMPARISON = new Set(["value", "op", "limit"]);

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

export function limitOf(evidence: Readonly<Record<string, unknown>>): number | null {
  return typeof evidence.limit === "number" ? evidence.limit : null;
}

/** Numbers, texts and flags of the evidence as rows; nested objects as JSON, cut short. */
export function factsOf(evidence: Readonly<Record<string, unknown>>): [key: string, text: string][] {
  const { value, op, limit } = evidence;
  const compared = typeof value === "number" && typeof limit === "number";
  const measured: [string, string][] = compared
    ? [["measured", `${textOf(value)} (${String(op ?? "≠")} ${textOf(limit)})`]]
    : [];
  const rest = Object.entries(evidence)
    .filter(([key]) => !compared || !COMPARISON.has(key))
    .filter(([key, v]) => !SHOWN_ELSEWHERE.has(key) && v !== null && v !== undefined && v !== "")
    .map(([key, v]): [string, string] => [key, textOf(v)]);
  return [...measured, ...rest];
}

function textOf(v: unknown): string {
  if (typeof v === "number") return v.toLocaleString("en-US", { maximumFractionDigits: 4, useGrouping: false });
  if (typeof v === "object") {
    const text = JSON.stringify(v);
    return text.length > 120 ? `${text.slice(0, 120)}…` : text;
  }
  return String(v);
}
