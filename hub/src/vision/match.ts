import type { RoleObject, SeenFrame, Watch, Watched } from "./camera.ts";
import type { Box } from "./detection.ts";
import type { RecipeRole } from "./recipe.ts";
import { confirmed, type Track } from "./tracks.ts";
import { standsIn } from "./zone.ts";

/** Tracks that fulfil each role, in the order of the roles. */
export type Matched = readonly (readonly Track[])[];

/** Sightings from which on a running mean says something. */
const LIVELY_HITS = 3;

/**
 * What of a camera's tracks fulfils the recipe's roles; null = a role has none, a vote against it; "unknown" = the frame does not
 * tell, because it is too dark or what rested there still looks the same although the model did not see it: no vote.
 */
export function match(
  watched: Watched,
  tracks: Readonly<Record<string, readonly Track[]>>,
  frame: SeenFrame,
  watch: Watch,
  blind: boolean,
): Matched | null | "unknown" {
  const matched = roles(watched, tracks, frame, watch, false);
  if (matched !== null) return matched;
  return blind || roles(watched, tracks, frame, watch, true) !== null ? "unknown" : null;
}

function roles(
  { recipe, zone, line }: Watched,
  tracks: Readonly<Record<string, readonly Track[]>>,
  frame: SeenFrame,
  watch: Watch,
  held: boolean,
): Matched | null {
  const matched: Track[][] = [];
  for (const role of recipe.roles) {
    const near = role.near;
    const fit = (tracks[role.model] ?? []).filter(
      (t) =>
        role.labels.has(t.label) &&
        t.score >= (watch.scoreFactor ?? 1) * (role.score ?? watch.threshold?.(role.model, t.label) ?? 0) &&
        isThere(t, role, frame, watch, held) &&
        (recipe.line === null || (line != null && t.crossed?.[recipe.line] !== undefined)) &&
        standsIn(zone, t.box) &&
        (near === null || matched[near.role].some((o) => isNear(t.box, o.box, near.reach, frame))),
    );
    if (fit.length === 0) return null;
    matched.push(fit);
  }
  return matched;
}

function isThere(t: Track, role: RecipeRole, { ts }: SeenFrame, watch: Watch, held: boolean): boolean {
  if (held && t.held === ts) return ts - t.since >= role.stayMs;
  // what only has to be there is believed by the recipe's own votes: a passer-by makes a new track with every frame
  if (role.stayMs === 0) return t.last === ts;
  return confirmed(t, watch.tracks) && t.held !== ts && ts - t.since >= role.stayMs;
}

/** Those of the matched tracks that live as their roles demand; null = a role has none, so it is not to be raised yet. */
export function lively(matched: Matched, roles: readonly RecipeRole[]): Matched | null {
  const live = matched.map((tracks, i) => tracks.filter((t) => isLively(t, roles[i])));
  return live.some((tracks) => tracks.length === 0) ? null : live;
}

function isLively(t: Track, { alive }: RecipeRole): boolean {
  if (alive === null) return true;
  if (t.hits < LIVELY_HITS) return false;
  // a model's box may jump about a lamp; what the picture does at that place is the better witness, where it can be compared
  const moves = t.look === null ? t.flicker >= alive.flicker : t.stir >= alive.stir;
  return moves || growthOf(t) >= alive.growth;
}

function growthOf(t: Track): number {
  return (t.box[2] * t.box[3]) / Math.max(1e-6, t.area);
}

/** Gap between two boxes against the height of the second; the frame's shape counts because boxes are fractions. */
function isNear(a: Box, b: Box, reach: number, frame: SeenFrame): boolean {
  const dx = Math.max(0, Math.max(a[0], b[0]) - Math.min(a[0] + a[2], b[0] + b[2])) * frame.width;
  const dy = Math.max(0, Math.max(a[1], b[1]) - Math.min(a[1] + a[3], b[1] + b[3])) * frame.height;
  return Math.hypot(dx, dy) <= reach * b[3] * frame.height;
}

/** The box around all of them. */
export function unite(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((b) => b[0]));
  const top = Math.min(...boxes.map((b) => b[1]));
  const right = Math.max(...boxes.map((b) => b[0] + b[2]));
  const bottom = Math.max(...boxes.map((b) => b[1] + b[3]));
  return [left, top, right - left, bottom - top];
}

export function roleObject(role: RecipeRole, t: Track, frame: SeenFrame): RoleObject {
  const [x, y, w, h] = t.box;
  const box: Box = [
    Math.round(x * frame.width),
    Math.round(y * frame.height),
    Math.round(w * frame.width),
    Math.round(h * frame.height),
  ];
  const growth = Math.round(growthOf(t) * 100) / 100;
  const { label, score, flicker, stir } = t;
  return { role: role.role, label, score, box, stayMs: frame.ts - t.since, flicker, stir, growth };
}
