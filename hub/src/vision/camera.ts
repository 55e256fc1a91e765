import type { Box, Detection } from "./detection.ts";
import { inHours, type Recipe, type RecipeRole } from "./recipe.ts";
import { bits, confirmed, expire, follow, type Track, type TrackOptions } from "./tracks.ts";
import { standsIn, type Zone } from "./zone.ts";

/** How far a recipe has come at one camera. Times in ms UTC; 0 = not. */
interface RecipeState {
  /** since when it has held */
  since: number;
  /** last frame that showed it */
  seen: number;
  votes: number;
  /** frames without it since */
  absent: number;
  raised: number;
  updated: number;
}

/** Durable state of one camera, JSON. */
export interface CameraState {
  readonly v: 1;
  /** time of the newest frame folded in, ms UTC */
  readonly at: number;
  readonly nextId: number;
  /** by model name */
  readonly tracks: Readonly<Record<string, readonly Track[]>>;
  readonly recipes: Readonly<Record<string, RecipeState>>;
}

export const NEW_CAMERA: CameraState = { v: 1, at: 0, nextId: 1, tracks: {}, recipes: {} };

/** A frame that the models have looked at; boxes in its pixels. */
export interface SeenFrame {
  /** ms UTC */
  readonly ts: number;
  readonly width: number;
  readonly height: number;
  readonly found: readonly { readonly model: string; readonly detections: readonly Detection[] }[];
}

/** What a camera is to watch for. */
export interface Watch {
  readonly recipes: readonly { readonly recipe: Recipe; readonly zone: Zone; readonly hours: unknown }[];
  readonly tracks: TrackOptions;
  /** minute of the local day of a time */
  readonly minute: (ts: number) => number;
}

/** Something began, goes on or ended at a camera. */
export interface Outcome {
  readonly recipe: Recipe;
  readonly phase: "raise" | "update" | "clear";
  readonly dwellMs: number;
  /** what fulfils the roles, for the evidence; boxes in pixels */
  readonly objects: readonly RoleObject[];
  readonly votes: string;
}

export interface RoleObject {
  readonly role: string;
  readonly label: string;
  readonly score: number;
  readonly box: Box;
  readonly stayMs: number;
}

/** Folds one frame into a camera's state. Pure; a frame that is not newer than the last one changes nothing. */
export function foldFrame(
  state: CameraState,
  frame: SeenFrame,
  watch: Watch,
): { state: CameraState; outcomes: Outcome[] } {
  if (frame.ts <= state.at) return { state, outcomes: [] };
  const tracks: Record<string, readonly Track[]> = {};
  let nextId = state.nextId;
  for (const { model, detections } of frame.found) {
    const seen = detections.map((d): Detection => ({ ...d, box: fraction(d.box, frame) }));
    const next = follow(
      expire(state.tracks[model] ?? [], frame.ts, watch.tracks),
      seen,
      frame.ts,
      nextId,
      watch.tracks,
    );
    tracks[model] = next.tracks;
    nextId = next.nextId;
  }
  const outcomes: Outcome[] = [];
  const recipes: Record<string, RecipeState> = {};
  // nobody watched in between: what was waiting starts anew, what was raised stays until frames show its absence
  const silent = frame.ts - state.at > watch.tracks.gapMs;
  for (const { recipe, zone, hours } of watch.recipes) {
    const old = state.recipes[recipe.name];
    const before = old !== undefined && silent && old.raised === 0 ? undefined : old;
    const open = inHours(hours, watch.minute(frame.ts));
    const matched = open ? match(recipe, tracks[recipe.model] ?? [], zone, frame, watch.tracks) : null;
    const next = advance(before, recipe, matched, frame, outcomes);
    if (next !== null) recipes[recipe.name] = next;
  }
  return { state: { v: 1, at: frame.ts, nextId, tracks, recipes }, outcomes };
}

