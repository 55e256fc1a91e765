import type { Translation } from "./translation.ts";

/** Shown as `source_unavailable` in the device's health. */
const CODE = "unavailable";

/**
 * Which devices their publisher calls unavailable, and its newest boot. A report names all of them, so that the one that is not named is
 * well again. Survives a restart: brokers need not have kept it.
 */
export class Availability {
  readonly #away = new Map<string, string>();
  #boot = 0;
  #dirty = false;

  /** Of the publisher: ms UTC of its newest birth; 0 = none seen. */
  get boot(): number {
    return this.#boot;
  }

  /** A new start of the publisher. Boots grow also where the clock was set back. */
  born(now: number): number {
    this.#boot = Math.max(now, this.#boot + 1);
    this.#dirty = true;
    return this.#boot;
  }

  say(out: Translation, device: string, available: boolean): void {
    if (available ? this.#away.delete(device) : !this.#away.has(device)) this.#dirty = true;
    if (!available) this.#away.set(device, CODE);
    out.sources(this.#boot, this.#away);
  }

  load(rows: readonly { readonly key: string; readonly state: unknown }[]): void {
    for (const { key, state } of rows) {
      if (key !== "availability") continue;
      const { boot, away } = state as { boot: number; away: string[] };
      this.#boot = boot;
      for (const device of away) this.#away.set(device, CODE);
    }
  }

  drain(): { key: string; state: unknown }[] {
    if (!this.#dirty) return [];
    this.#dirty = false;
    return [{ key: "availability", state: { boot: this.#boot, away: [...this.#away.keys()] } }];
  }

  redrain(): void {
    this.#dirty = true;
  }
}
