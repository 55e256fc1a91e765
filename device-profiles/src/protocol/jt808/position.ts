import { bcdTime } from "../../codec/time.ts";
import { reject, type Rejection } from "../../rejection.ts";
import type { Sample, SampleValue } from "../field-protocol.ts";
import { u16 } from "./frame.ts";

const FIXED = 28;
const beijing = () => 8 * 3_600_000;

/** Alarm word, table 24: bits -> metric. */
const ALARMS: readonly (readonly [bits: number, metric: string])[] = [
  [1 << 0, "sos"],
  [1 << 1, "overspeed"],
  // GNSS module, antenna cut, antenna shorted
  [(1 << 4) | (1 << 5) | (1 << 6), "fault"],
  [1 << 7, "mains_low"],
  [1 << 8, "mains_failed"],
  [1 << 29, "collision"],
  [1 << 30, "rollover"],
];
const ACC_ON = 1 << 0;
const LOCATED = 1 << 1;
const SOUTH = 1 << 2;
const WEST = 1 << 3;

/** Additional items, table 27: id -> metric, bytes, divisor to the unit. */
const ITEMS: ReadonlyMap<number, { readonly metric: string; readonly size: 1 | 2 | 4; readonly divisor: number }> =
  new Map([
    [0x01, { metric: "odometer", size: 4, divisor: 10 } as const],
    [0x02, { metric: "fuel", size: 2, divisor: 10 } as const],
    [0x30, { metric: "signal", size: 1, divisor: 1 } as const],
    [0x31, { metric: "satellites", size: 1, divisor: 1 } as const],
  ]);

export const JT808_METRICS: ReadonlySet<string> = new Set([
  ...["latitude", "longitude", "altitude", "speed", "course", "acc_on", "located"],
  ...ALARMS.map(([, metric]) => metric),
  ...[...ITEMS.values()].map((item) => item.metric),
]);

/**
 * The body of a position report (0x0200): alarms and state, degrees WGS84, metres, m/s, degrees, and what of the additional items
 * is known. Without a fix the position is null: the terminal then sends zero, or the last place it knew.
 */
export function readPosition(b: Uint8Array): Sample | Rejection {
  if (b.length < FIXED) return reject("frame_short", `a position of ${b.length} bytes, at least ${FIXED} expected`);
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const alarm = view.getUint32(0);
  const status = view.getUint32(4);
  const located = (status & LOCATED) !== 0;
  const latitude = (view.getUint32(8) / 1e6) * (status & SOUTH ? -1 : 1);
  const longitude = (view.getUint32(12) / 1e6) * (status & WEST ? -1 : 1);
  const values: SampleValue[] = [
    ["latitude", located ? latitude : null],
    ["longitude", located ? longitude : null],
    ["altitude", located ? u16(b, 16) : null],
    // sent in 0.1 km/h
    ["speed", located ? u16(b, 18) / 36 : null],
    ["course", located ? u16(b, 20) : null],
    ["located", located],
    ["acc_on", (status & ACC_ON) !== 0],
  ];
  for (const [bits, metric] of ALARMS) values.push([metric, (alarm & bits) !== 0]);
  for (let at = FIXED; at < b.length;) {
    // makers append items of a layout of their own (longer ids and lengths); the position before them is sound
    if (at + 2 > b.length || at + 2 + b[at + 1] > b.length) break;
    const item = ITEMS.get(b[at]);
    if (item !== undefined && item.size === b[at + 1]) {
      const raw = item.size === 4 ? view.getUint32(at + 2) : item.size === 2 ? u16(b, at + 2) : b[at + 2];
      values.push([item.metric, raw / item.divisor]);
    }
    at += 2 + b[at + 1];
  }
  return { ts: bcdTime(b, 22, false, true, beijing), values };
}

/** What a terminal reports: for simulators and tests. */
export interface PositionReport {
  /** ms UTC */
  readonly ts: number;
  /** degrees; null = no fix */
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** metres */
  readonly altitude?: number;
  /** m/s */
  readonly speed?: number;
  /** degrees */
  readonly course?: number;
  /** alarm word */
  readonly alarm?: number;
  readonly accOn?: boolean;
  /** km */
  readonly odometer?: number;
}

export function writePosition(p: PositionReport): Uint8Array {
  const b = new Uint8Array(FIXED + (p.odometer === undefined ? 0 : 6));
  const view = new DataView(b.buffer);
  const located = p.latitude !== null && p.longitude !== null;
  const south = (p.latitude ?? 0) < 0 ? SOUTH : 0;
  const west = (p.longitude ?? 0) < 0 ? WEST : 0;
  view.setUint32(0, p.alarm ?? 0);
  view.setUint32(4, (p.accOn === true ? ACC_ON : 0) | (located ? LOCATED : 0) | south | west);
  view.setUint32(8, Math.round(Math.abs(p.latitude ?? 0) * 1e6));
  view.setUint32(12, Math.round(Math.abs(p.longitude ?? 0) * 1e6));
  view.setUint16(16, p.altitude ?? 0);
  view.setUint16(18, Math.round((p.speed ?? 0) * 36));
  view.setUint16(20, p.course ?? 0);
  const time = new Date(p.ts + beijing()).toISOString().replace(/\D/g, "").slice(2, 14);
  b.set(Buffer.from(time, "hex"), 22);
  if (p.odometer !== undefined) {
    b.set([0x01, 4], FIXED);
    view.setUint32(FIXED + 2, Math.round(p.odometer * 10));
  }
  return b;
}
