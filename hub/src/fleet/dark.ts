import type { Finding, Severity } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { distanceNm } from "./distance.ts";
import { type Incident, Incidents } from "./incidents.ts";
import type { FleetSettings } from "./options.ts";
import type { Segment, Track } from "./track.ts";
import { held, report, rounded, type Waters, whoIs } from "./waters.ts";

export type Silence = "dark" | "gap" | "suspected_disabling";

interface Gone {
  readonly kind: "vessel.dark" | "vessel.gap";
  readonly stage: Silence;
  /** where and when it was heard last */
  readonly lon: number;
  readonly lat: number;
  readonly lastHeard: number;
  readonly sog: number | null;
}

/**
 * A registered vessel at sea that is not heard. One that reported regularly is dark after 30 minutes; of one that is heard now
 * and then only (its usual interval says so) silence means nothing before 6 hours, and is a gap then. Both are one incident with
 * stages: dark, gap, after 12 hours suspected disabling. Strangers leave our ears, that is no incident.
 */
export class DarkVessels {
  readonly incidents: Incidents<Gone>;

  constructor(changes: Changes) {
    this.incidents = new Incidents("dark:", changes);
  }

  stageOf(mmsi: number): Silence | null {
    return this.incidents.get(String(mmsi))?.data.stage ?? null;
  }

  /** @param silence how long it has not been heard while the hub listened and its link was up, ms */
  look(track: Track, waters: Waters, silence: number, excused: boolean, now: number, out: Finding[]): void {
    const key = String(track.mmsi);
    const state = this.incidents.get(key);
    const formationId = waters.membership.formationOf(track.mmsi);
    const s = waters.settingsOf(formationId);
    if (state !== undefined) {
      if (formationId !== state.gridId) this.#end(track, state, "left_formation", now, out);
      else if (track.main !== null && track.main.ts > state.data.lastHeard) {
        const limit = state.data.kind === "vessel.gap" ? s.gapMs : s.darkMs;
        if (silence < limit) this.#end(track, state, "heard", now, out);
        // history came in: it was heard longer, and has been silent for long all the same
        else this.#lastHeard(key, track.main, state);
      } else if (!excused) this.#worsen(key, track, state, silence, s, now, out);
      return;
    }
    const at = track.main;
    if (excused || formationId === null || at === null || waters.harbourOf(track.mmsi) !== null) return;
    const sparse = 3 * track.intervalMs >= s.darkMs;
    if (silence < (sparse ? s.gapMs : s.darkMs)) return;
    const data: Gone = {
      kind: sparse ? "vessel.gap" : "vessel.dark",
      stage: stageAfter(silence, s) ?? "dark",
      lon: at.lon,
      lat: at.lat,
      lastHeard: at.ts,
      sog: at.sog,
    };
    const opened = { gridId: formationId, since: now, open: true, updatedAt: now, data };
    this.incidents.set(key, opened);
    out.push(finding("raise", track, opened, now, { silentMs: silence, intervalMs: track.intervalMs }));
  }

  /** Ends what belongs to vessels that are known no more. */
  release(waters: Waters, now: number, out: Finding[]): void {
    for (const [key, state] of this.incidents.entries()) {
      if (waters.tracks.has(Number(key))) continue;
      const { data, gridId } = state;
      out.push(
        report(data.kind, "clear", 3, now, `mmsi:${key}`, gridId, null, { mmsi: Number(key), why: "forgotten" }),
      );
      this.incidents.drop(key);
    }
  }

  #worsen(
    key: string,
    track: Track,
    state: Incident<Gone>,
    silence: number,
    s: FleetSettings,
    now: number,
    out: Finding[],
  ): void {
    const stage = stageAfter(silence, s);
    if (stage === null || stage === state.data.stage) return;
    const worse = { ...state, updatedAt: now, data: { ...state.data, stage } };
    this.incidents.set(key, worse);
    out.push(finding("update", track, worse, now, { silentMs: silence }));
  }

  #lastHeard(key: string, { lon, lat, ts, sog }: Segment, state: Incident<Gone>): void {
    this.incidents.set(key, { ...state, data: { ...state.data, lon, lat, lastHeard: ts, sog } });
  }

  /** The end of a silence says how long and how far: a vessel that sailed on reappears elsewhere. */
  #end(track: Track, state: Incident<Gone>, why: string, now: number, out: Finding[]): void {
    const { data } = state;
    const at = track.main;
    const hours = at === null ? 0 : (at.ts - data.lastHeard) / 3_600_000;
    const nm = at === null ? 0 : distanceNm(data.lon, data.lat, at.lon, at.lat);
    this.incidents.drop(String(track.mmsi));
    const numbers = {
      hours: rounded(hours),
      distanceNm: rounded(nm),
      impliedKn: hours > 0 ? rounded(nm / hours, 1) : 0,
    };
    out.push(finding("clear", track, state, now, why === "heard" ? { why, ...numbers } : { why }));
  }
}

function stageAfter(silence: number, s: FleetSettings): Silence | null {
  if (silence >= s.disablingMs) return "suspected_disabling";
  if (silence >= s.gapMs) return "gap";
  return silence >= s.darkMs ? "dark" : null;
}

function finding(
  phase: Finding["phase"],
  track: Track,
  state: Incident<Gone>,
  now: number,
  more: Readonly<Record<string, unknown>>,
): Finding {
  const { data } = state;
  const severity: Severity = data.stage === "suspected_disabling" ? 2 : 3;
  return report(data.kind, phase, severity, now, `mmsi:${track.mmsi}`, state.gridId, data, {
    ...whoIs(track),
    stage: data.stage,
    lastHeard: data.lastHeard,
    lastPlace: [rounded(data.lon, 5), rounded(data.lat, 5)],
    sog: data.sog,
    ...held(state, now),
    ...more,
  });
}
