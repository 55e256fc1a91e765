import type { Finding, Severity } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { deadReckon, NM_PER_DEGREE, wrapLon } from "./distance.ts";
import { type Incident, Incidents, step } from "./incidents.ts";
import { PairFinder } from "./pairs.ts";
import type { Segment, Track } from "./track.ts";
import { held, isJudged, report, rounded, type Waters, whoIs } from "./waters.ts";

interface Risk {
  /** nearest distance if nobody turns, NM, and in how many minutes; then the distance now */
  readonly cpaNm: number;
  readonly minutes: number;
  readonly distanceNm: number;
}

const RADIANS = Math.PI / 180;
/** over when this many times the allowed distance lies between them */
const APART = 2;
/** nearer and sooner than this fraction is severity 2 */
const URGENT = 0.5;

/**
 * Vessels that will pass each other too near: nearest point of approach within 0.3 NM and 10 minutes, both under way, not of one
 * formation (those work side by side), not in harbour. Dead-reckoned fixes, fresh ones only. The farther off, the longer it must
 * hold: at ten minutes a hundred seconds, near the end a quarter of a minute. One event a pair, until they are twice the distance
 * apart.
 */
export class Approaches {
  readonly incidents: Incidents<Risk>;
  readonly #finder = new PairFinder();
  readonly #tracks: Track[] = [];
  #radius = new Float64Array(1024);
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** of the last tick: vessels looked at and pairs compared */
  readonly stats = { vessels: 0, compared: 0 };

  constructor(changes: Changes) {
    this.incidents = new Incidents("approach:", changes);
  }

