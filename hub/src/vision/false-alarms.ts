import type { GridEvent } from "../event.ts";
import type { FoldStateRow } from "../store/batch.ts";
import type { Box } from "./detection.ts";
import type { Recipe } from "./recipe.ts";

/** What somebody called a false alarm at a camera. JSON: it is durable. */
interface Hush {
  readonly uid: string;
  readonly recipe: string;
  /** fractions of the frame */
  readonly box: Box;
  /** ms UTC */
  readonly until: number;
  readonly event: string;
}

const KEY = "hush ";
/** Labels remembered a camera and recipe; the oldest go first. */
const MAX = 16;

/** After the label "false alarm" the same thing at the same place is not raised again for the recipe's cooldown. */
export class FalseAlarms {
  readonly #known = new Map<string, Hush[]>();

  load(rows: readonly FoldStateRow[]): void {
    this.#known.clear();
    for (const row of rows)
      if (row.key.startsWith(KEY) && Array.isArray(row.state)) this.#known.set(row.key, row.state as Hush[]);
  }

  /** @param uid of a camera, or one of its views */
  at(uid: string, recipe: Recipe): readonly Hush[] {
    return this.#known.get(keyOf(uid, recipe.name)) ?? [];
  }

  /** @param now hub time, ms UTC */
  add(event: Pick<GridEvent, "id">, uid: string, recipe: Recipe, box: Box, now: number, out: FoldStateRow[]): void {
    const key = keyOf(uid, recipe.name);
    const valid = (this.#known.get(key) ?? []).filter((h) => h.until > now);
    if (valid.some((h) => h.event === event.id)) return;
    const hush = { uid, recipe: recipe.name, box, until: now + recipe.cooldownMs, event: event.id };
    const state = [...valid, hush].slice(-MAX);
    this.#known.set(key, state);
    out.push({ room: "vision", key, state });
  }

  /** Forgets what has run out. */
  sweep(now: number, out: FoldStateRow[]): void {
    for (const [key, hushes] of this.#known) {
      if (hushes.some((h) => h.until > now)) continue;
      this.#known.delete(key);
      out.push({ room: "vision", key, state: null });
    }
  }
}

function keyOf(uid: string, recipe: string): string {
  return `${KEY}${uid} ${recipe}`;
}
