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

  /**
   * @param silence how long a vessel has not been heard while the hub listened, ms
   * @param excuse called for vessels that an ended outage leaves silent: theirs counts from now
   */
  evaluate(
    atSea: readonly Track[],
    listeners: ReadonlyMap<number, Listener>,
    waters: Waters,
    silence: (track: Track) => number,
    excuse: (track: Track) => void,
    now: number,
    out: Finding[],
  ): void {
    this.#covered.clear();
    const back = (affected: Affected) => affected.mmsi.filter((mmsi) => heard(waters, mmsi, silence)).length;
    for (const [book, kind] of [
      [this.receivers, "receiver.link_outage"],
      [this.formations, "formation.link_outage"],
    ] as const)
      for (const [key, state] of book.entries()) {
        const returned = back(state.data);
        const gone = book === this.formations && waters.membership.members(key).length === 0;
        const silent = state.data.mmsi.length - returned;
        if (!gone && silent >= waters.settings.outageShare * state.data.mmsi.length) continue;
        out.push(
          finding(
            kind,
            "clear",
            key,
            state,
            listeners,
            now,
            gone ? { why: "formation_removed" } : { heardAgain: returned },
          ),
        );
        book.drop(key);
        for (const mmsi of state.data.mmsi) {
          const track = waters.tracks.get(mmsi);
          if (track !== undefined && !heard(waters, mmsi, silence)) excuse(track);
        }
      }
    for (const book of [this.receivers, this.formations])
      for (const [, state] of book.entries()) for (const mmsi of state.data.mmsi) this.#covered.add(mmsi);
    this.#look(this.receivers, "receiver.link_outage", groups(atSea, this.#covered, (t) => receiversOf(t, listeners, waters)), {
      settingsOf: () => waters.settings, waitMs: 0, listeners, silence, now, out }); // prettier-ignore
    const behind = (key: string, t: Track) => receiversOf(t, listeners, waters).includes(key);
    const silent = (t: Track) => silence(t) > lostAfter(t, waters.settings.staleMs);
    this.#join(this.receivers, "receiver.link_outage", atSea, behind, { waters, silent, listeners, now, out });
    const member = (key: string, t: Track) => waters.membership.formationOf(t.mmsi) === key;
    this.#join(this.formations, "formation.link_outage", atSea, member, { waters, silent, listeners, now, out });
    this.#look(
      this.formations,
      "formation.link_outage",
      groups(atSea, this.#covered, (t) => formationsOf(t, waters)),
      // half of four boats is silent before half of a receiver's hundred: the receiver speaks first
      {
        settingsOf: (gridId) => waters.settingsOf(gridId),
        waitMs: waters.settings.outageWaitMs,
        listeners,
        silence,
        now,
        out,
      },
    );
  }

  /** Silences that began with those of an open outage but could be told later only: any number of them. */
  #join(
    book: Incidents<Affected>,
    kind: string,
    atSea: readonly Track[],
    belongs: (key: string, track: Track) => boolean,
    { waters, silent, listeners, now, out }: Joining,
  ): void {
    const { outageSpanMs, updateMs } = waters.settings;
    for (const [key, state] of book.entries()) {
      const { silentSince } = state.data;
      const late = atSea.filter(
        (t) =>
          !this.#covered.has(t.mmsi) &&
          Math.abs(lastOf(t) - silentSince) <= outageSpanMs &&
          t.excusedUntil <= lastOf(t) &&
          belongs(key, t) &&
          silent(t),
      );
      if (late.length === 0) continue;
      const mmsi = late.map((t) => t.mmsi);
      for (const each of mmsi) this.#covered.add(each);
      const say = now - state.updatedAt >= updateMs;
      const data = merged(state.data, { mmsi, of: mmsi.length, silentSince });
      const wider = { ...state, data, updatedAt: say ? now : state.updatedAt };
      book.set(key, wider);
      if (say) out.push(finding(kind, "update", key, wider, listeners, now, {}));
    }
  }

  #look(
    book: Incidents<Affected>,
    kind: string,
    found: ReadonlyMap<string, readonly Track[]>,
    { settingsOf, waitMs, listeners, silence, now, out }: Looking,
  ): void {
    for (const [key, tracks] of found) {
      const settings = settingsOf(key);
      if (tracks.length < settings.outageVessels) continue;
      // who stayed silent after an outage is judged alone
      const group = tracks.filter((t) => !this.#covered.has(t.mmsi) && t.excusedUntil <= lastOf(t));
      const affected = together(group, silence, waitMs, settings);
      if (affected === null) continue;
      const known = book.get(key);
      const state = {
        gridId: kind === "formation.link_outage" ? key : (listenerOf(key, listeners)?.gridId ?? null),
        since: known?.since ?? now,
        open: true,
        updatedAt: now,
        data: known === undefined ? affected : merged(known.data, affected),
      };
      book.set(key, state);
      out.push(finding(kind, known === undefined ? "raise" : "update", key, state, listeners, now, {}));
      for (const mmsi of affected.mmsi) this.#covered.add(mmsi);
    }
  }
}

interface Looking {
  readonly settingsOf: (key: string) => FleetSettings;
  /** beyond what makes a vessel lost, ms */
  readonly waitMs: number;
  readonly listeners: ReadonlyMap<number, Listener>;
  readonly silence: (track: Track) => number;
  readonly now: number;
  readonly out: Finding[];
}

interface Joining {
  readonly waters: Waters;
  readonly silent: (track: Track) => boolean;
  readonly listeners: ReadonlyMap<number, Listener>;
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

function heard(waters: Waters, mmsi: number, silence: (track: Track) => number): boolean {
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

function listenerOf(key: string, listeners: ReadonlyMap<number, Listener>): Listener | undefined {
  return listeners.get(Number(key));
}

function finding(
  kind: string,
  phase: Finding["phase"],
  key: string,
  state: Incident<Affected>,
  listeners: ReadonlyMap<number, Listener>,
  now: number,
  more: Readonly<Record<string, unknown>>,
): Finding {
  const { mmsi, of, silentSince } = state.data;
  const receiver = kind === "receiver.link_outage" ? listenerOf(key, listeners) : undefined;
  const subject = receiver === undefined ? `formation:${key}` : `device:${receiver.uid}`;
  const at = receiver?.lon != null && receiver.lat != null ? { lon: receiver.lon, lat: receiver.lat } : null;
  return report(kind, phase, 2, now, subject, state.gridId, at, {
    receiver: receiver?.uid ?? null,
    silent: mmsi.length,
    of,
    share: rounded(mmsi.length / Math.max(1, of)),
    silentSince,
    mmsi: mmsi.slice(0, NAMED),
    ...held(state, now),
    ...more,
  });
}
