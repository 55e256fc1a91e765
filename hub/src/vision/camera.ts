import { NEW_CAMERA, type CameraState, type RecipeState } from "./camera-state.ts";
import type { RoleCount } from "./count.ts";
import type { Box, Detection } from "./detection.ts";
import type { Bearings } from "./landmarks.ts";
import { isBlind, type Luma } from "./look.ts";
import { besideOf, countedRole, filledSince, lively, match, needOf, roleObject, unite, type Matched } from "./match.ts";
import { inHours, type Recipe } from "./recipe.ts";
import { expire, follow, type FrameSight, type Track, type TrackOptions } from "./tracks.ts";
import { crosses, type Point, type Zone } from "./zone.ts";

export { NEW_CAMERA, type CameraState };

/** A frame that the models have looked at; boxes in its pixels. */
export interface SeenFrame {
  /** ms UTC */
  readonly ts: number;
  readonly width: number;
  readonly height: number;
  readonly luma?: Luma | null;
  readonly found: readonly { readonly model: string; readonly detections: readonly Detection[] }[];
}

/** A recipe as it applies to one camera. */
export interface Watched {
  readonly recipe: Recipe;
  readonly zone: Zone;
  readonly hours: unknown;
  readonly line?: readonly [Point, Point] | null;
  /** of each role at this camera; absent = the recipe's */
  readonly counts?: readonly RoleCount[];
  /** somebody called what was here a false alarm: not raised again before `until`, ms UTC */
  readonly hushed?: readonly { readonly box: Box; readonly until: number }[];
}

/** What a camera is to watch for. */
export interface Watch {
  readonly recipes: readonly Watched[];
  readonly tracks: TrackOptions;
  /** minute of the local day of a time */
  readonly minute: (ts: number) => number;
  /** threshold of a class of a model, where a role names none; default 0: the detector's own */
  readonly threshold?: (model: string, label: string) => number;
  /** how what is in the box stands to the registered devices of a kind; absent = there are none. Box as fractions */
  readonly bearings?: (kind: string, box: Box, frame: Pick<SeenFrame, "width" | "height">) => Bearings;
  /** multiply thresholds and dwells; the posture's hook, 1 = normal */
  readonly scoreFactor?: number;
  readonly dwellFactor?: number;
}

/** Something began, goes on or ended at a camera. */
export interface Outcome {
  readonly recipe: Recipe;
  readonly phase: "raise" | "update" | "clear";
  readonly dwellMs: number;
  /** what fulfils the roles, for the evidence; boxes in pixels */
  readonly objects: readonly RoleObject[];
  /** around all of them, fractions of the frame; null where it was never seen */
  readonly box: Box | null;
  readonly votes: string;
  /** of the role that is counted */
  readonly count?: CountSeen;
}

export interface CountSeen extends RoleCount {
  /** in the newest frame that showed it, and at most since it began */
  readonly seen: number;
  readonly most: number;
}

/** How an object stands to the registered device that its role names. */
export interface Beside {
  readonly kind: string;
  /** uid; null = the nearest one is not known */
  readonly device: string | null;
  readonly title?: string;
  readonly metres?: number;
  /** of the object's own place, metres */
  readonly errorM?: number;
  /** by the object's own place, or because it stands in the zone */
  readonly by: "place" | "zone";
  /** why its place did not tell */
  readonly why?: string;
}

export interface RoleObject {
  readonly role: string;
  readonly label: string;
  readonly score: number;
  readonly box: Box;
  readonly stayMs: number;
  /** see `alive` of a recipe's role */
  readonly flicker: number;
  readonly stir: number;
  readonly growth: number;
  readonly beside?: Beside;
}

/** Folds one frame into a camera's state. Pure; a frame that is not newer than the last one changes nothing. */
export function foldFrame(
  state: CameraState,
  frame: SeenFrame,
  watch: Watch,
): { state: CameraState; outcomes: Outcome[] } {
  if (frame.ts <= state.at) return { state, outcomes: [] };
  const luma = frame.luma ?? null;
  const sight: FrameSight = { ts: frame.ts, luma, blind: isBlind(luma), family: families(watch.recipes) };
  const tracks: Record<string, readonly Track[]> = {};
  // a model that rests by schedule keeps its tracks; how long is theirs to say
  for (const [model, list] of Object.entries(state.tracks))
    tracks[model] = expire(list, state.at, frame.ts, watch.tracks);
  let nextId = state.nextId;
  for (const { model, detections } of frame.found) {
    const seen = detections.map((d): Detection => ({ ...d, box: fraction(d.box, frame) }));
    const next = follow(tracks[model] ?? [], seen, sight, nextId, watch.tracks);
    const before = new Map(tracks[model]?.map((t) => [t.id, t]));
    for (const t of next.tracks) noteCrossing(t, before.get(t.id), watch.recipes);
    tracks[model] = next.tracks;
    nextId = next.nextId;
  }
  const outcomes: Outcome[] = [];
  const recipes: Record<string, RecipeState> = {};
  // nobody watched in between: what was waiting starts anew, what was raised stays until frames show its absence
  const silent = frame.ts - state.at > watch.tracks.gapMs;
  const minute = watch.minute(frame.ts);
  for (const watched of watch.recipes) {
    const { recipe, hours } = watched;
    const old = state.recipes[recipe.name];
    const before = old !== undefined && silent && old.raised === 0 ? undefined : old;
    const open = inHours(hours, minute);
    // one of its models did not look at this frame: no vote
    const looked = recipe.models.every((m) => frame.found.some((f) => f.model === m));
    const matched = !open
      ? null
      : looked
        ? match(watched, tracks, frame, watch, sight.blind, (before?.raised ?? 0) !== 0)
        : "unknown";
    const next = matched === "unknown" ? (before ?? null) : advance(before, watched, matched, frame, watch, outcomes);
    if (next !== null) recipes[recipe.name] = next;
  }
  return { state: { v: 2, at: frame.ts, nextId, tracks, recipes }, outcomes };
}

