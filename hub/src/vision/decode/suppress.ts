import { iou } from "../detection.ts";
import type { RawDetection } from "./decoder.ts";

/** Greedy suppression within a label: best score first, at most `max` kept. */
export function suppress(found: RawDetection[], overlap: number, max: number): RawDetection[] {
  found.sort((a, b) => b.score - a.score);
  const kept: RawDetection[] = [];
  for (const d of found) {
    if (kept.length === max) break;
    if (!kept.some((k) => k.label === d.label && iou(k.box, d.box) > overlap)) kept.push(d);
  }
  return kept;
}
