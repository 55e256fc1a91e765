import type { Position } from "@gridhub/device-profiles/reading.ts";
import { distanceNm, median } from "./distance.ts";
import type { FleetSettings } from "./options.ts";

/** One plausible line of positions. Usually a vessel has one; a jump or a second ship with the same MMSI begins another. */
export interface Segment {
  ts: number;
  /** since when it has been heard without a long pause, ms UTC */
  first: number;
  lon: number;
  lat: number;
  sog: number | null;
  cog: number | null;
  heading: number | null;
  status: number | null;
  /** positions in this segment */
  fixes: number;
}

export type Freshness = "fresh" | "late" | "stale" | "lost";

/** What the database keeps of a track, so that a restart begins where it stopped. */
export interface SavedTrack {
  readonly name: string | null;
  readonly callsign: string | null;
  readonly shipType: number | null;
  readonly length: number | null;
  readonly maxSog: number;
  /** last intervals between reports, ms */
  readonly intervals: readonly number[];
  readonly main: Segment | null;
  readonly other: Segment | null;
  /** who heard it when last: receiver, time, receiver, time */
  readonly ears?: readonly number[];
  /** rows of earlier versions: the receiver that heard it last */
  readonly receiver?: number;
  readonly fixes: number;
  readonly firstAt: number;
  readonly excusedUntil: number;
}

/** GPS jitter and rounding of type 27 (1/10 minute): no jump, however soon it follows. NM */
const JITTER_NM = 0.15;
/** A class B transmitter that never says its speed still may do this much more than the others. */
const OWN_BEST = 1.5;
/** positions of a parallel segment before it may take over from a silent one */
const TAKE_OVER_FIXES = 3;
const TAKE_OVER_SILENCE_MS = 60_000;
/** ... and longer than so many of its intervals: who reports every three minutes is not silent after one */
const TAKE_OVER_INTERVALS = 2;
const INTERVALS = 5;
/** no fishing net drifts faster, knots */
const BUOY_KN = 3;
/** before that the behaviour of a net buoy is no proof */
const BUOY_FIXES = 10;
const BUOY_MS = 30 * 60_000;
/** names of net markers: NET 12, 3-85%, BUOY 7 12V4 */
const BUOY_NAME = /\b(?:NET|BUOY|FISHNET|NETMARK)\b|\b\d{1,3}%|\b\d{1,2}(?:V\d|\.\dV)/i;
/** receivers remembered of a vessel: more than two or three hear it only from a mountain */
const EARS = 4;
/** reports remembered to recognise what another receiver heard; receivers lag each other by a report or two */
const HEARD = 4;

interface Heard {
  readonly lon: number;
  readonly lat: number;
  readonly motion: number;
  readonly ts: number;
  readonly receiver: number;
}

/** One MMSI: static data, the segment that counts, and what is needed to judge the next position. */
export class Track {
  readonly mmsi: number;
  name: string | null = null;
  callsign: string | null = null;
  shipType: number | null = null;
  length: number | null = null;
  /** best plausible speed over ground, knots */
  maxSog = 0;
  main: Segment | null = null;
  /** a parallel segment: a jump, or the other ship of an MMSI used twice */
  other: Segment | null = null;
  /** formation as last written to the vessel's row; undefined = not written since the start */
  formationId: string | null | undefined = undefined;
  /** hub time when the track was last written, ms UTC */
  savedAt = 0;
  /** positions ever heard, and the first one's time, ms UTC */
  fixes = 0;
  firstAt = 0;
  /** its silence up to here was the link's, ms UTC */
  excusedUntil = 0;
  /** two live segments: no rule can follow it */
  clashing = false;
  readonly #intervals: number[] = [];
  readonly #heard: Heard[] = [];
  /** receiver, time, receiver, time: who heard it when last, doubles included; ms UTC */
  #ears: number[] = [];

  constructor(mmsi: number) {
    this.mmsi = mmsi;
  }

