import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { type Incident, Incidents } from "./incidents.ts";
import type { FleetSettings } from "./options.ts";
import type { Track } from "./track.ts";
import { held, report, rounded, type Waters } from "./waters.ts";

/** A receiver, as far as an event needs to know it. */
export interface Listener {
  readonly uid: string;
  readonly gridId: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
}

interface Affected {
  readonly mmsi: readonly number[];
  /** vessels that were there to be heard */
  readonly of: number;
  /** the first of them was heard last at, ms UTC */
  readonly silentSince: number;
}

const NAMED = 50;

/**
 * Half of one receiver's vessels, or of a formation's, fall silent together: the link is out, not the vessels. One event for the
 * receiver; formations behind it have none of their own, and nobody of them is dark. Who is silent a little later, since it reports
 * more rarely or is heard by another receiver now and then, joins the event. Vessels in harbour are not counted: there a crew
 * switches off.
 */
export class Outages {
  readonly receivers: Incidents<Affected>;
  readonly formations: Incidents<Affected>;
  readonly #covered = new Set<number>();

  constructor(changes: Changes) {
    this.receivers = new Incidents("outage.r:", changes);
    this.formations = new Incidents("outage.f:", changes);
  }

  /** the link of the vessel is out */
  covers(mmsi: number): boolean {
    return this.#covered.has(mmsi);
  }

  /** @param atSea vessels that a rule may follow, not in harbour */
  evaluate(atSea: readonly Track[], seen: Seen): void {
    const { waters, listeners } = seen;
    this.#covered.clear();
    for (const book of [this.receivers, this.formations])
      for (const [key, state] of book.entries()) this.#over(book, key, state, seen);
    for (const book of [this.receivers, this.formations])
      for (const [, state] of book.entries()) for (const mmsi of state.data.mmsi) this.#covered.add(mmsi);
    const byReceiver = (t: Track) => receiversOf(t, listeners, waters);
    const byFormation = (t: Track) => formationsOf(t, waters);
    this.#look(this.receivers, atSea, byReceiver, seen);
    this.#join(this.receivers, atSea, byReceiver, seen);
    this.#join(this.formations, atSea, byFormation, seen);
    this.#look(this.formations, atSea, byFormation, seen);
  }

  #over(book: Incidents<Affected>, key: string, state: Incident<Affected>, seen: Seen): void {
    const { waters, silence } = seen;
    const { mmsi } = state.data;
    const returned = mmsi.filter((each) => isHeard(waters, each, silence)).length;
    const gone = book === this.formations && waters.membership.members(key).length === 0;
    if (!gone && mmsi.length - returned >= this.#settingsOf(book, key, waters).outageShare * mmsi.length) return;
    const why = gone ? { why: "formation_removed" } : { heardAgain: returned };
    this.#say("clear", book, key, state, seen, why);
    book.drop(key);
    for (const each of mmsi) {
      const track = waters.tracks.get(each);
      if (track !== undefined && !isHeard(waters, each, silence)) seen.excuse(track);
    }
  }

  /** Silences that began with those of an open outage but could be told later only: any number of them. */
  #join(book: Incidents<Affected>, atSea: readonly Track[], keysOf: KeysOf, seen: Seen): void {
    const { waters, silence } = seen;
    for (const [key, state] of book.entries()) {
      const { outageSpanMs } = this.#settingsOf(book, key, waters);
      const late = atSea.filter(
        (t) =>
          !this.#covered.has(t.mmsi) &&
          Math.abs(lastOf(t) - state.data.silentSince) <= outageSpanMs &&
          t.excusedUntil <= lastOf(t) &&
          silence(t) > lostAfter(t, waters.settings.staleMs) &&
          keysOf(t).includes(key),
      );
      if (late.length > 0) this.#widen(book, key, late.map((t) => t.mmsi), seen); // prettier-ignore
    }
  }

  #look(book: Incidents<Affected>, atSea: readonly Track[], keysOf: KeysOf, seen: Seen): void {
    const { waters, silence, now } = seen;
    // half of four boats is silent before half of a receiver's hundred: the receiver speaks first
    const waitMs = book === this.formations ? waters.settings.outageWaitMs : 0;
    for (const [key, tracks] of groups(atSea, this.#covered, keysOf)) {
      const settings = this.#settingsOf(book, key, waters);
      if (tracks.length < settings.outageVessels) continue;
      // who stayed silent after an outage is judged alone
      const group = tracks.filter((t) => !this.#covered.has(t.mmsi) && t.excusedUntil <= lastOf(t));
      const affected = together(group, silence, waitMs, settings);
      if (affected === null) continue;
      const cause = book === this.formations ? this.#causeOf(affected, waters) : null;
      if (cause !== null) {
        this.#widen(this.receivers, cause, affected.mmsi, seen);
        continue;
      }
      const known = book.get(key);
      const state = {
        gridId: book === this.formations ? key : (seen.listeners.get(Number(key))?.gridId ?? null),
        since: known?.since ?? now,
        open: true,
        updatedAt: now,
        data: known === undefined ? affected : merged(known.data, affected),
      };
      book.set(key, state);
      this.#say(known === undefined ? "raise" : "update", book, key, state, seen, {});
      for (const mmsi of affected.mmsi) this.#covered.add(mmsi);
    }
  }

  /**
   * The receiver whose outage is why a group is silent: all heard it until it failed. They have sailed out of another's range
   * since; of a single vessel nobody can say that.
   */
  #causeOf({ mmsi }: Affected, { tracks, settings }: Waters): string | null {
    for (const [key, { data }] of this.receivers.entries()) {
      const since = data.silentSince - settings.outageSpanMs;
      if (mmsi.every((each) => (tracks.get(each)?.heardAtBy(Number(key)) ?? 0) >= since)) return key;
    }
    return null;
  }

  #widen(book: Incidents<Affected>, key: string, mmsi: readonly number[], seen: Seen): void {
    const state = book.get(key)!;
    for (const each of mmsi) this.#covered.add(each);
    const say = seen.now - state.updatedAt >= seen.waters.settings.updateMs;
    const data = merged(state.data, { mmsi, of: mmsi.length, silentSince: state.data.silentSince });
    const wider = { ...state, data, updatedAt: say ? seen.now : state.updatedAt };
    book.set(key, wider);
    if (say) this.#say("update", book, key, wider, seen, {});
  }

  #settingsOf(book: Incidents<Affected>, key: string, waters: Waters): FleetSettings {
    return book === this.formations ? waters.settingsOf(key) : waters.settings;
  }

  #say(
    phase: Finding["phase"],
    book: Incidents<Affected>,
    key: string,
    state: Incident<Affected>,
    { listeners, now, out }: Seen,
    more: Readonly<Record<string, unknown>>,
  ): void {
    const { mmsi, of, silentSince } = state.data;
    const receiver = book === this.receivers ? listeners.get(Number(key)) : undefined;
    const kind = book === this.receivers ? "receiver.link_outage" : "formation.link_outage";
    const subject = receiver === undefined ? `formation:${key}` : `device:${receiver.uid}`;
    const at = receiver?.lon != null && receiver.lat != null ? { lon: receiver.lon, lat: receiver.lat } : null;
    out.push(
      report(kind, phase, 2, now, subject, state.gridId, at, {
        receiver: receiver?.uid ?? null,
        silent: mmsi.length,
        of,
        share: rounded(mmsi.length / Math.max(1, of)),
        silentSince,
        mmsi: mmsi.slice(0, NAMED),
        ...held(state, now),
        ...more,
      }),
    );
  }
}