const NOTHING: RecipeState = { since: 0, seen: 0, looks: [], absent: 0, raised: 0, updated: 0, box: null };

function advance(
  old: RecipeState | undefined,
  watched: Watched,
  matched: Matched | null,
  frame: SeenFrame,
  watch: Watch,
  outcomes: Outcome[],
): RecipeState | null {
  const { recipe, hushed } = watched;
  const s: RecipeState = { ...(old ?? NOTHING) };
  const raised = s.raised !== 0;
  s.looks = [...s.looks, matched === null ? -frame.ts : frame.ts].slice(-recipe.votes.n);
  const votes = s.looks.filter((t) => t > 0 && frame.ts - t <= recipe.votes.withinMs).length;
  const live = matched === null ? null : lively(matched, watched, raised);
  const counts = watched.counts ?? recipe.counts;
  const counted = countedRole(counts);
  const out = (phase: Outcome["phase"], dwellMs: number): void => {
    const objects = (live ?? matched ?? []).flatMap((tracks, i) =>
      tracks.map((t) => {
        const beside = besideOf(t.box, recipe.roles[i], watched, frame, watch, raised);
        return roleObject(recipe.roles[i], t, frame, beside);
      }),
    );
    const count = counted === -1 ? null : { ...counts[counted], seen: s.count ?? 0, most: s.most ?? 0 };
    const said = `${votes} of ${recipe.votes.n}`;
    outcomes.push({ recipe, phase, dwellMs, objects, box: s.box, votes: said, ...(count !== null && { count }) });
  };
  if (matched === null) {
    s.absent++;
    if (s.absent < recipe.absent || frame.ts - s.seen < recipe.absentMs) return s.since === 0 ? null : s;
    if (s.raised !== 0) out("clear", s.seen - s.since);
    return null;
  }
  // it began when the last of its roles was in place, which is earlier than now by what the roles have to stay
  if (s.since === 0) s.since = Math.max(...matched.map((tracks, i) => filledSince(tracks, needOf(watched, i, raised))));
  s.seen = frame.ts;
  s.absent = 0;
  s.box = unite((live ?? matched).flat().map((t) => t.box));
  if (counted !== -1) {
    s.count = (live ?? matched)[counted].length;
    s.most = Math.max(s.most ?? 0, s.count);
  }
  const dwellMs = frame.ts - s.since;
  if (s.raised === 0) {
    if (dwellMs < recipe.dwellMs * (watch.dwellFactor ?? 1) || votes < recipe.votes.k) return s;
    if (live === null || isHushed(hushed ?? [], s.box, frame.ts)) return s;
    s.raised = frame.ts;
    s.updated = frame.ts;
    out("raise", dwellMs);
  } else if (frame.ts - s.updated >= recipe.updateMs) {
    s.updated = frame.ts;
    out("update", dwellMs);
  }
  return s;
}

/** What was called a false alarm stays quiet while it is where it was, and no larger than twice its size: a fire grows. */
function isHushed(hushed: NonNullable<Watched["hushed"]>, box: Box, ts: number): boolean {
  return hushed.some(({ box: b, until }) => {
    const [x, y] = [box[0] + box[2] / 2, box[1] + box[3] / 2];
    const inside = x >= b[0] - 0.02 && x <= b[0] + b[2] + 0.02 && y >= b[1] - 0.02 && y <= b[1] + b[3] + 0.02;
    return ts < until && inside && box[2] * box[3] <= 2 * b[2] * b[3] + 0.002;
  });
}

/** Labels that some role takes for one another. */
function families(recipes: readonly Watched[]): ReadonlyMap<string, string> {
  const family = new Map<string, string>();
  for (const { recipe } of recipes)
    for (const role of recipe.roles)
      if (role.alike) for (const label of role.labels) family.set(label, `${recipe.name}/${role.role}`);
  return family;
}

function noteCrossing(t: Track, before: Track | undefined, recipes: readonly Watched[]): void {
  if (before === undefined || t.last === before.last) return;
  const foot = ([x, y, w, h]: Box): Point => [x + w / 2, y + h];
  for (const { recipe, line } of recipes) {
    if (recipe.line === null || line == null || !crosses(line, foot(before.box), foot(t.box))) continue;
    t.crossed = { ...t.crossed, [recipe.line]: t.last };
  }
}

function fraction([x, y, w, h]: Box, frame: SeenFrame): Box {
  const f = (v: number, full: number): number => Math.round((v / full) * 1e4) / 1e4;
  return [f(x, frame.width), f(y, frame.height), f(w, frame.width), f(h, frame.height)];
}
