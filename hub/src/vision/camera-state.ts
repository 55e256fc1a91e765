import type { Box } from "./detection.ts";
import type { Track } from "./tracks.ts";

/** How far a recipe has come at one camera. Times in ms UTC; 0 = not. */
export interface RecipeState {
  /** since when it has held */
  since: number;
  /** last frame that showed it */
  seen: number;
  /** the last looks, newest last: time of the frame, negative where it did not show it */
  looks: number[];
  /** frames without it since */
  absent: number;
  raised: number;
  updated: number;
  /** where it was seen last, fractions of the frame */
  box: Box | null;
  /** objects of the role that is counted: when it was seen last, and at most; absent = nothing is counted */
  count?: number;
  most?: number;
}

/** Durable state of one camera, JSON. */
export interface CameraState {
  readonly v: 2;
  /** time of the newest frame folded in, ms UTC */
  readonly at: number;
  readonly nextId: number;
  /** by model name */
  readonly tracks: Readonly<Record<string, readonly Track[]>>;
  readonly recipes: Readonly<Record<string, RecipeState>>;
}

export const NEW_CAMERA: CameraState = { v: 2, at: 0, nextId: 1, tracks: {}, recipes: {} };

/** Stored state as it is today; null for what is none. Version 1 knew neither looks nor what tracks look like. */
export function readCameraState(value: unknown): CameraState | null {
  if (typeof value !== "object" || value === null) return null;
  const { v } = value as { v?: unknown };
  if (v === 2) return value as CameraState;
  return v === 1 ? fromVersion1(value as OldState) : null;
}

interface OldState {
  readonly at: number;
  readonly nextId: number;
  readonly tracks: Readonly<
    Record<
      string,
      readonly Pick<Track, "id" | "label" | "box" | "score" | "first" | "last" | "votes" | "anchor" | "since">[]
    >
  >;
  readonly recipes: Readonly<
    Record<string, Pick<RecipeState, "since" | "seen" | "absent" | "raised" | "updated"> & { readonly votes: number }>
  >;
}

function fromVersion1(old: OldState): CameraState {
  const tracks: Record<string, Track[]> = {};
  for (const [model, list] of Object.entries(old.tracks)) {
    tracks[model] = list.map((t) => {
      const plain = { hits: 3, area: t.anchor[2] * t.anchor[3], flicker: 0, stir: 0, look: null, light: 0, held: 0 };
      return { ...t, ...plain };
    });
  }
  const recipes: Record<string, RecipeState> = {};
  for (const [name, { votes, ...r }] of Object.entries(old.recipes)) {
    const looks: number[] = [];
    for (let bit = 29; bit >= 0; bit--) if ((votes >> bit) & 1) looks.push(r.seen - bit);
    recipes[name] = { ...r, looks, box: null };
  }
  return { v: 2, at: old.at, nextId: old.nextId, tracks, recipes };
}

/** How long something may have begun without being raised and still be worth hurrying for, ms: a lamp waits for ever. */
const HURRY_MS = 600_000;

/** Recipes that have begun at a camera and wait to be raised. */
export function waitingRecipes(state: CameraState | undefined): string[] {
  if (state === undefined) return [];
  return Object.entries(state.recipes)
    .filter(([, s]) => s.since !== 0 && s.raised === 0 && state.at - s.since < HURRY_MS)
    .map(([name]) => name);
}

/** What makes a state worth writing at once: which tracks there are and how far the recipes are, not where the boxes wander. */
export function shapeOf(state: CameraState): string {
  const tracks = Object.values(state.tracks).map((list) => list.map((t) => `${t.id}:${t.since}`));
  const recipes = Object.entries(state.recipes).map(([name, r]) => [name, r.since, r.raised, r.updated, r.absent]);
  return JSON.stringify([tracks, recipes]);
}
