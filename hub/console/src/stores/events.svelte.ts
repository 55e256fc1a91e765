/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { EventInfo } from "../../../src/api/schema.ts";
import type { Api } from "../api.ts";
import { isSettled } from "../parts/handling-steps.ts";
import { Loading } from "./loading.svelte.ts";

/** Still wants a person: sensed now and not settled, or never looked at. */
export function isOpen(e: EventInfo): boolean {
  if (isSettled(e.handling)) return false;
  return e.sensing === "active" || e.handling === "new";
}

/** What is still so comes first, the most urgent of it before all; then newest. */
export function byUrgency(a: EventInfo, b: EventInfo): number {
  const over = (e: EventInfo) => Number(e.sensing === "cleared");
  return over(a) - over(b) || a.severity - b.severity || b.openedAt - a.openedAt;
}

/** The open events, kept current by the stream. */
export class OpenEvents {
  readonly loading = new Loading();
  list = $state.raw<EventInfo[]>([]);
  /** ids that came by the stream within the last moments: marked once, briefly */
  fresh = $state.raw<ReadonlySet<string>>(new Set());
  readonly #byId = new Map<string, EventInfo>();
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      const [active, unseen] = await Promise.all([
        this.#api.events({ sensing: "active", limit: 500 }),
        this.#api.events({ handling: "new", limit: 500 }),
      ]);
      this.#byId.clear();
      for (const e of [...active.items, ...unseen.items]) this.#byId.set(e.id, e);
      this.#publish();
    });
  }

  upsert(e: EventInfo): void {
    const known = this.#byId.get(e.id);
    if (known !== undefined && known.revision > e.revision) return;
    if (isOpen(e)) this.#byId.set(e.id, e);
    else this.#byId.delete(e.id);
    if (known === undefined && isOpen(e)) this.#mark(e.id);
    this.#publish();
  }

  #publish(): void {
    this.list = [...this.#byId.values()].filter(isOpen).sort(byUrgency);
  }

  #mark(id: string): void {
    this.fresh = new Set(this.fresh).add(id);
    setTimeout(() => {
      const rest = new Set(this.fresh);
      rest.delete(id);
      this.fresh = rest;
    }, 3_000);
  }
}
