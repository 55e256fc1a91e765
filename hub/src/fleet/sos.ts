import type { Position } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import type { FleetSettings } from "./options.ts";
import type { Segment, Track } from "./track.ts";

/** A distress signal that is on. */
export interface SosState {
  /** "beacon" = SART, MOB or EPIRB with status 14; "text" = a safety message */
  readonly why: SosCause;
  readonly gridId: string | null;
  /** event time of the first message, hub time of the last and of the last finding; ms UTC */
  readonly since: number;
  heardAt: number;
  updatedAt: number;
  messages: number;
  text: string | null;
}

export interface Nearby {
  readonly mmsi: number;
  readonly name: string | null;
  readonly distanceNm: number;
}

export type SosCause = "beacon" | "text";

/** What a watch listens for: calls for help, or tests of them. */
export interface SosSort {
  readonly prefix: string;
  readonly kind: "vessel.sos" | "vessel.sos_drill";
  readonly severity: 1 | 4;
}
export const REAL: SosSort = { prefix: "sos:", kind: "vessel.sos", severity: 1 };
/** recorded, so that a test of the equipment leaves its trace; sounds nothing */
export const DRILLS: SosSort = { prefix: "drill:", kind: "vessel.sos_drill", severity: 4 };

/** navigational status of an active SART, MOB-AIS or EPIRB-AIS */
const STATUS_ACTIVE = 14;
/** ... and of one under test */
const STATUS_TEST = 15;
const DISTRESS = /\b(?:MAY\s?DAY|SOS)\b/;
const BEACON_TEXT = /\b(?:SART|MOB|EPIRB|PLB)[ -]*ACTIVE\b/;
const BEACON = /\b(?:SART|MOB|EPIRB|PLB)\b/;
const DRILL = /\b(?:TEST|DRILL|EXERCISE)\b/;

/** MMSI of a search-and-rescue transmitter (970), man overboard device (972) or position beacon (974). */
function isBeacon(mmsi: number): boolean {
  const prefix = Math.floor(mmsi / 1_000_000);
  return prefix === 970 || prefix === 972 || prefix === 974;
}

/** Why a message is a call for help, or null. A test or a drill is none. */
export function distressOf(p: Position): SosCause | null {
  const { text } = p;
  if (text != null) {
    const upper = text.toUpperCase();
    if (DRILL.test(upper)) return null;
    if (DISTRESS.test(upper) || BEACON_TEXT.test(upper)) return "text";
    return isBeacon(p.mmsi) && /\bACTIVE\b/.test(upper) ? "text" : null;
  }
  return p.status === STATUS_ACTIVE && isBeacon(p.mmsi) ? "beacon" : null;
}

/** Why a message is the test of a call for help, or null. */
export function drillOf(p: Position): SosCause | null {
  const { text } = p;
  if (text == null) return p.status === STATUS_TEST && p.lon !== null && isBeacon(p.mmsi) ? "beacon" : null;
  const upper = text.toUpperCase();
  if (!DRILL.test(upper)) return null;
  return isBeacon(p.mmsi) || DISTRESS.test(upper) || BEACON.test(upper) ? "text" : null;
}

/** Raises at once, without a hold: severity 1. One finding a vessel until it has been quiet for half an hour. */
export class SosWatch {
  readonly #settings: FleetSettings;
  readonly #changes: Changes;
  readonly #states = new Map<number, SosState>();
  /** event time of the last distress found in history, by MMSI; bounded, and worth nothing after a restart */
  readonly #past = new Map<number, number>();
  readonly #sort: SosSort;

  constructor(settings: FleetSettings, changes: Changes, sort: SosSort = REAL) {
    this.#settings = settings;
    this.#changes = changes;
    this.#sort = sort;
  }

  get prefix(): string {
    return this.#sort.prefix;
  }

  load(mmsi: string, state: unknown): void {
    this.#states.set(Number(mmsi), { ...(state as SosState) });
  }

  reset(): void {
    this.#states.clear();
    this.#past.clear();
  }

  isOpen(mmsi: number): boolean {
    return this.#states.has(mmsi);
  }