type KeysOf = (track: Track) => readonly string[];

/** What the evaluation of this moment is made with. */
export interface Seen {
  readonly waters: Waters;
  readonly listeners: ReadonlyMap<number, Listener>;
  /** how long a vessel has not been heard while the hub listened, ms */
  readonly silence: (track: Track) => number;
  /** called for vessels that an ended outage leaves silent: theirs counts from now */
  readonly excuse: (track: Track) => void;
  readonly now: number;
  readonly out: Finding[];
}

/**
 * The silences that began within one span and are at least half of those who were still heard when the first of them was heard
 * last. Who had been silent before does not count on either side.
 */
function together(
  tracks: readonly Track[],
  silence: (track: Track) => number,
  waitMs: number,
  { outageShare, outageVessels, outageSpanMs, staleMs }: FleetSettings,
): Affected | null {
  if (tracks.length < outageVessels) return null;
  const sorted = tracks.toSorted((a, b) => lastOf(a) - lastOf(b));
  for (let i = 0; i < sorted.length; i++) {
    if (silence(sorted[i]) <= lostAfter(sorted[i], staleMs) + waitMs) continue;
    const until = lastOf(sorted[i]) + outageSpanMs;
    const silent: number[] = [];
    for (let j = i; j < sorted.length && lastOf(sorted[j]) <= until; j++)
      if (silence(sorted[j]) > lostAfter(sorted[j], staleMs) + waitMs) silent.push(sorted[j].mmsi);
    const of = sorted.length - i;
    if (silent.length >= outageVessels && silent.length >= outageShare * of)
      return { mmsi: silent.sort((a, b) => a - b), of, silentSince: lastOf(sorted[i]) };
  }
  return null;
}

/** A vessel that is heard every six minutes is not silent after eight. */
function lostAfter(track: Track, staleMs: number): number {
  return Math.max(staleMs, 2 * track.intervalMs);
}

function lastOf(track: Track): number {
  return track.main?.ts ?? 0;
}

function isHeard(waters: Waters, mmsi: number, silence: (track: Track) => number): boolean {
  const track = waters.tracks.get(mmsi);
  return track !== undefined && silence(track) <= lostAfter(track, waters.settings.staleMs);
}

function merged(a: Affected, b: Affected): Affected {
  const mmsi = [...new Set([...a.mmsi, ...b.mmsi])].sort((x, y) => x - y);
  return {
    mmsi,
    of: Math.max(a.of, b.of + a.mmsi.length, mmsi.length),
    silentSince: Math.min(a.silentSince, b.silentSince),
  };
}

function groups(
  tracks: readonly Track[],
  without: ReadonlySet<number>,
  keysOf: (track: Track) => readonly string[],
): Map<string, Track[]> {
  const map = new Map<string, Track[]>();
  for (const track of tracks) {
    if (without.has(track.mmsi)) continue;
    for (const key of keysOf(track)) {
      const list = map.get(key);
      if (list === undefined) map.set(key, [track]);
      else list.push(track);
    }
  }
  return map;
}

/**
 * The receivers that heard the vessel as regularly as it reports. What another one gets of it now and then, at the rim of its
 * range, says nothing: without the first its silence is the first one's. One that still hears it makes it drop out of the group of
 * one that does not.
 */
function receiversOf(track: Track, listeners: ReadonlyMap<number, Listener>, { settings }: Waters): string[] {
  const within = Math.max(settings.lateMs, 3 * track.intervalMs);
  return track
    .heardWithin(within)
    .filter((id) => listeners.has(id))
    .map(String);
}

function formationsOf({ mmsi }: Track, { membership }: Waters): string[] {
  const id = membership.formationOf(mmsi);
  return id === null ? [] : [id];
}