  /** A receiver heard it, first or after another. @param ts not later than the hub's time, ms UTC */
  hear(receiver: number, ts: number): void {
    const ears = this.#ears;
    let oldest = 0;
    for (let i = 0; i < ears.length; i += 2) {
      if (ears[i] === receiver) {
        if (ts > ears[i + 1]) ears[i + 1] = ts;
        return;
      }
      if (ears[i + 1] < ears[oldest + 1]) oldest = i;
    }
    if (ears.length < 2 * EARS) ears.push(receiver, ts);
    else if (ts > ears[oldest + 1]) [ears[oldest], ears[oldest + 1]] = [receiver, ts];
  }

  /** When a receiver heard it last, ms UTC; -Infinity = never, or long ago. */
  heardAtBy(receiver: number): number {
    for (let i = 0; i < this.#ears.length; i += 2) if (this.#ears[i] === receiver) return this.#ears[i + 1];
    return Number.NEGATIVE_INFINITY;
  }

  /** The receivers that heard it within `ms` before it was heard last. */
  heardWithin(ms: number): number[] {
    const since = (this.main?.ts ?? 0) - ms;
    return this.#ears.filter((_, i) => i % 2 === 0 && this.#ears[i + 1] >= since);
  }

  /** The same report from another receiver, or word for word with the same time from the same one. */
  isDuplicate(p: Position, receiver: number, windowMs: number): boolean {
    const motion = (p.sog ?? -1) * 1e6 + (p.cog ?? -1) * 1e3 + (p.heading ?? -1);
    const lon = p.lon ?? 0;
    const lat = p.lat ?? 0;
    for (const h of this.#heard) {
      if (h.lon !== lon || h.lat !== lat || h.motion !== motion) continue;
      const apart = Math.abs(p.ts - h.ts);
      if (h.receiver === receiver ? apart === 0 : apart <= windowMs) return true;
    }
    this.#heard.push({ lon, lat, motion, ts: p.ts, receiver });
    if (this.#heard.length > HEARD) this.#heard.shift();
    return false;
  }

  /**
   * Takes a position into the segment it belongs to.
   * @param ts sample time, not later than the hub's; ms UTC
   * @returns false when it does not belong to the vessel's plausible track
   */
  place(p: Position & { readonly lon: number; readonly lat: number }, ts: number, settings: FleetSettings): boolean {
    const { main, other } = this;
    this.fixes++;
    if (this.firstAt === 0) this.firstAt = ts;
    if (main === null || ts - main.ts > settings.forgetMs) {
      this.main = segmentOf(p, ts);
      this.other = null;
      this.#sawSpeed(p);
      return true;
    }
    if (this.#reachable(main, p, ts, settings)) {
      if (ts > main.ts) {
        this.#interval(ts - main.ts);
        extend(main, p, ts, settings);
        this.#sawSpeed(p);
      }
      return true;
    }
    // history that does not fit is kept as implausible; only the present may begin a segment
    if (ts < main.ts) return false;
    if (other === null || !this.#reachable(other, p, ts, settings)) {
      this.other = segmentOf(p, ts);
      return false;
    }
    if (ts > other.ts) extend(other, p, ts, settings);
    // a single position against three that agree was the false one
    const silence = Math.max(TAKE_OVER_SILENCE_MS, TAKE_OVER_INTERVALS * this.intervalMs);
    if (other.fixes < TAKE_OVER_FIXES || (main.fixes > 1 && ts - main.ts < silence)) return false;
    this.main = other;
    this.other = main;
    return true;
  }

  /**
   * Net buoys misuse MMSIs: never static data, never faster than a drift. Registered vessels are none, whatever they do.
   * @param registered the registry knows the vessel
   */
  isVessel(registered: boolean): boolean {
    if (registered) return true;
    if (this.name !== null && BUOY_NAME.test(this.name)) return this.maxSog >= BUOY_KN;
    return this.name !== null || this.callsign !== null || this.shipType !== null || this.maxSog >= BUOY_KN;
  }

  /** Long enough watched to say so, rather than to leave it open. */
  isBuoy(registered: boolean): boolean {
    if (this.isVessel(registered) || this.main === null) return false;
    return this.name !== null || (this.fixes >= BUOY_FIXES && this.main.ts - this.firstAt >= BUOY_MS);
  }

  freshness(now: number, s: FleetSettings): Freshness {
    if (this.main === null) return "lost";
    const age = now - this.main.ts;
    const moored = this.main.status === 1 || this.main.status === 5;
    if (age > (moored ? s.lostMooredMs : s.staleMs)) return "lost";
    if (age > s.staleMs) return "stale";
    return age > Math.max(s.lateMs, 3 * this.intervalMs) ? "late" : "fresh";
  }

  /** median of the last intervals between reports, ms; 0 while unknown */
  get intervalMs(): number {
    return this.#intervals.length === 0 ? 0 : median([...this.#intervals]);
  }

  /** Static data that is new. @returns true when something changed */
  describe(p: Position): boolean {
    const name = p.name ?? this.name;
    const callsign = p.callsign ?? this.callsign;
    const shipType = p.shipType ?? this.shipType;
    const length = p.length ?? this.length;
    if (name === this.name && callsign === this.callsign && shipType === this.shipType && length === this.length)
      return false;
    this.name = name;
    this.callsign = callsign;
    this.shipType = shipType;
    this.length = length;
    return true;
  }

  save(): SavedTrack {
    return {
      name: this.name,
      callsign: this.callsign,
      shipType: this.shipType,
      length: this.length,
      maxSog: this.maxSog,
      intervals: [...this.#intervals],
      main: this.main === null ? null : { ...this.main },
      other: this.other === null ? null : { ...this.other },
      ears: [...this.#ears],
      fixes: this.fixes,
      firstAt: this.firstAt,
      excusedUntil: this.excusedUntil,
    };
  }

  restore(saved: SavedTrack): void {
    this.name = saved.name;
    this.callsign = saved.callsign;
    this.shipType = saved.shipType;
    this.length = saved.length;
    this.maxSog = saved.maxSog;
    // tracks of earlier versions have no `first`, receiver and counts
    this.main = saved.main === null ? null : { ...saved.main, first: saved.main.first ?? saved.main.ts };
    this.other = saved.other === null ? null : { ...saved.other, first: saved.other.first ?? saved.other.ts };
    this.#ears = [...(saved.ears ?? [saved.receiver ?? 0, saved.main?.ts ?? 0])];
    this.fixes = saved.fixes ?? 0;
    this.firstAt = saved.firstAt ?? 0;
    this.excusedUntil = saved.excusedUntil ?? 0;
    this.#intervals.push(...(saved.intervals ?? []));
  }

  #reachable(
    from: Segment,
    p: Position & { readonly lon: number; readonly lat: number },
    ts: number,
    s: FleetSettings,
  ) {
    // a search-and-rescue aircraft (type 9) flies
    const limit = p.type === 9 ? 400 : Math.max(s.maxSpeedKn, OWN_BEST * this.maxSog);
    const hours = Math.abs(ts - from.ts) / 3_600_000;
    return distanceNm(from.lon, from.lat, p.lon, p.lat) <= limit * hours + JITTER_NM;
  }

  #interval(ms: number): void {
    this.#intervals.push(ms);
    if (this.#intervals.length > INTERVALS) this.#intervals.shift();
  }

  #sawSpeed(p: Position): void {
    // 102.2 knots means "that or more": no vessel's own best
    if (p.sog !== null && p.sog < 60 && p.sog > this.maxSog) this.maxSog = p.sog;
  }
}

function segmentOf(p: Position & { readonly lon: number; readonly lat: number }, ts: number): Segment {
  return {
    ts,
    first: ts,
    lon: p.lon,
    lat: p.lat,
    sog: p.sog,
    cog: p.cog,
    heading: p.heading,
    status: p.status,
    fixes: 1,
  };
}

function extend(
  s: Segment,
  p: Position & { readonly lon: number; readonly lat: number },
  ts: number,
  { staleMs }: FleetSettings,
): void {
  if (ts - s.ts > staleMs) s.first = ts;
  s.ts = ts;
  s.lon = p.lon;
  s.lat = p.lat;
  s.sog = p.sog;
  s.cog = p.cog;
  s.heading = p.heading;
  s.status = p.status;
  s.fixes++;
}