  /** @param nearby called only when a finding is made */
  hear(
    p: Position,
    why: SosCause,
    track: Track | undefined,
    receiver: Device,
    gridId: string | null,
    late: boolean,
    now: number,
    nearby: () => readonly Nearby[],
    out: Finding[],
  ): void {
    if (late) {
      this.#hearLate(p, why, track, receiver, gridId, nearby, out);
      return;
    }
    const state = this.#states.get(p.mmsi);
    if (state === undefined) {
      const opened: SosState = {
        why,
        gridId,
        since: p.ts,
        heardAt: now,
        updatedAt: now,
        messages: 1,
        text: p.text ?? null,
      };
      this.#set(p.mmsi, opened);
      out.push(finding(this.#sort, "raise", p.mmsi, opened, p.ts, placeOf(p, track), receiver, track, nearby(), false));
      return;
    }
    const text = p.text ?? state.text;
    const news = text !== state.text || now - state.updatedAt >= this.#settings.updateMs;
    const next = {
      ...state,
      heardAt: now,
      messages: state.messages + 1,
      text,
      updatedAt: news ? now : state.updatedAt,
    };
    this.#set(p.mmsi, next);
    if (news)
      out.push(finding(this.#sort, "update", p.mmsi, next, p.ts, placeOf(p, track), receiver, track, nearby(), false));
  }

  tick(now: number, out: Finding[], trackOf: (mmsi: number) => Track | undefined): void {
    for (const [mmsi, state] of this.#states) {
      if (now - state.heardAt < this.#settings.sosQuietMs) continue;
      const track = trackOf(mmsi);
      out.push(finding(this.#sort, "clear", mmsi, state, now, track?.main ?? null, null, track, [], false));
      this.#states.delete(mmsi);
      this.#changes.mark(this.#sort.prefix + mmsi, () => null);
    }
  }

  /** History records that it was so; it sounds no alarm and stays open for nobody. */
  #hearLate(
    p: Position,
    why: SosCause,
    track: Track | undefined,
    receiver: Device,
    gridId: string | null,
    nearby: () => readonly Nearby[],
    out: Finding[],
  ): void {
    const last = this.#past.get(p.mmsi);
    if (last !== undefined && Math.abs(p.ts - last) < this.#settings.sosQuietMs) return;
    if (this.#past.size >= 1000) this.#past.clear();
    this.#past.set(p.mmsi, p.ts);
    const state: SosState = {
      why,
      gridId,
      since: p.ts,
      heardAt: p.ts,
      updatedAt: p.ts,
      messages: 1,
      text: p.text ?? null,
    };
    const at = placeOf(p, track);
    out.push(finding(this.#sort, "raise", p.mmsi, state, p.ts, at, receiver, track, nearby(), true));
    out.push(finding(this.#sort, "clear", p.mmsi, state, p.ts, at, receiver, track, [], true));
  }

  #set(mmsi: number, state: SosState): void {
    this.#states.set(mmsi, state);
    this.#changes.mark(this.#sort.prefix + mmsi, () => state);
  }
}

function placeOf(p: Position, track: Track | undefined): { lon: number; lat: number } | Segment | null {
  return p.lon !== null && p.lat !== null ? { lon: p.lon, lat: p.lat } : (track?.main ?? null);
}

function finding(
  { kind, severity }: SosSort,
  phase: "raise" | "update" | "clear",
  mmsi: number,
  state: SosState,
  ts: number,
  at: { readonly lon: number; readonly lat: number } | null,
  receiver: Device | null,
  track: Track | undefined,
  nearby: readonly Nearby[],
  late: boolean,
): Finding {
  return {
    kind,
    phase,
    severity,
    ts,
    subject: `mmsi:${mmsi}`,
    device: receiver,
    gridId: state.gridId,
    lon: at?.lon ?? null,
    lat: at?.lat ?? null,
    source: "fleet:sos",
    evidence: {
      mmsi,
      name: track?.name ?? null,
      why: state.why,
      text: state.text,
      since: state.since,
      messages: state.messages,
      receiver: receiver?.uid ?? null,
      nearby,
    },
    late,
  };
}
