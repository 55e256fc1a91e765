import type { Beside, RoleObject, SeenFrame, Watch, Watched } from "./camera.ts";
import type { RoleCount } from "./count.ts";
import type { Box } from "./detection.ts";
import type { RecipeRole } from "./recipe.ts";
import { confirmed, type Track } from "./tracks.ts";
import { standsIn } from "./zone.ts";

/** Tracks that fulfil each role, in the order of the roles. */
export type Matched = readonly (readonly Track[])[];

/** Sightings from which on a running mean says something. */
const LIVELY_HITS = 3;

/** What was raised at a registered device goes on until it is this much farther from it: a box that trembles is not leaving. */
const LEAVING = 1.25;

/**
 * What of a camera's tracks fulfils the recipe's roles; null = a role has too few, a vote against it; "unknown" = the frame does not
 * tell, because it is too dark or what rested there still looks the same although the model did not see it: no vote.
 * @param raised it was raised and goes on while there are as many as its counts keep
 */
export function match(
  watched: Watched,
  tracks: Readonly<Record<string, readonly Track[]>>,
  frame: SeenFrame,
  watch: Watch,
  blind: boolean,
  raised: boolean,
): Matched | null | "unknown" {
  const matched = roles(watched, tracks, frame, watch, raised, false);
  if (matched !== null) return matched;
  return blind || roles(watched, tracks, frame, watch, raised, true) !== null ? "unknown" : null;
}

/** Objects that a role needs now. */
export function needOf({ recipe, counts }: Watched, role: number, raised: boolean): number {
  const { need, keep } = (counts ?? recipe.counts)[role];
  return raised ? keep : need;
}

function roles(
  watched: Watched,
  tracks: Readonly<Record<string, readonly Track[]>>,
  frame: SeenFrame,
  watch: Watch,
  raised: boolean,
  held: boolean,
): Matched | null {
  const { recipe, zone, line } = watched;
  const matched: Track[][] = [];
  for (const role of recipe.roles) {
    const near = role.near;
    let fit = (tracks[role.model] ?? []).filter(
      (t) =>
        role.labels.has(t.label) &&
        t.score >= (watch.scoreFactor ?? 1) * (role.score ?? watch.threshold?.(role.model, t.label) ?? 0) &&
        isThere(t, role, frame, watch, held) &&
        (recipe.line === null || (line != null && t.crossed?.[recipe.line] !== undefined)) &&
        (role.beside !== null || standsIn(zone, t.box)) &&
        (near === null || matched[near.role].some((o) => isNear(t.box, o.box, near.reach, frame))),
    );
    if (role.beside !== null) fit = atOneDevice(fit, role, watched, frame, watch, raised);
    if (fit.length < needOf(watched, matched.length, raised)) return null;
    matched.push(fit);
  }
  return matched;
}

/** Those at the device beside which one has stood for longest: two cars at two hydrants have no place in common. */
function atOneDevice(
  tracks: readonly Track[],
  role: RecipeRole,
  watched: Watched,
  frame: SeenFrame,
  watch: Watch,
  raised: boolean,
): Track[] {
  const at = tracks
    .map((track) => ({ track, beside: besideOf(track.box, role, watched, frame, watch, raised) }))
    .filter(({ beside }) => beside !== null)
    .sort((a, b) => a.track.since - b.track.since);
  return at.filter(({ beside }) => beside?.device === at[0].beside?.device).map(({ track }) => track);
}

/**
 * Whether the object stands at a registered device as its role wants: by its own place where that is known well enough, else in the
 * zone where that is drawn. A place whose error is larger than the distance asked for tells nothing: within both, the object is nearer
 * than twice that distance in 95 % of the cases.
 */
export function besideOf(
  box: Box,
  { beside: rule }: RecipeRole,
  { zone }: Watched,
  frame: SeenFrame,
  watch: Watch,
  raised: boolean,
): Beside | null {
  if (rule === null) return null;
  const { nearest = null, errorM = null, unlocated } = watch.bearings?.(rule.kind, box, frame) ?? {};
  const most = rule.within * (raised ? LEAVING : 1);
  const round = (m: number): number => Math.round(m * 10) / 10;
  const known = {
    kind: rule.kind,
    device: nearest?.device ?? null,
    ...(nearest !== null && { title: nearest.title, metres: round(nearest.metres) }),
    ...(errorM !== null && { errorM: round(errorM) }),
  };
  const sure = errorM !== null && errorM <= most;
  if (nearest !== null && sure && nearest.metres <= most) return { ...known, by: "place" };
  if (zone.length === 0 || !standsIn(zone, box)) return null;
  return { ...known, by: "zone", why: unlocated ?? (errorM === null ? "not_calibrated" : sure ? "far" : "uncertain") };
}

function isThere(t: Track, role: RecipeRole, { ts }: SeenFrame, watch: Watch, held: boolean): boolean {
  if (held && t.held === ts) return ts - t.since >= role.stayMs;
  // what only has to be there is believed by the recipe's own votes: a passer-by makes a new track with every frame
  if (role.stayMs === 0) return t.last === ts;
  return confirmed(t, watch.tracks) && t.held !== ts && ts - t.since >= role.stayMs;
}

/** Those of the matched tracks that live as their roles demand; null = a role has too few, so it is not to be raised yet. */
export function lively(matched: Matched, watched: Watched, raised: boolean): Matched | null {
  const live = matched.map((tracks, i) => tracks.filter((t) => isLively(t, watched.recipe.roles[i])));
  return live.some((tracks, i) => tracks.length < needOf(watched, i, raised)) ? null : live;
}

/** Since when a role has had as many as it needs. */
export function filledSince(tracks: readonly Track[], need: number): number {
  return tracks.map((t) => t.since).sort((a, b) => a - b)[need - 1];
}

/** The role whose objects are counted, if there is one; -1 = none. */
export function countedRole(counts: readonly RoleCount[]): number {
  return counts.findIndex(({ need }) => need > 1);
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

export function roleObject(role: RecipeRole, t: Track, frame: SeenFrame, beside: Beside | null): RoleObject {
  const [x, y, w, h] = t.box;
  const box: Box = [
    Math.round(x * frame.width),
    Math.round(y * frame.height),
    Math.round(w * frame.width),
    Math.round(h * frame.height),
  ];
  const growth = Math.round(growthOf(t) * 100) / 100;
  const { label, score, flicker, stir } = t;
  return {
    role: role.role,
    label,
    score,
    box,
    stayMs: frame.ts - t.since,
    flicker,
    stir,
    growth,
    ...(beside !== null && { beside }),
  };
}
