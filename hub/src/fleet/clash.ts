import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { distanceNm } from "./distance.ts";
import { Incidents, step } from "./incidents.ts";
import type { FleetSettings } from "./options.ts";
import type { Track } from "./track.ts";
import { held, report, rounded, whoIs } from "./waters.ts";

interface Two {
  readonly distanceNm: number;
}

/**
 * Two vessels under one MMSI: two segments that both go on for ten minutes, neither reachable from the other. A GPS jump ends
 * one of them and is no clash.
 */
export class Clashes {
  readonly incidents: Incidents<Two>;

  constructor(changes: Changes) {
    this.incidents = new Incidents("clash:", changes);
  }

  /** Called for vessels with a parallel segment, and for those that are reported. */
  look(track: Track, formationId: string | null, settings: FleetSettings, now: number, out: Finding[]): void {
    const { main, other } = track;
    const key = String(track.mmsi);
    const live =
      main !== null && other !== null && now - main.ts <= settings.staleMs && now - other.ts <= settings.staleMs;
    const apart = live ? distanceNm(main.lon, main.lat, other.lon, other.lat) : 0;
    // both must have been heard over that time: a jump and the way back are one after the other
    const on = live && Math.min(main.ts, other.ts) - Math.max(main.first, other.first) >= settings.clashMs;
    // over when one of the two has been silent for as long as they had to live side by side
    const silent = main === null || other === null || now - Math.min(main.ts, other.ts) > settings.staleMs;
    const seen = { on, off: silent, gridId: formationId, data: { distanceNm: apart } };
    const done = step(this.incidents, key, seen, now, { holdMs: 0, updateMs: settings.updateMs, news: () => false });
    track.clashing = this.incidents.isOpen(key);
    if (done === null) return;
    out.push(
      report("vessel.mmsi_clash", done.phase, 3, now, `mmsi:${track.mmsi}`, formationId, main, {
        ...whoIs(track),
        distanceNm: rounded(done.state.data.distanceNm, 1),
        places: [main, other].map((s) => (s === null ? null : placed(s))),
        ...held(done.state, now),
        sideBySideMs:
          main === null || other === null ? 0 : Math.min(main.ts, other.ts) - Math.max(main.first, other.first),
      }),
    );
  }
}

function placed(s: { lon: number; lat: number; ts: number; sog: number | null; fixes: number }) {
  return { lon: rounded(s.lon, 5), lat: rounded(s.lat, 5), sog: s.sog, fixes: s.fixes, ts: s.ts };
}
