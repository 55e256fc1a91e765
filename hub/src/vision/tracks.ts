import type { Box, Detection } from "./detection.ts";
import { iou } from "./detection.ts";
import { alike, lookAt, packLook, unpackLook, type Luma } from "./look.ts";

/** One object followed over the frames of a camera. JSON: it is durable. Times in ms UTC, boxes as fractions of the frame. */
export interface Track {
  readonly id: number;
  /** as the model called it last */
  label: string;
  box: Box;
  /** score of the last hit */
  score: number;
  /** time of the first and the last hit */
  readonly first: number;
  last: number;
  /** hits so far */
  hits: number;
  /** votes of the last frames, newest in bit 0; 0 = lost, kept only to be found again */
  votes: number;
  /** where it came to rest, and since when it has been there */
  anchor: Box;
  since: number;
  /** its area at the first hit, fraction of the frame */
  readonly area: number;
  /** running mean of |log of the area's ratio| between hits */
  flicker: number;
  /** running mean of 1 - likeness of its picture between hits */
  stir: number;
  /** what it looked like at the last hit, and how bright the frame was then (0..255); null = without contrast */
  look: string | null;
  light: number;
  /** last frame in which its place still looked like it although the model did not see it; 0 = none */
  held: number;
  /** lines that its foot crossed, by attribute name -> when */
  crossed?: Record<string, number>;
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
  /** what rested at least so long is found again after an occlusion of at most `hiddenMs`, or `similarMs` if it looks the same */
  readonly restMs: number;
  readonly hiddenMs: number;
  readonly similarMs: number;
  /** a resting thing whose place still looks like it is there, for so long without a hit; `darkMs` where the light has changed */
  readonly holdMs: number;
  readonly darkMs: number;
}

export const DEFAULT_TRACKS: TrackOptions = {
  k: 3,
  n: 5,
  iou: 0.25,
  gapMs: 300_000,
  drift: 2,
  restMs: 60_000,
  hiddenMs: 180_000,
  similarMs: 1_800_000,
  holdMs: 900_000,
  darkMs: 43_200_000,
};

/** All durations of the options by a factor. */
export function scaleTracks(o: TrackOptions, f: number): TrackOptions {
  const { gapMs, restMs, hiddenMs, similarMs, holdMs, darkMs } = o;
  return {
    ...o,
    gapMs: gapMs * f,
    restMs: restMs * f,
    hiddenMs: hiddenMs * f,
    similarMs: similarMs * f,
    holdMs: holdMs * f,
    darkMs: darkMs * f,
  };
}

/** Likeness from which on a place still shows what rested there. */
const SAME_LOOK = 0.75;
/** Brightness changed by this factor, or below this level (0..255): that the model sees nothing is no sign of absence. */
const LIGHT_FACTOR = 1.3;
const DIM = 60;
/** Overlap for labels that a recipe takes for one another ("car", "truck"). */
const KIN_IOU = 0.5;
/** Share of the newest value in the running means. */
const NEWEST = 0.3;
/** One change of a picture counts no more than this: what lives goes on stirring, a shadow or another exposure comes once. */
const MOST_STIR = 0.06;

/** What a frame brings besides detections. */
export interface FrameSight {
  readonly ts: number;
  readonly luma: Luma | null;
  /** too dark to show an absence: misses are no votes */
  readonly blind: boolean;
  /** labels that are one kind of thing, label -> family */
  readonly family: ReadonlyMap<string, string>;
}

/** Ends tracks that the camera's silence makes void. `at` = the frame before, `ts` = this one. Call before {@link follow}. */
export function expire(tracks: readonly Track[], at: number, ts: number, options: TrackOptions): Track[] {
  return ts - at > options.gapMs ? [] : tracks.filter((t) => isAlive(t, ts, options));
}

function isAlive(t: Track, ts: number, o: TrackOptions): boolean {
  const gap = ts - Math.max(t.last, t.held);
  return gap <= o.gapMs || (rested(t, o) && t.look !== null && gap <= o.similarMs);
}

/**
 * One frame's detections of one model (boxes as fractions) into the tracks. Pure: returns new tracks, `nextId` numbers the new
 * ones. Association is greedy: tracks that are in sight first, then those that were lost at rest, by overlap.
 */
export function follow(
  tracks: readonly Track[],
  seen: readonly Detection[],
  sight: FrameSight,
  nextId: number,
  options: TrackOptions,
): { tracks: Track[]; nextId: number } {
  const pairs: { t: number; d: number; rank: number }[] = [];
  for (let t = 0; t < tracks.length; t++) {
    for (let d = 0; d < seen.length; d++) {
      const overlap = affinity(tracks[t], seen[d], sight, options);
      if (overlap > 0) pairs.push({ t, d, rank: overlap + (tracks[t].votes === 0 ? 0 : 1) });
    }
  }
  pairs.sort((a, b) => b.rank - a.rank);
  const hit = new Map<number, Detection>();
  const used = new Set<number>();
  for (const { t, d } of pairs) {
    if (hit.has(t) || used.has(d)) continue;
    hit.set(t, seen[d]);
    used.add(d);
  }
  const out: Track[] = [];
  for (let t = 0; t < tracks.length; t++) {
    const d = hit.get(t);
    const next = d === undefined ? missed(tracks[t], sight, options) : found(tracks[t], d, sight, options);
    if (next !== null) out.push(next);
  }
  for (let d = 0; d < seen.length; d++) if (!used.has(d)) out.push(begun(nextId++, seen[d], sight));
  return { tracks: out, nextId };
}

