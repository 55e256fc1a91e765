import type { ClipInfo } from "../../../src/api/clip-schema.ts";
import type { EventInfo } from "../../../src/api/schema.ts";
import type { Evidence, EvidenceFrame } from "../parts/evidence.ts";
import type { WordKey } from "../words/words.ts";

// What the state of a clip means at the desk: what is said of it, whether it can be fetched, when to ask again.

/** Refusals that another try cannot change. */
const FINAL = new Set(["none", "off", "unknown", "invalid", "too_large"]);

/** Whether an event may have clips: what cameras raised has, whatever became of it since. */
export function mayHaveClips(event: Pick<EventInfo, "source">, evidence: Evidence): boolean {
  return event.source.startsWith("vision:") || (typeof evidence.clip === "object" && evidence.clip !== null);
}

/** Whether it makes sense to ask the edge for it. */
export function canFetch({ state, reason }: Pick<ClipInfo, "state" | "reason">): boolean {
  return state === "at_edge" || state === "unknown" || (state === "failed" && !FINAL.has(reason));
}

/** The word for its state; a clip that waits for an edge that is away says so. */
export function stateWord({ state, edgeOnline }: Pick<ClipInfo, "state" | "edgeOnline">): WordKey {
  if (state === "wanted" && !edgeOnline) return "clip.state.waits";
  if (state === "at_edge" && !edgeOnline) return "clip.state.away";
  return `clip.state.${state}`;
}

/** When to ask again, ms; null = nothing changes by itself. Severe events are fetched by the hub, so even `at_edge` may change. */
export function askAgainMs(items: readonly Pick<ClipInfo, "state">[]): number | null {
  const has = (state: ClipInfo["state"]) => items.some((item) => item.state === state);
  if (has("coming")) return 1000;
  if (has("wanted")) return 3000;
  return has("at_edge") || has("unknown") ? 20_000 : null;
}

/** The evidence picture that is this very picture of the clip: same camera, same time. Boxes of any other would lie. */
export function evidenceAt(
  evidence: Evidence,
  frames: readonly EvidenceFrame[],
  camera: string,
  ts: number,
): EvidenceFrame | null {
  return evidence.camera === camera
    ? (frames.find((frame) => frame.ts === ts && frame.boxes.length > 0) ?? null)
    : null;
}
