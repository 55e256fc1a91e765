/** What the console draws of an event's evidence; what it says in words is made in `facts.ts`. */
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
export type Evidence = Readonly<Record<string, unknown>>;

export function framesOf(evidence: Evidence): EvidenceFrame[] {
  const frames = evidence.frames;
  if (!Array.isArray(frames)) return [];
  return frames
    .filter((f): f is EvidenceFrame => typeof f?.hash === "string" && f.w > 0 && f.h > 0)
    .map((f) => ({ ...f, boxes: Array.isArray(f.boxes) ? f.boxes : [] }));
}

/** The metric that the event is about, where the evidence names one. */
export function metricOf(evidence: Evidence): string | null {
  return typeof evidence.metric === "string" && evidence.metric !== "" ? evidence.metric : null;
}

/** A limit in the metric's unit; a limit of time (silence) has no place on its axis. */
export function limitOf(evidence: Evidence): number | null {
  return typeof evidence.limit === "number" && evidence.unit !== "ms" ? evidence.limit : null;
}
