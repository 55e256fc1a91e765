import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { DarkVessels, type Silence } from "./dark.ts";
import type { Watch } from "./incidents.ts";
import { type Listener, Outages } from "./outage.ts";
import type { Track } from "./track.ts";
import { isJudged, type Waters } from "./waters.ts";

interface Listening {
  /** since when the hub listens without a pause, ms UTC */
  readonly since: number;
  readonly until: number;
}

/** A pause of the hub's own ticks longer than this was a stop: nobody was silent then, nobody listened. ms */
const PAUSE_MS = 120_000;
const NOTE_MS = 60_000;
/** silences are looked at this often, ms */
const EVERY_MS = 15_000;
const MIN_SILENCE_MS = 5 * 60_000;
const LISTENING = "listening:";
const RECEIVER = "receiver:";
const RECEIVERS = 10_000;

/** Who is not heard, and whose fault it is: the hub's (it was down), the link's (outage), or the vessel's (dark). */
export class SilenceWatch {
  readonly outages: Outages;
  readonly dark: DarkVessels;
  readonly #changes: Changes;
  readonly #listeners = new Map<number, Listener>();
  #listening: Listening | null = null;
  #notedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(changes: Changes) {
    this.#changes = changes;
    this.outages = new Outages(changes);
    this.dark = new DarkVessels(changes);
  }

  /** Its rooms in the database. */
  watches(): Watch[] {
    const own: Watch[] = [
      {
        prefix: LISTENING,
        load: (_key, state) => (this.#listening = state as Listening),
        reset: () => {
          this.#listening = null;
          this.#lookedAt = this.#notedAt = Number.NEGATIVE_INFINITY;
        },
      },
      {
        prefix: RECEIVER,
        load: (key, state) => this.#listeners.set(Number(key), state as Listener),
        reset: () => this.#listeners.clear(),
      },
    ];
    return [...own, this.outages.receivers, this.outages.formations, this.dark.incidents];
  }

  /** @returns the id to keep with the track */
  listener({ id, uid, gridId, lon, lat }: Device): number {
    if (!this.#listeners.has(id) && this.#listeners.size < RECEIVERS) {
      const listener = { uid, gridId, lon, lat };
      this.#listeners.set(id, listener);
      this.#changes.mark(RECEIVER + id, () => listener);
    }
    return id;
  }

  stateOf(mmsi: number): Silence | "outage" | null {
    return this.dark.stageOf(mmsi) ?? (this.outages.covers(mmsi) ? "outage" : null);
  }

  /** @param save called for tracks that must remember that their silence was excused */
  tick(waters: Waters, now: number, save: (track: Track) => void, out: Finding[]): void {
    const since = this.#listen(now);
    const every = Math.min(EVERY_MS, Math.max(waters.settings.evaluateMs, waters.settings.darkMs / 10));
    if (now - this.#lookedAt < every && now >= this.#lookedAt) return;
    this.#lookedAt = now;
    const judged = (track: Track) => isJudged(track, waters) && waters.harbourOf(track.mmsi) === null;
    const silence = (track: Track) => now - Math.max(track.main?.ts ?? 0, since, track.excusedUntil);
    const atSea: Track[] = [];
    for (const track of waters.tracks.values()) if (track.main !== null && judged(track)) atSea.push(track);
    const excuse = (track: Track) => {
      track.excusedUntil = now;
      save(track);
    };
    this.outages.evaluate(atSea, { waters, listeners: this.#listeners, silence, excuse, now, out });
    this.dark.release(waters, now, out);
    // first those that are dark: also the ones that have come into harbour since
    for (const [key] of this.dark.incidents.entries()) {
      const track = waters.tracks.get(Number(key))!;
      this.dark.look(track, waters, silence(track), this.outages.covers(track.mmsi), now, out);
    }
    for (const track of atSea) {
      // most vessels are heard: look closer at the others only (no threshold of a grid is below)
      if (silence(track) < MIN_SILENCE_MS || this.dark.stageOf(track.mmsi) !== null) continue;
      this.dark.look(track, waters, silence(track), this.outages.covers(track.mmsi), now, out);
    }
  }

  /** @returns since when the hub listens */
  #listen(now: number): number {
    const before = this.#listening;
    const paused = before === null || now - before.until > PAUSE_MS || now < before.until - PAUSE_MS;
    const listening = { since: paused ? now : before.since, until: now };
    this.#listening = listening;
    if (paused || now - this.#notedAt >= NOTE_MS) {
      this.#notedAt = now;
      this.#changes.mark(LISTENING, () => listening);
    }
    return listening.since;
  }
}
