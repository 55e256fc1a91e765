/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import { getContext, setContext } from "svelte";
import type { EventInfo, User } from "../../src/api/schema.ts";
import { Api, ApiFailure } from "./api.ts";
import { Live } from "./live.svelte.ts";
import { Posture } from "./posture/posture.svelte.ts";
import { Preferences } from "./preferences.svelte.ts";
import { Route } from "./route.svelte.ts";
import { Areas } from "./sea/areas/areas.svelte.ts";
import { Recalls } from "./sea/recalls.svelte.ts";
import { Devices } from "./stores/devices.svelte.ts";
import { OpenEvents } from "./stores/events.svelte.ts";
import { Grids } from "./stores/grids.svelte.ts";
import { Inbox } from "./stores/inbox.svelte.ts";
import { OverviewNumbers } from "./stores/overview.svelte.ts";
import { Vessels } from "./stores/vessels.svelte.ts";
import { coded, word, type WordKey } from "./words/words.ts";

const KEY = Symbol("desk");
const OVERVIEW_MS = 30_000;
const FORMATIONS_MS = 15_000;
const POSTURE_MS = 15_000;

/** The composition root of the console: every store once, and the wiring from the live stream into them. */
export class Desk {
  readonly preferences = new Preferences();
  readonly route = new Route();
  readonly api = new Api({ onLoggedOut: () => this.#leave() });
  readonly events = new OpenEvents(this.api);
  readonly inbox = new Inbox(this.api);
  readonly devices = new Devices(this.api);
  readonly vessels = new Vessels(this.api);
  readonly grids = new Grids(this.api);
  readonly overview = new OverviewNumbers(this.api);
  readonly posture = new Posture(this.api.posture);
  readonly recalls = new Recalls(this.api.recalls);
  readonly areas = new Areas(this.api.sea);
  /** where each map was left, by its name */
  readonly views = new Map<string, { lat: number; lon: number; zoom: number }>();
  user = $state.raw<User | null>(null);
  session = $state<"unknown" | "out" | "in">("unknown");
  /** the hub's time, ms UTC, ticking every second */
  now = $state(Date.now());
  /** changed events are announced here for open detail panels */
  changed = $state.raw<{ id: string; revision: number } | null>(null);
  readonly canAct = $derived(this.user !== null && this.user.role !== "viewer");
  /** hub clock minus this computer's */
  #offset = 0;
  #edgeTimer: ReturnType<typeof setTimeout> | undefined;
  #gridTimer: ReturnType<typeof setTimeout> | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];

  readonly live = new Live({
    hello: (h) => (this.#offset = h.now - Date.now()),
    event: (e) => this.take(e),
    health: (h) => {
      this.devices.change(h);
      if (h.subject.startsWith("edge:")) this.#countEdges();
    },
    positions: (p) => this.vessels.move(p),
    recall: ({ id }) => this.recalls.changed(id),
    grids: () => this.#regrid(),
    stats: (s) => {
      this.#offset = s.now - Date.now();
      this.overview.stats(s);
    },
    reset: () => void this.#loadAll(),
    loggedOut: () => this.#leave(),
  });

  t = (key: WordKey, fill?: Readonly<Record<string, string | number>>): string =>
    word(this.preferences.lang, key, fill);
  coded = (prefix: string, code: string): string => coded(this.preferences.lang, prefix, code);
  title = (e: EventInfo): string => (this.preferences.lang === "zh" ? e.titleZh : e.titleEn);

  async start(): Promise<void> {
    this.route.start();
    setInterval(() => (this.now = Date.now() + this.#offset), 1000);
    try {
      this.enter(await this.api.me());
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.session = "out";
    }
  }

  enter(user: User): void {
    this.user = user;
    this.session = "in";
    this.posture.enter(user.username);
    void this.#loadAll();
    this.live.start();
    this.#timers = [
      setInterval(() => void this.overview.load(), OVERVIEW_MS),
      setInterval(() => void this.vessels.loadFormations().catch(() => {}), FORMATIONS_MS),
      setInterval(() => void this.posture.load(), POSTURE_MS),
    ];
  }

  async logout(): Promise<void> {
    await this.api.logout().catch(() => {});
    this.#leave();
  }

  /** An event as the hub sent it, by the stream or as the answer to an action. */
  take(e: EventInfo): void {
    this.events.upsert(e);
    this.inbox.upsert(e, (id, root) => this.grids.within(id, root));
    this.changed = { id: e.id, revision: e.revision };
  }

  /** Edges are counted by the overview alone; when many change, once for all of them. */
  #countEdges(): void {
    clearTimeout(this.#edgeTimer);
    this.#edgeTimer = setTimeout(() => void this.overview.load(), 1000);
  }

  /** Other grids are in force: names, borders, formations and where devices belong. Several changes in a row count once. */
  #regrid(): void {
    clearTimeout(this.#gridTimer);
    this.#gridTimer = setTimeout(() => {
      void this.grids.load();
      void this.vessels.load();
      void this.devices.load();
      if (this.areas.loading.state !== "idle") void this.areas.load();
    }, 600);
  }

  #leave(): void {
    clearTimeout(this.#edgeTimer);
    clearTimeout(this.#gridTimer);
    this.live.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.posture.leave();
    this.recalls.leave();
    this.areas.leave();
    this.user = null;
    this.session = "out";
  }

  async #loadAll(): Promise<void> {
    await Promise.all([
      this.overview.load(),
      this.events.load(),
      this.grids.load(),
      this.devices.load(),
      this.vessels.load(),
      this.posture.load(),
    ]);
    if (this.inbox.loading.state !== "idle") await this.inbox.load();
  }
}

export function provideDesk(desk: Desk): Desk {
  return setContext(KEY, desk);
}

export function useDesk(): Desk {
  return getContext<Desk>(KEY);
}
