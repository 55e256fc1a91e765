import type { FoldStateRow } from "../../store/batch.ts";

/** A word that the hub cannot know by itself: a weather warning, the posture of a town. */
export interface AreaFlag {
  readonly name: string;
  /** "" = everywhere */
  readonly grid: string;
  readonly value: string;
  /** hub time at which it ends by itself, ms UTC; null = until it is set anew */
  readonly until: number | null;
}

const KEY = "@flag ";

/** Flags by name and grid, durable. Whoever sets them (API, posture, weather) need not know which rules ask. */
export class AreaFlags {
  readonly #flags = new Map<string, AreaFlag>();
  #rows: FoldStateRow[] = [];

  load(rows: readonly FoldStateRow[]): void {
    this.#flags.clear();
    this.#rows = [];
    for (const { room, key, state } of rows)
      if (room === "rules" && key.startsWith(KEY) && state !== null)
        this.#flags.set(key.slice(KEY.length), state as AreaFlag);
  }

  /** @param flag with an empty value the flag is taken back */
  set(flag: AreaFlag): void {
    const key = `${flag.name}|${flag.grid}`;
    if (flag.value === "") this.#flags.delete(key);
    else this.#flags.set(key, flag);
    this.#rows.push({ room: "rules", key: KEY + key, state: flag.value === "" ? null : flag });
  }

  /** Takes back what has run out. @returns names of flags that ended */
  expire(now: number): string[] {
    const ended: string[] = [];
    for (const flag of this.#flags.values()) {
      if (flag.until === null || flag.until > now) continue;
      ended.push(flag.name);
      this.set({ ...flag, value: "" });
    }
    return ended;
  }

  /** Values of a flag that hold in a grid, given by its path (its own id and those above it). */
  *of(name: string, path: readonly string[]): Generator<string> {
    for (const flag of this.#flags.values())
      if (flag.name === name && (flag.grid === "" || path.includes(flag.grid))) yield flag.value;
  }

  all(): AreaFlag[] {
    return [...this.#flags.values()];
  }

  drain(out: FoldStateRow[]): void {
    for (const row of this.#rows.splice(0)) out.push(row);
  }
}