function advance(
  old: RecipeState | undefined,
  recipe: Recipe,
  matched: Track[][] | null,
  frame: SeenFrame,
  outcomes: Outcome[],
): RecipeState | null {
  const s: RecipeState = { ...(old ?? { since: 0, seen: 0, votes: 0, absent: 0, raised: 0, updated: 0 }) };
  s.votes = ((s.votes << 1) | (matched === null ? 0 : 1)) & (2 ** recipe.votes.n - 1);
  const out = (phase: Outcome["phase"], dwellMs: number): void => {
    const objects = (matched ?? []).flatMap((tracks, i) => tracks.map((t) => roleObject(recipe.roles[i], t, frame)));
    outcomes.push({ recipe, phase, dwellMs, objects, votes: `${bits(s.votes)} of ${recipe.votes.n}` });
  };
  if (matched === null) {
    s.absent++;
    if (s.absent < recipe.absent || frame.ts - s.seen < recipe.absentMs) return s.since === 0 ? null : s;
    if (s.raised !== 0) out("clear", s.seen - s.since);
    return null;
  }
  // it began when the last of its roles was in place, which is earlier than now by what the roles have to stay
  if (s.since === 0) s.since = Math.max(...matched.map((tracks) => Math.min(...tracks.map((t) => t.since))));
  s.seen = frame.ts;
  s.absent = 0;
  const dwellMs = frame.ts - s.since;
  if (s.raised === 0) {
    if (dwellMs < recipe.dwellMs || bits(s.votes) < recipe.votes.k) return s;
    s.raised = frame.ts;
    s.updated = frame.ts;
    out("raise", dwellMs);
  } else if (frame.ts - s.updated >= recipe.updateMs) {
    s.updated = frame.ts;
    out("update", dwellMs);
  }
  return s;
}

/** Tracks that fulfil each role, or null when one role has none. */
function match(
  recipe: Recipe,
  tracks: readonly Track[],
  zone: Zone,
  frame: SeenFrame,
  options: TrackOptions,
): Track[][] | null {
  const matched: Track[][] = [];
  for (const role of recipe.roles) {
    const fit = tracks.filter(
      (t) =>
        role.labels.has(t.label) &&
        t.score >= role.score &&
        // what only has to be there is believed by the recipe's own votes: a passer-by makes a new track with every frame
        (role.stayMs === 0 ? t.last === frame.ts : confirmed(t, options) && frame.ts - t.since >= role.stayMs) &&
        standsIn(zone, t.box) &&
        (role.near === null || matched[role.near.role].some((o) => isNear(t.box, o.box, role.near?.reach ?? 0, frame))),
    );
    if (fit.length === 0) return null;
    matched.push(fit);
  }
  return matched;
}

/** Gap between two boxes against the height of the second; the frame's shape counts because boxes are fractions. */
function isNear(a: Box, b: Box, reach: number, frame: SeenFrame): boolean {
  const dx = Math.max(0, Math.max(a[0], b[0]) - Math.min(a[0] + a[2], b[0] + b[2])) * frame.width;
  const dy = Math.max(0, Math.max(a[1], b[1]) - Math.min(a[1] + a[3], b[1] + b[3])) * frame.height;
  return Math.hypot(dx, dy) <= reach * b[3] * frame.height;
}

function roleObject(role: RecipeRole, t: Track, frame: SeenFrame): RoleObject {
  const [x, y, w, h] = t.box;
  const box: Box = [
    Math.round(x * frame.width),
    Math.round(y * frame.height),
    Math.round(w * frame.width),
    Math.round(h * frame.height),
  ];
  return { role: role.role, label: t.label, score: t.score, box, stayMs: frame.ts - t.since };
}

function fraction([x, y, w, h]: Box, frame: SeenFrame): Box {
  const f = (v: number, full: number): number => Math.round((v / full) * 1e4) / 1e4;
  return [f(x, frame.width), f(y, frame.height), f(w, frame.width), f(h, frame.height)];
}