  reset(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  tick(waters: Waters, now: number, out: Finding[]): void {
    if (now - this.#lookedAt < waters.settings.approachEveryMs && now >= this.#lookedAt) return;
    this.#lookedAt = now;
    const radius = this.#gather(waters, now);
    const found = radius > 0 ? this.#finder.search(radius, waters.settings.approachMs / 3_600_000) : 0;
    const seen = new Set<string>();
    for (let k = 0; k < found; k++) {
      const i = this.#finder.a[k];
      const j = this.#finder.b[k];
      const [a, b] = [this.#tracks[i], this.#tracks[j]];
      const allowed = limitNm(this.#radius[i], this.#radius[j], waters.settings.approachNm);
      const risk = riskOf(a.main!, b.main!, waters.settings.approachMs, now);
      if (risk.cpaNm > allowed || risk.minutes <= 0) continue;
      const key = keyOf(a, b);
      seen.add(key);
      this.#say(key, a, b, risk, allowed, waters, now, out);
    }
    for (const [key, state] of this.incidents.entries())
      if (!seen.has(key)) this.#recheck(key, state, waters, now, out);
    this.stats.vessels = this.#finder.n;
    this.stats.compared = this.#finder.compared;
    this.#tracks.length = 0;
  }

  /** Fills the finder. The plane is narrowed to the highest latitude, so it finds too much rather than too little. */
  #gather(waters: Waters, now: number): number {
    const { approachFreshMs, approachKn } = waters.settings;
    const finder = this.#finder;
    finder.clear();
    const tracks = this.#tracks;
    tracks.length = 0;
    let highest = 0;
    for (const track of waters.tracks.values()) {
      const at = track.main;
      if (at === null || at.sog === null || at.cog === null || at.sog <= approachKn || at.sog > 60) continue;
      if (now - at.ts > approachFreshMs || at.fixes < 2 || !isJudged(track, waters)) continue;
      if (waters.harbourOf(track.mmsi) !== null) continue;
      tracks.push(track);
      highest = Math.max(highest, Math.abs(at.lat));
    }
    if (this.#radius.length < tracks.length) this.#radius = new Float64Array(tracks.length * 2);
    const narrow = Math.max(0.05, Math.cos(Math.min(89, highest + 0.5) * RADIANS));
    const groups = new Map<string, number>();
    const origin = tracks.length === 0 ? 0 : tracks[0].main!.lon;
    let widest = waters.settings.approachNm;
    for (let i = 0; i < tracks.length; i++) {
      const at = tracks[i].main!;
      const formationId = waters.membership.formationOf(tracks[i].mmsi);
      let group = -1;
      this.#radius[i] = Number.POSITIVE_INFINITY;
      if (formationId !== null) {
        group = groups.get(formationId) ?? groups.size;
        groups.set(formationId, group);
        this.#radius[i] = waters.settingsOf(formationId).approachNm;
        if (this.#radius[i] > widest) widest = this.#radius[i];
      }
      const north = at.sog! * Math.cos(at.cog! * RADIANS);
      const east = (at.sog! * Math.sin(at.cog! * RADIANS) * narrow) / Math.max(narrow, Math.cos(at.lat * RADIANS));
      const hours = Math.max(0, now - at.ts) / 3_600_000;
      const x = wrapLon(at.lon - origin) * NM_PER_DEGREE * narrow + east * hours;
      finder.add(x, at.lat * NM_PER_DEGREE + north * hours, east, north, group);
    }
    return widest;
  }

  /** A pair that was no risk this time: over, or between the two distances. */
  #recheck(key: string, state: Incident<Risk>, waters: Waters, now: number, out: Finding[]): void {
    const plus = key.indexOf("+");
    const a = waters.tracks.get(Number(key.slice(0, plus)));
    const b = waters.tracks.get(Number(key.slice(plus + 1)));
    const { membership, settings } = waters;
    const why =
      a?.main == null || b?.main == null || now - Math.min(a.main.ts, b.main.ts) > settings.staleMs
        ? "not_heard"
        : membership.formationOf(a.mmsi) !== null && membership.formationOf(a.mmsi) === membership.formationOf(b.mmsi)
          ? "same_formation"
          : waters.harbourOf(a.mmsi) !== null || waters.harbourOf(b.mmsi) !== null
            ? "in_harbour"
            : null;
    if (why !== null) {
      if (state.open) out.push(finding("clear", key, a, b, state, now, waters, { why }));
      this.incidents.drop(key);
      return;
    }
    const risk = riskOf(a!.main!, b!.main!, settings.approachMs, now);
    this.#say(key, a!, b!, risk, 0, waters, now, out);
  }

  /** @param allowed NM; 0 = not on course for each other now */
  #say(
    key: string,
    a: Track,
    b: Track,
    risk: Risk,
    allowed: number,
    waters: Waters,
    now: number,
    out: Finding[],
  ): void {
    const s = waters.settings;
    const on = allowed > 0;
    const limit = limitOf(a, b, waters);
    const off = !on && risk.distanceNm > APART * limit && (risk.cpaNm > APART * limit || risk.minutes <= 0);
    const formation = waters.membership.formationOf(a.mmsi) ?? waters.membership.formationOf(b.mmsi);
    const news = (before: Risk, after: Risk) =>
      after.cpaNm < 0.5 * before.cpaNm || after.minutes < 0.5 * before.minutes;
    const done = step(this.incidents, key, { on, off, gridId: formation, data: risk }, now, {
      holdMs: Math.max(s.approachHoldMs, s.approachPatience * risk.minutes * 60_000),
      updateMs: Math.min(s.updateMs, 60_000),
      news,
    });
    if (done !== null) out.push(finding(done.phase, key, a, b, done.state, now, waters, {}));
  }
}

/** The smaller of what their formations allow; of two strangers, who are in none, the hub's. NM */
function limitNm(a: number, b: number, ofHub: number): number {
  const least = Math.min(a, b);
  return least === Number.POSITIVE_INFINITY ? ofHub : least;
}

function limitOf(a: Track | undefined, b: Track | undefined, { membership, settings, settingsOf }: Waters): number {
  const of = (track: Track | undefined) => {
    const formationId = track === undefined ? null : membership.formationOf(track.mmsi);
    return formationId === null ? Number.POSITIVE_INFINITY : settingsOf(formationId).approachNm;
  };
  return limitNm(of(a), of(b), settings.approachNm);
}

function keyOf(a: Track, b: Track): string {
  return a.mmsi < b.mmsi ? `${a.mmsi}+${b.mmsi}` : `${b.mmsi}+${a.mmsi}`;
}

/** Both dead-reckoned to now, in the plane that touches the earth between them. `minutes` 0 = they move apart. */
function riskOf(a: Segment, b: Segment, withinMs: number, now: number): Risk {
  const p = deadReckon(a, a.sog, a.cog, now - a.ts);
  const q = deadReckon(b, b.sog, b.cog, now - b.ts);
  const cos = Math.cos(((p.lat + q.lat) / 2) * RADIANS);
  const dx = wrapLon(q.lon - p.lon) * NM_PER_DEGREE * cos;
  const dy = (q.lat - p.lat) * NM_PER_DEGREE;
  const east = (s: Segment) => (s.sog ?? 0) * Math.sin((s.cog ?? 0) * RADIANS);
  const north = (s: Segment) => (s.sog ?? 0) * Math.cos((s.cog ?? 0) * RADIANS);
  const wx = east(b) - east(a);
  const wy = north(b) - north(a);
  const ww = wx * wx + wy * wy;
  const t = ww < 1e-9 ? 0 : Math.min(withinMs / 3_600_000, Math.max(0, -(dx * wx + dy * wy) / ww));
  return { cpaNm: Math.hypot(dx + t * wx, dy + t * wy), minutes: t * 60, distanceNm: Math.hypot(dx, dy) };
}

function finding(
  phase: Finding["phase"],
  key: string,
  a: Track | undefined,
  b: Track | undefined,
  state: Incident<Risk>,
  now: number,
  waters: Waters,
  more: Readonly<Record<string, unknown>>,
): Finding {
  const { cpaNm, minutes, distanceNm } = state.data;
  const { membership, settings } = waters;
  const limit = limitOf(a, b, waters);
  const urgent = cpaNm <= URGENT * limit && minutes * 60_000 <= URGENT * settings.approachMs;
  const severity: Severity = urgent ? 2 : 3;
  const vessels = [a, b].map((track) =>
    track === undefined
      ? null
      : {
          ...whoIs(track),
          formation: membership.formationOf(track.mmsi),
          sog: track.main?.sog ?? null,
          cog: track.main?.cog ?? null,
        },
  );
  return report("vessel.approach", phase, severity, now, `mmsi:${key}`, state.gridId, a?.main ?? b?.main ?? null, {
    vessels,
    cpaNm: rounded(cpaNm, 3),
    inMinutes: rounded(minutes, 1),
    distanceNm: rounded(distanceNm),
    limitNm: limit,
    ...held(state, now),
    ...more,
  });
}
