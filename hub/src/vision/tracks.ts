import type { Box, Detection } from "./detection.ts";
import { iou } from "./detection.ts";

/** One object followed over the frames of a camera. JSON: it is durable. Times in ms UTC, boxes as fractions of the frame. */
export interface Track {
  readonly id: number;
  readonly label: string;
  box: Box;
  /** best score of the last hit */
  score: number;
  /** time of the first and the last hit */
  readonly first: number;
  last: number;
  /** votes of the last frames, newest in bit 0 */
  votes: number;
  /** where it came to rest, and since when it has been there */
  anchor: Box;
  since: number;
}

export interface TrackOptions {
  /** confirmed by `k` hits in the last `n` frames looked at; a frame that was not looked at is no vote */
  readonly k: number;
  readonly n: number;
  /** least overlap with the last box to be the same object */
  readonly iou: number;
  /** unseen for longer than this (ms of wall time) a track ends: what nobody watched did not dwell */
  readonly gapMs: number;
  /** moved further than this from its anchor it no longer stays: in widths sideways, in quarter heights towards the camera */
  readonly drift: number;
}

export const DEFAULT_TRACKS: TrackOptions = { k: 3, n: 5, iou: 0.25, gapMs: 300_000, drift: 2 };

/** Ends tracks that the camera's silence makes void. Call before {@link follow} with the new frame's time. */
export function expire(tracks: readonly Track[], ts: number, options: TrackOptions): Track[] {
  return tracks.filter((t) => ts - t.last <= options.gapMs);
}

/**
 * One frame's detections of one model (boxes as fractions) into the tracks. Pure: returns new tracks, `nextId` numbers the new
 * ones. Association is greedy by overlap within a label.
 */
export function follow(
  tracks: readonly Track[],
  seen: readonly Detection[],
  ts: number,
  nextId: number,
  options: TrackOptions,
): { tracks: Track[]; nextId: number } {
  const pairs: { t: number; d: number; overlap: number }[] = [];
  for (let t = 0; t < tracks.length; t++) {
    for (let d = 0; d < seen.length; d++) {
      if (tracks[t].label !== seen[d].label) continue;
      const overlap = iou(tracks[t].box, seen[d].box);
      if (overlap >= options.iou) pairs.push({ t, d, overlap });
    }
  }
  pairs.sort((a, b) => b.overlap - a.overlap);
  const hit = new Map<number, Detection>();
  const used = new Set<number>();
  for (const { t, d } of pairs) {
    if (hit.has(t) || used.has(d)) continue;
    hit.set(t, seen[d]);
    used.add(d);
  }
  const mask = 2 ** options.n - 1;
  const out: Track[] = [];
  for (let t = 0; t < tracks.length; t++) {
    const old = tracks[t];
    const d = hit.get(t);
    const votes = ((old.votes << 1) | (d === undefined ? 0 : 1)) & mask;
    if (votes === 0) continue;
    const next: Track = { ...old, votes };
    if (d !== undefined) {
      next.box = d.box;
      next.score = d.score;
      next.last = ts;
      if (drifted(old.anchor, d.box, options.drift)) {
        next.anchor = d.box;
        next.since = ts;
      }
    }
    out.push(next);
  }
  for (let d = 0; d < seen.length; d++) {
    if (used.has(d)) continue;
    const { label, score, box } = seen[d];
    out.push({ id: nextId++, label, box, score, first: ts, last: ts, votes: 1, anchor: box, since: ts });
  }
  return { tracks: out, nextId };
}

export function confirmed(track: Track, options: TrackOptions): boolean {
  return bits(track.votes) >= options.k;
}

/** Number of set bits. */
export function bits(value: number): number {
  let n = 0;
  for (let v = value; v !== 0; v &= v - 1) n++;
  return n;
}

function drifted(anchor: Box, box: Box, limit: number): boolean {
  const dx = box[0] + box[2] / 2 - (anchor[0] + anchor[2] / 2);
  const dy = box[1] + box[3] - (anchor[1] + anchor[3]);
  return Math.hypot(dx / Math.max(anchor[2], box[2]), dy / (0.25 * Math.max(anchor[3], box[3]))) > limit;
}
