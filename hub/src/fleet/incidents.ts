import type { Changes } from "./changes.ts";

/** Something that waits out its hold, or was reported and is not over. JSON: this is what the database keeps. */
export interface Incident<D> {
  readonly gridId: string | null;
  /** hub time when it began, ms UTC */
  readonly since: number;
  readonly open: boolean;
  /** hub time of the last finding */
  readonly updatedAt: number;
  readonly data: D;
}

/** Durable room of a rule that Fleet loads and clears with all the others. */
export interface Watch {
  /** keys of its rows begin with this */
  readonly prefix: string;
  load(key: string, state: unknown): void;
  reset(): void;
}

/**
 * Timers and open findings of one rule by key. States are values: a change is a new one, so a row written later says what was
 * true when it was marked.
 */
export class Incidents<D> implements Watch {
  readonly prefix: string;
  readonly #changes: Changes;
  readonly #states = new Map<string, Incident<D>>();

  constructor(prefix: string, changes: Changes) {
    this.prefix = prefix;
    this.#changes = changes;
  }

  load(key: string, state: unknown): void {
    this.#states.set(key, state as Incident<D>);
  }

  reset(): void {
    this.#states.clear();
  }

  get(key: string): Incident<D> | undefined {
    return this.#states.get(key);
  }

  isOpen(key: string): boolean {
    return this.#states.get(key)?.open === true;
  }

  set(key: string, state: Incident<D>): void {
    this.#states.set(key, state);
    this.#changes.mark(this.prefix + key, () => state);
  }

  drop(key: string): void {
    if (this.#states.delete(key)) this.#changes.mark(this.prefix + key, () => null);
  }

  /** Safe against changes while it is walked. */
  entries(): IterableIterator<[string, Incident<D>]> {
    return this.#states.entries();
  }

  get size(): number {
    return this.#states.size;
  }
}

/**
 * The usual life of an incident: waits out the hold, is raised, is updated when there is news, ends when it is over.
 * @returns what is to be reported now, null = nothing
 */
export function step<D>(
  incidents: Incidents<D>,
  key: string,
  seen: { readonly on: boolean; readonly off: boolean; readonly gridId: string | null; readonly data: D },
  now: number,
  rule: { readonly holdMs: number; readonly updateMs: number; readonly news: (before: D, after: D) => boolean },
): { readonly phase: "raise" | "update" | "clear"; readonly state: Incident<D> } | null {
  const state = incidents.get(key);
  if (state === undefined) {
    if (!seen.on) return null;
    const begun = { gridId: seen.gridId, since: now, open: rule.holdMs <= 0, updatedAt: now, data: seen.data };
    incidents.set(key, begun);
    return begun.open ? { phase: "raise", state: begun } : null;
  }
  if (state.open ? seen.off : !seen.on) {
    incidents.drop(key);
    return state.open ? { phase: "clear", state: { ...state, data: seen.data } } : null;
  }
  if (!state.open) {
    if (now - state.since < rule.holdMs) return null;
    const opened = { ...state, open: true, updatedAt: now, data: seen.data };
    incidents.set(key, opened);
    return { phase: "raise", state: opened };
  }
  if (!seen.on || now - state.updatedAt < rule.updateMs || !rule.news(state.data, seen.data)) return null;
  const changed = { ...state, updatedAt: now, data: seen.data };
  incidents.set(key, changed);
  return { phase: "update", state: changed };
}
