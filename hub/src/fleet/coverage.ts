import type { Position } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import { distanceNm } from "./distance.ts";

/** What one station hears, as the API shows it. */
export interface CoverageView {
  readonly deviceId: number;
  readonly uid: string;
  readonly gridId: string | null;
  /** mean of the last ten minutes, doubles of other stations included */
  readonly messagesPerMin: number;
  /** different vessels in the last ten minutes */
  readonly vessels: number;
  /** farthest vessel of the last one to two hours, NM; null where the station has no position, or heard none */
  readonly rangeNm: number | null;
  /** ms UTC */
  readonly lastHeard: number;
}

const MINUTE_MS = 60_000;
const SPAN = 10; // minutes
const RANGE_MS = 3_600_000;
/** A line-of-sight radio hears 60 NM at its best; what is farther is a false position or ducting, and no coverage. */
const BELIEVED_NM = 120;
const STATIONS = 10_000;
const VESSELS = 100_000;

interface Station {
  device: Device;
  lastHeard: number;
  readonly since: number;
  /** messages by minute, a ring; `minute` is the newest */
  readonly counts: Uint32Array;
  minute: number;
  readonly vessels: Map<number, number>;
  farthest: number;
  farthestBefore: number;
  rangeSince: number;
}

/** Coverage and load of every AIS station, from what it brings. In memory only: ten minutes after a start it is whole again. */
export class Coverage {
  readonly #stations = new Map<number, Station>();

  /** Every position report, also one that another station brought before. @param rx hub time, ms UTC */
  heard(device: Device, p: Position, rx: number): void {
    const station = this.#stations.get(device.id) ?? this.#open(device, rx);
    if (station === null) return;
    station.device = device;
    station.lastHeard = rx;
    advance(station, rx);
    station.counts[station.minute % SPAN]++;
    if (station.vessels.size < VESSELS || station.vessels.has(p.mmsi)) station.vessels.set(p.mmsi, rx);
    if (p.lon === null || p.lat === null || device.lon === null || device.lat === null) return;
    const nm = distanceNm(device.lon, device.lat, p.lon, p.lat);
    if (nm <= BELIEVED_NM && nm > station.farthest) station.farthest = nm;
  }

  /** @param now ms UTC */
  views(now: number): CoverageView[] {
    return [...this.#stations.values()].map((station) => {
      advance(station, now);
      const { device, lastHeard, since, counts, vessels } = station;
      const minutes = Math.min(SPAN, Math.max(1, (now - since) / MINUTE_MS));
      const range = Math.max(station.farthest, station.farthestBefore);
      return {
        deviceId: device.id,
        uid: device.uid,
        gridId: device.gridId,
        messagesPerMin: Math.round((counts.reduce((sum, n) => sum + n, 0) / minutes) * 10) / 10,
        vessels: vessels.size,
        rangeNm: range > 0 ? Math.round(range * 10) / 10 : null,
        lastHeard,
      };
    });
  }

  /** Who heard a vessel in the last ten minutes, the latest first. @param now ms UTC */
  hearing(mmsi: number, now: number): { readonly uid: string; readonly gridId: string | null; readonly at: number }[] {
    const heard = [];
    for (const { device, vessels } of this.#stations.values()) {
      const at = vessels.get(mmsi);
      if (at !== undefined && now - at <= SPAN * MINUTE_MS) heard.push({ uid: device.uid, gridId: device.gridId, at });
    }
    return heard.sort((a, b) => b.at - a.at);
  }

  /** Vessels that a station heard in the last ten minutes; empty where no such station is known. */
  heardBy(uid: string, now: number): { readonly mmsi: number; readonly at: number }[] {
    for (const { device, vessels } of this.#stations.values())
      if (device.uid === uid)
        return [...vessels].flatMap(([mmsi, at]) => (now - at <= SPAN * MINUTE_MS ? [{ mmsi, at }] : []));
    return [];
  }

  #open(device: Device, rx: number): Station | null {
    if (this.#stations.size >= STATIONS) return null;
    const station: Station = {
      device,
      lastHeard: rx,
      since: rx,
      counts: new Uint32Array(SPAN),
      minute: Math.floor(rx / MINUTE_MS),
      vessels: new Map(),
      farthest: 0,
      farthestBefore: 0,
      rangeSince: rx,
    };
    this.#stations.set(device.id, station);
    return station;
  }
}

/** Once a minute: old counts, vessels and ranges go. A clock that was set back changes nothing. */
function advance(station: Station, now: number): void {
  const minute = Math.floor(now / MINUTE_MS);
  if (minute <= station.minute) return;
  const gone = Math.min(SPAN, minute - station.minute);
  for (let i = 1; i <= gone; i++) station.counts[(station.minute + i) % SPAN] = 0;
  station.minute = minute;
  for (const [mmsi, at] of station.vessels) if (now - at > SPAN * MINUTE_MS) station.vessels.delete(mmsi);
  if (now - station.rangeSince < RANGE_MS) return;
  station.farthestBefore = now - station.rangeSince < 2 * RANGE_MS ? station.farthest : 0;
  station.farthest = 0;
  station.rangeSince = now;
}
