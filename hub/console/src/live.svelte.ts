import type { EventInfo } from "../../src/api/schema.ts";
import { sseParser } from "./sse.ts";

export interface HealthChange {
  readonly subject: string;
  readonly uid?: string;
  readonly to: "unknown" | "online" | "late" | "offline" | "flapping";
  readonly reason: string;
  readonly ts: number;
}
/** `v`: [mmsi, lon, lat, cog, sog] */
export interface Positions {
  readonly ts: number;
  readonly v: [number, number, number, number | null, number | null][];
}
export interface Stats {
  readonly now: number;
  readonly rate: number;
  readonly devices: number;
  readonly health: Record<string, number>;
  readonly active: Record<string, number>;
}
export interface LiveHandlers {
  hello(data: { now: number; version: string }): void;
  event(data: EventInfo): void;
  health(data: HealthChange): void;
  positions(data: Positions): void;
  recall(data: { id: string }): void;
  /** another version of the grids is in force */
  grids(data: { version: number }): void;
  stats(data: Stats): void;
  reset(): void;
  loggedOut(): void;
}

/** The hub sends statistics every 2 s, so silence of two periods means that the path is dead. Shown well within 5 s. */
const SILENCE_MS = 4_000;
const BACKOFF_MS = [300, 1_000, 2_000, 4_000];

/**
 * The live stream. Reads with fetch instead of EventSource: only so can a half-dead connection be dropped and resumed from the
 * last id, and a 401 be told from a broken network.
 */
export class Live {
  state = $state<"stopped" | "connecting" | "live" | "stale">("stopped");
  /** ms of this computer's clock at the last frame */
  lastAt = $state(0);
  #lastId = "";
  #run = 0;
  #abort: AbortController | null = null;
  #watch: ReturnType<typeof setInterval> | undefined;
  readonly #on: LiveHandlers;

  constructor(on: LiveHandlers) {
    this.#on = on;
  }

  start(): void {
    this.stop();
    this.#lastId = "";
    this.state = "connecting";
    this.lastAt = Date.now();
    this.#watch = setInterval(() => {
      if (this.state !== "stopped" && Date.now() - this.lastAt > SILENCE_MS) {
        this.state = "stale";
        this.#abort?.abort();
      }
    }, 500);
    void this.#loop(++this.#run);
  }

  stop(): void {
    this.#run++;
    this.#abort?.abort();
    clearInterval(this.#watch);
    this.state = "stopped";
  }

  async #loop(run: number): Promise<void> {
    for (let failed = 0; run === this.#run; failed++) {
      const before = this.lastAt;
      try {
        await this.#read(run);
      } catch {
        // The network failed or the watchdog gave up: both end here and are tried again.
      }
      if (run !== this.#run) return;
      this.state = "stale";
      if (this.lastAt !== before) failed = 0;
      await new Promise((done) => setTimeout(done, BACKOFF_MS[Math.min(failed, BACKOFF_MS.length - 1)]));
    }
  }

  async #read(run: number): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    // A hung connect must not outlive the watchdog's patience either.
    const patience = setTimeout(() => abort.abort(), SILENCE_MS);
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (this.#lastId !== "") headers["last-event-id"] = this.#lastId;
    const response = await fetch("/api/stream", { headers, signal: abort.signal, cache: "no-store" });
    clearTimeout(patience);
    if (response.status === 401) return this.#on.loggedOut();
    if (!response.ok || response.body === null) return;
    this.lastAt = Math.max(this.lastAt, Date.now() - SILENCE_MS / 2);
    const parse = sseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || run !== this.#run) return;
      for (const frame of parse(value)) {
        if (frame.id !== "") this.#lastId = frame.id;
        this.#dispatch(frame.event, frame.data);
      }
      this.lastAt = Date.now();
      this.state = "live";
    }
  }

  #dispatch(event: string, data: string): void {
    switch (event) {
      case "hello":
        return this.#on.hello(JSON.parse(data));
      case "event":
        return this.#on.event(JSON.parse(data));
      case "health":
        return this.#on.health(JSON.parse(data));
      case "positions":
        return this.#on.positions(JSON.parse(data));
      case "recall":
        return this.#on.recall(JSON.parse(data));
      case "grids":
        return this.#on.grids(JSON.parse(data));
      case "stats":
        return this.#on.stats(JSON.parse(data));
      case "reset":
        return this.#on.reset();
    }
  }
}
