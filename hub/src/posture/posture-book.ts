import type { FoldStateRow } from "../store/batch.ts";
import { type EffectsByLevel, NORMAL_EFFECTS, type PostureEffects, type PostureLevel } from "./posture-level.ts";

/** One change of a town's level. */
export interface PostureChange {
  /** hub time, ms UTC */
  readonly ts: number;
  readonly from: PostureLevel;
  readonly to: PostureLevel;
  /** when it reverts to normal by itself, ms UTC; null for normal */
  readonly until: number | null;
  readonly reason: string;
  /** a user's name; `hub` when it reverted by itself */
  readonly who: string;
}

/** Why a wish was not followed. */
export interface PostureProblem {
  readonly code: "UNTIL_NEEDED" | "UNTIL_PAST" | "UNTIL_TOO_LATE" | "REASON_NEEDED";
  readonly message: string;
}

export interface PostureWish {
  readonly level: PostureLevel;
  readonly until: number | null;
  readonly reason: string;
  readonly who: string;
}

export interface PostureOptions {
  readonly effects: EffectsByLevel;
  /** ms */
  readonly longestMs: number;
  /** a town has another level, or the state was loaded anew (then for each town that is not normal) */
  readonly onChange: (town: string, change: PostureChange, now: number) => void;
}

const KEPT = 50;

/**
 * The level of every town, 平战结合. A fold: `set` and `tick` run between two commits, the rows go with the batch, so what was answered
 * as set is durable and a level that ends while the hub is away ends with the first tick after the start.
 */
export class PostureBook {
  readonly #options: PostureOptions;
  /** town -> its newest changes, the newest last; absent = always normal */
  readonly #towns = new Map<string, PostureChange[]>();
  readonly #dirty = new Set<string>();
  #loaded = false;

  constructor(options: PostureOptions) {
    this.#options = options;
  }

  load(rows: readonly FoldStateRow[]): void {
    const before = [...this.#towns.keys()];
    this.#towns.clear();
    this.#dirty.clear();
    for (const { room, key, state } of rows)
      if (room === "posture" && state !== null) this.#towns.set(key, (state as { changes: PostureChange[] }).changes);
    // A change whose commit failed never was: who acted on it hears the truth with the next tick.
    for (const town of before) if (!this.#towns.has(town)) this.#towns.set(town, []);
    this.#loaded = true;
  }

  drain(out: FoldStateRow[]): void {
    for (const town of this.#dirty)
      out.push({ room: "posture", key: town, state: { changes: this.#towns.get(town) ?? [] } });
    this.#dirty.clear();
  }

  /** Tells of what was loaded, and reverts what has run out. */
  tick(now: number): void {
    if (this.#loaded) {
      this.#loaded = false;
      for (const town of this.#towns.keys()) {
        const last = this.of(town);
        const normal: PostureChange = { ts: now, from: "normal", to: "normal", until: null, reason: "", who: "hub" };
        this.#options.onChange(town, last ?? normal, now);
      }
    }
    for (const [town, changes] of this.#towns) {
      const last = changes.at(-1);
      if (last === undefined || last.until === null || last.until > now) continue;
      this.#add(town, { ts: now, from: last.to, to: "normal", until: null, reason: "", who: "hub" }, now);
    }
  }

  /** @param town id of a grid; whether it is a town, and the caller's, is checked by who calls */
  set(town: string, wish: PostureWish, now: number): PostureChange | PostureProblem {
    const reason = wish.reason.trim();
    const { level, who } = wish;
    let { until } = wish;
    if (level === "normal") until = null;
    else {
      const hours = Math.round(this.#options.longestMs / 360_000) / 10;
      if (reason === "") return { code: "REASON_NEEDED", message: "say why the level is raised" };
      if (until === null) return { code: "UNTIL_NEEDED", message: "say until when the level holds" };
      if (until <= now) return { code: "UNTIL_PAST", message: "the end lies in the past" };
      if (until - now > this.#options.longestMs)
        return { code: "UNTIL_TOO_LATE", message: `a level holds for at most ${hours} hours; set it anew before` };
    }
    const from = this.levelOf(town);
    if (from === "normal" && level === "normal") return { ts: now, from, to: level, until: null, reason, who };
    return this.#add(town, { ts: now, from, to: level, until, reason, who }, now);
  }

  /** The change that brought the level of now; null = nobody ever changed it. */
  of(town: string): PostureChange | null {
    return this.#towns.get(town)?.at(-1) ?? null;
  }

  levelOf(town: string | null): PostureLevel {
    return (town !== null && this.#towns.get(town)?.at(-1)?.to) || "normal";
  }

  effectsOf(town: string | null): PostureEffects {
    const level = this.levelOf(town);
    return level === "normal" ? NORMAL_EFFECTS : this.#options.effects[level];
  }

  /** The newest first. */
  history(town: string): PostureChange[] {
    return [...(this.#towns.get(town) ?? [])].reverse();
  }

  #add(town: string, change: PostureChange, now: number): PostureChange {
    const changes = [...(this.#towns.get(town) ?? []), change].slice(-KEPT);
    this.#towns.set(town, changes);
    this.#dirty.add(town);
    this.#options.onChange(town, change, now);
    return change;
  }
}
