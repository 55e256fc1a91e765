/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { EventInfo } from "../../../src/api/schema.ts";
import type { Api, Query } from "../api.ts";
import { Loading } from "./loading.svelte.ts";

export interface InboxFilter {
  sensing: string;
  handling: string;
  severity: string;
  kind: string;
  grid: string;
  device: string;
  from: string;
  q: string;
}
export const NO_FILTER: InboxFilter = {
  sensing: "",
  handling: "",
  severity: "",
  kind: "",
  grid: "",
  device: "",
  from: "",
  q: "",
};
const PAGE = 60;

/** The event archive: pages by cursor, newest first, one filter; changes from the stream are folded in where they match. */
export class Inbox {
  readonly loading = new Loading();
  filter = $state<InboxFilter>({ ...NO_FILTER });
  items = $state.raw<EventInfo[]>([]);
  next = $state<string | null>(null);
  total = $state<number | null>(null);
  loadingMore = $state(false);
  #abort: AbortController | null = null;
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  #query(): Query {
    return { ...this.filter, limit: PAGE };
  }

  async load(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      await this.loading.run(async () => {
        const page = await this.#api.events(this.#query(), abort.signal);
        this.items = page.items;
        this.next = page.next;
        this.total = page.total ?? null;
      });
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  }

  async more(): Promise<void> {
    if (this.next === null || this.loadingMore) return;
    this.loadingMore = true;
    await this.loading.run(async () => {
      const page = await this.#api.events({ ...this.#query(), cursor: this.next });
      const known = new Set(this.items.map((e) => e.id));
      this.items = [...this.items, ...page.items.filter((e) => !known.has(e.id))];
      this.next = page.next;
    });
    this.loadingMore = false;
  }

  /** Folds a change in. A listed event stays listed until the next load, so that nothing jumps away under the cursor. */
  upsert(e: EventInfo, within: (gridId: string | null, root: string) => boolean): void {
    if (this.loading.state !== "ready") return;
    const at = this.items.findIndex((x) => x.id === e.id);
    if (at >= 0) this.items = this.items.with(at, e);
    else if (matches(e, this.filter, within)) {
      this.items = [e, ...this.items];
      if (this.total !== null) this.total++;
    }
  }
}

export function matches(
  e: EventInfo,
  f: InboxFilter,
  within: (gridId: string | null, root: string) => boolean,
): boolean {
  const text = `${e.titleZh} ${e.titleEn} ${e.subjectTitle} ${e.gridPath.join(" ")}`.toLowerCase();
  return (
    (f.sensing === "" || e.sensing === f.sensing) &&
    (f.handling === "" || e.handling === f.handling) &&
    (f.severity === "" || String(e.severity) === f.severity) &&
    (f.kind === "" || e.kind === f.kind) &&
    (f.device === "" || e.deviceUid === f.device) &&
    (f.from === "" || e.openedAt >= Number(f.from)) &&
    (f.grid === "" || within(e.gridId, f.grid)) &&
    (f.q === "" || text.includes(f.q.toLowerCase()))
  );
}
