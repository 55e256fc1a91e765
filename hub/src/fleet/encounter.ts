import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { distanceNm, NM_PER_DEGREE, wrapLon } from "./distance.ts";
import { type Incident, Incidents, step } from "./incidents.ts";
import { PairFinder } from "./pairs.ts";
import type { Track } from "./track.ts";
import { held, isJudged, report, rounded, type Waters, whoIs } from "./waters.ts";

interface Meeting {
  readonly distanceM: number;
}

const METRES_PER_NM = 1852;
const RADIANS = Math.PI / 180;
/** what has begun goes on at this much more: two hours are not lost by one fix */
const LENIENT = 1.5;
const AT_ANCHOR = 1;
const MOORED = 5;

/**
 * Two vessels side by side at sea for two hours at less than 2 knots: goods, fuel or catch may change hands. One of them is
 * registered; boats of one formation may meet as they like, and so may two that lie at anchor.
 */
export class Encounters {
  readonly incidents: Incidents<Meeting>;
  readonly #finder = new PairFinder();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(changes: Changes) {
    this.incidents = new Incidents("encounter:", changes);
  }

  reset(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  tick(waters: Waters, now: number, out: Finding[]): void {
    const s = waters.settings;
    if (now - this.#lookedAt < s.encounterEveryMs && now >= this.#lookedAt) return;
    this.#lookedAt = now;
    const tracks: Track[] = [];
    let highest = 0;
    let fastest = s.encounterKn;
    for (const id of waters.membership.formations()) fastest = Math.max(fastest, waters.settingsOf(id).encounterKn);
    for (const track of waters.tracks.values()) {
      const at = track.main;
      if (at === null || at.sog === null || at.sog > fastest * LENIENT || now - at.ts > s.lostMooredMs) continue;
      if (!isJudged(track, waters) || waters.harbourOf(track.mmsi) !== null) continue;
      tracks.push(track);
      highest = Math.max(highest, Math.abs(at.lat));
    }
    const narrow = Math.max(0.05, Math.cos(Math.min(89, highest) * RADIANS));
    const finder = this.#finder;
    finder.clear();
    const groups = new Map<string, number>();
    let widest = s.encounterM;
    for (const { mmsi, main } of tracks) {
      const formationId = waters.membership.formationOf(mmsi);
      let group = -1;
      if (formationId !== null) {
        group = groups.get(formationId) ?? groups.size;
        groups.set(formationId, group);
        widest = Math.max(widest, waters.settingsOf(formationId).encounterM);
      }
      const x = wrapLon(main!.lon - tracks[0].main!.lon) * NM_PER_DEGREE * narrow;
      finder.add(x, main!.lat * NM_PER_DEGREE, 0, 0, group);
    }
    const found = widest > 0 ? finder.search((widest * LENIENT) / METRES_PER_NM, 0) : 0;
    const seen = new Set<string>();
    for (let k = 0; k < found; k++) this.#look(tracks[finder.a[k]], tracks[finder.b[k]], seen, waters, now, out);
    for (const [key, state] of this.incidents.entries()) if (!seen.has(key)) this.#over(key, state, waters, now, out);
  }

  #look(one: Track, two: Track, seen: Set<string>, waters: Waters, now: number, out: Finding[]): void {
    const [a, b] = one.mmsi < two.mmsi ? [one, two] : [two, one];
    const gridId = waters.membership.formationOf(a.mmsi) ?? waters.membership.formationOf(b.mmsi);
    if (gridId === null) return;
    const s = waters.settingsOf(gridId);
    const key = `${a.mmsi}+${b.mmsi}`;
    const more = this.incidents.get(key) === undefined ? 1 : LENIENT;
    const metres = distanceNm(a.main!.lon, a.main!.lat, b.main!.lon, b.main!.lat) * METRES_PER_NM;
    const lies = (t: Track) => t.main!.status === AT_ANCHOR || t.main!.status === MOORED;
    const on =
      metres <= s.encounterM * more &&
      Math.max(a.main!.sog!, b.main!.sog!) < s.encounterKn * more &&
      !(lies(a) && lies(b));
    if (on) seen.add(key);
    else return;
    const seenNow = { on, off: false, gridId, data: { distanceM: metres } };
    const done = step(this.incidents, key, seenNow, now, {
      holdMs: s.encounterMs,
      updateMs: s.updateMs,
      news: () => false,
    });
    if (done !== null) out.push(finding(done.phase, key, a, b, done.state, waters, now));
  }

  /** Not together now. Silence decides nothing until the vessel is lost. */
  #over(key: string, state: Incident<Meeting>, waters: Waters, now: number, out: Finding[]): void {
    const plus = key.indexOf("+");
    const a = waters.tracks.get(Number(key.slice(0, plus)));
    const b = waters.tracks.get(Number(key.slice(plus + 1)));
    this.incidents.drop(key);
    if (state.open) out.push(finding("clear", key, a, b, state, waters, now));
  }
}

function finding(
  phase: Finding["phase"],
  key: string,
  a: Track | undefined,
  b: Track | undefined,
  state: Incident<Meeting>,
  { membership }: Waters,
  now: number,
): Finding {
  const vessels = [a, b].map((track) =>
    track === undefined
      ? null
      : { ...whoIs(track), formation: membership.formationOf(track.mmsi), sog: track.main?.sog ?? null },
  );
  return report("vessel.encounter", phase, 3, now, `mmsi:${key}`, state.gridId, a?.main ?? b?.main ?? null, {
    vessels,
    distanceM: Math.round(state.data.distanceM),
    hours: rounded((now - state.since) / 3_600_000),
    ...held(state, now),
  });
}