/** Overlap as far as it makes them one object, else 0. */
function affinity(t: Track, d: Detection, sight: FrameSight, o: TrackOptions): number {
  const same = t.label === d.label;
  const family = sight.family.get(t.label);
  if (!same && (family === undefined || family !== sight.family.get(d.label))) return 0;
  const overlap = iou(t.votes === 0 ? t.anchor : t.box, d.box);
  if (overlap < (same ? o.iou : KIN_IOU)) return 0;
  if (t.votes !== 0 || sight.ts - Math.max(t.last, t.held) <= o.hiddenMs) return overlap;
  const look = sight.luma === null ? null : lookAt(sight.luma, t.box);
  return t.look !== null && look !== null && alike(look, unpackLook(t.look)) >= SAME_LOOK ? overlap : 0;
}

function begun(id: number, { label, score, box }: Detection, { ts, luma }: FrameSight): Track {
  const look = luma === null ? null : lookAt(luma, box);
  return {
    id,
    label,
    box,
    score,
    first: ts,
    last: ts,
    hits: 1,
    votes: 1,
    anchor: box,
    since: ts,
    area: areaOf(box),
    flicker: 0,
    stir: 0,
    look: look === null ? null : packLook(look),
    light: Math.round(luma?.mean ?? 0),
    held: 0,
  };
}

function found(t: Track, d: Detection, { ts, luma }: FrameSight, o: TrackOptions): Track {
  const next: Track = { ...t, votes: ((t.votes << 1) | 1) & (2 ** o.n - 1), hits: t.hits + 1, last: ts, held: 0 };
  next.label = d.label;
  next.score = d.score;
  next.box = d.box;
  const change = Math.abs(Math.log(Math.max(1e-6, areaOf(d.box)) / Math.max(1e-6, areaOf(t.box))));
  next.flicker = mean(t.flicker, change, t.hits);
  const look = luma === null ? null : lookAt(luma, d.box);
  if (luma !== null) {
    if (look !== null && t.look !== null && !otherLight(t, luma)) {
      const stir = 1 - alike(lookAt(luma, t.box) ?? look, unpackLook(t.look));
      next.stir = mean(t.stir, Math.min(MOST_STIR, stir), t.hits);
    }
    next.look = look === null ? null : packLook(look);
    next.light = Math.round(luma.mean);
  }
  if (drifted(t.anchor, d.box, o.drift)) {
    next.anchor = d.box;
    next.since = ts;
  }
  return next;
}

/** Not seen by the model: out of sight, hidden by something, or there all the same in another light. */
function missed(t: Track, { ts, luma, blind }: FrameSight, o: TrackOptions): Track | null {
  const rests = rested(t, o);
  if (blind) return rests && ts - t.last <= o.darkMs ? { ...t, held: ts } : { ...t };
  if (rests && luma !== null && t.look !== null) {
    const changed = luma.mean < DIM || otherLight(t, luma);
    const look = ts - t.last <= (changed ? o.darkMs : o.holdMs) ? lookAt(luma, t.box) : null;
    if (look !== null && alike(look, unpackLook(t.look)) >= SAME_LOOK) return { ...t, held: ts };
  }
  const votes = (t.votes << 1) & (2 ** o.n - 1);
  return votes !== 0 || rests ? { ...t, votes } : null;
}

/** The frame is brighter or darker than that of the last hit: lamps, exposure, the change to infrared. */
function otherLight(t: Track, luma: Luma): boolean {
  const ratio = (luma.mean + 1) / (t.light + 1);
  return ratio > LIGHT_FACTOR || ratio < 1 / LIGHT_FACTOR;
}

/** Has been at one place long enough that somebody in front of it does not end it. */
function rested(t: Track, o: TrackOptions): boolean {
  return t.last - t.since >= o.restMs && t.hits >= o.k;
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

function mean(old: number, value: number, hits: number): number {
  const share = Math.max(NEWEST, 1 / hits);
  return Math.round((old * (1 - share) + value * share) * 1e4) / 1e4;
}

function areaOf(box: Box): number {
  return box[2] * box[3];
}

function drifted(anchor: Box, box: Box, limit: number): boolean {
  const dx = box[0] + box[2] / 2 - (anchor[0] + anchor[2] / 2);
  const dy = box[1] + box[3] - (anchor[1] + anchor[3]);
  return Math.hypot(dx / Math.max(anchor[2], box[2]), dy / (0.25 * Math.max(anchor[3], box[3]))) > limit;
}
