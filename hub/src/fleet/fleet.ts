import type { Position } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { CommitBatch, FoldStateRow } from "../store/batch.ts";
import { Changes } from "./changes.ts";
import { distanceNm } from "./distance.ts";
import { shapeOf } from "./formation.ts";
import type { FormationMembership } from "./membership.ts";
import { type FleetOptions, type FleetSettings, fleetSettings } from "./options.ts";
import { distressOf, type Nearby, SOS_KEY, type SosState, SosWatch } from "./sos.ts";
import { STRAGGLER_KEY, Stragglers, type StragglerState } from "./straggler.ts";
import { type Freshness, type SavedTrack, Track } from "./track.ts";

/** A vessel as the API shows it (VesselInfo of api/schema.ts). */
export interface VesselView {
  readonly mmsi: number;
  readonly name: string;
  readonly formationId: string | null;
  readonly lon: number;
  readonly lat: number;
  readonly sog: number | null;
  readonly cog: number | null;
  readonly heading: number | null;
  readonly ts: number;
  readonly freshness: Freshness;
}

/** A formation as the API shows it, without the names that the grids know. */
export interface FormationView {
  readonly gridId: string;
  readonly members: number;
  readonly fresh: number;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly spreadNm: number | null;
  readonly farthestNm: number | null;
  readonly stragglers: number[];
}

const TRACK_KEY = "track:";
/** A sample time beyond the hub's by more is a wrong clock: the time of receipt counts for the track. ms */
const SKEW_MS = 60_000;
const PRUNE_MS = 600_000;
const NEAREST = 3;
/** Base stations and aids to navigation have a position but are no vessels. */
const NO_VESSEL: ReadonlySet<number> = new Set([4, 21]);

/**
 * Vessel tracks and formations: a fold over positions and time. Nothing here waits or reads a clock; durable state leaves by
 * `drain` in the transaction that also stores the positions, and comes back by `load`.
 */
export class Fleet {
  readonly #settings: FleetSettings;
  #membership: FormationMembership;
  readonly #tracks = new Map<number, Track>();
  readonly #changes = new Changes();
  readonly #stragglers: Stragglers;
  readonly #sos: SosWatch;
  #evaluatedAt = Number.NEGATIVE_INFINITY;
  #prunedAt = Number.NEGATIVE_INFINITY;
  /** since the start: positions heard twice, implausible ones, and those of vessels beyond the limit */
  readonly counts = { duplicates: 0, implausible: 0, untracked: 0 };

  constructor(options: FleetOptions, membership: FormationMembership) {
    this.#settings = fleetSettings(options);
    this.#membership = membership;
    this.#stragglers = new Stragglers(this.#settings, this.#changes);
    this.#sos = new SosWatch(this.#settings, this.#changes);
  }

  /** Takes effect with the next tick: findings of vessels that changed formation are cleared there. */
  setMembership(membership: FormationMembership): void {
    this.#membership = membership;
    this.#evaluatedAt = Number.NEGATIVE_INFINITY;
  }

  /** Replaces all state by what is durable; rows of other rooms are passed over. */
  load(rows: readonly FoldStateRow[]): void {
    this.#tracks.clear();
    this.#changes.clear();
    this.#stragglers.reset();
    this.#sos.reset();
    this.#evaluatedAt = Number.NEGATIVE_INFINITY;
    for (const { room, key, state } of rows) {
      if (room !== "fleet" || state === null) continue;
      const mmsi = Number(key.slice(key.indexOf(":") + 1));
      if (key.startsWith(TRACK_KEY)) this.#open(mmsi).restore(state as SavedTrack);
      else if (key.startsWith(STRAGGLER_KEY)) this.#stragglers.load(mmsi, state as StragglerState);
      else if (key.startsWith(SOS_KEY)) this.#sos.load(mmsi, state as SosState);
    }
  }

  /**
   * One position report, static data or safety text.
   * @param late from backfill or beyond the allowed lateness: stored, and no live finding comes of it
   * @param rx hub time of receipt, ms UTC
   * @param into gets a row for the position and, when it changed, for the vessel
   * @returns false when another receiver has already brought this report; nothing was pushed then
   */
  observe(p: Position, receiver: Device, late: boolean, rx: number, into: CommitBatch, out: Finding[]): boolean {
    if (NO_VESSEL.has(p.type)) return true;
    const track = this.#track(p.mmsi);
    const placed = p.lon !== null && p.lat !== null;
    if (placed && track?.isDuplicate(p, receiver.id, this.#settings.duplicateMs) === true) {
      this.counts.duplicates++;
      return false;
    }
    const formationId = this.#membership.formationOf(p.mmsi);
    if (placed) this.#place(p as Located, track, receiver, formationId, rx, into);
    if (track !== undefined) this.#describe(p, track, formationId, rx, into);
    const why = distressOf(p);
    if (why !== null)
      this.#sos.hear(p, why, track, receiver, formationId, late, rx, () => this.#nearest(p, track, formationId), out);
    return true;
  }

  /** Called every second; looks at the formations every few seconds. @param now ms UTC */
  tick(now: number, out: Finding[]): void {
    const since = now - this.#evaluatedAt;
    if (since >= 0 && since < this.#settings.evaluateMs) return;
    this.#evaluatedAt = now;
    this.#stragglers.release((mmsi) => this.#membership.formationOf(mmsi), now, out);
    for (const gridId of this.#membership.formations())
      this.#stragglers.evaluate(gridId, this.#shape(gridId, now), now, out);
    this.#sos.tick(now, out, (mmsi) => this.#tracks.get(mmsi));
    if (Math.abs(now - this.#prunedAt) >= PRUNE_MS) this.#prune(now);
  }

  /** State that changed since the last drain, for the same transaction as the readings. */
  drain(out: FoldStateRow[]): void {
    this.#changes.drain(out);
  }

  *vessels(now: number): Generator<VesselView> {
    for (const track of this.#tracks.values()) {
      const at = track.main;
      if (at === null) continue;
      yield {
        mmsi: track.mmsi,
        name: track.name ?? "",
        formationId: this.#membership.formationOf(track.mmsi),
        lon: at.lon,
        lat: at.lat,
        sog: at.sog,
        cog: at.cog,
        heading: at.heading,
        ts: at.ts,
        freshness: track.freshness(now, this.#settings),
      };
    }
  }

  formations(now: number): FormationView[] {
    return this.#membership.formations().map((gridId) => {
      const { fresh, centre, spreadNm, farthestNm } = this.#shape(gridId, now);
      const members = this.#membership.members(gridId);
      return {
        gridId,
        members: members.length,
        fresh: fresh.length,
        lon: centre?.lon ?? null,
        lat: centre?.lat ?? null,
        spreadNm: centre === null ? null : spreadNm,
        farthestNm: centre === null ? null : farthestNm,
        stragglers: members.filter((mmsi) => this.#stragglers.isOpen(mmsi)),
      };
    });
  }

  get size(): number {
    return this.#tracks.size;
  }

  #place(
    p: Located,
    track: Track | undefined,
    receiver: Device,
    formationId: string | null,
    rx: number,
    into: CommitBatch,
  ): void {
    const ts = p.ts > rx + SKEW_MS ? rx : p.ts;
    const plausible = track?.place(p, ts, this.#settings) ?? true;
    if (!plausible) this.counts.implausible++;
    into.positions.push({
      mmsi: p.mmsi,
      ts: p.ts,
      lon: p.lon,
      lat: p.lat,
      sog: p.sog,
      cog: p.cog,
      heading: p.heading,
      status: p.status,
      type: p.type,
      gridId: formationId,
      deviceId: receiver.id,
      plausible,
    });
    if (track !== undefined && rx - track.savedAt >= this.#settings.saveTrackMs) this.#save(track, rx);
  }

  #describe(p: Position, track: Track, formationId: string | null, rx: number, into: CommitBatch): void {
    const changed = track.describe(p);
    if (changed) this.#save(track, rx);
    if (!changed && track.formationId === formationId) return;
    track.formationId = formationId;
    into.vessels.push({
      mmsi: p.mmsi,
      name: track.name,
      callsign: track.callsign,
      shipType: track.shipType,
      length: track.length,
      formationId,
      ts: p.ts,
    });
  }

  #save(track: Track, now: number): void {
    track.savedAt = now;
    this.#changes.mark(TRACK_KEY + track.mmsi, () => track.save());
  }

  /** The vessel's track; undefined when there is no room for another. Members of formations always have room. */
  #track(mmsi: number): Track | undefined {
    const known = this.#tracks.get(mmsi);
    if (known !== undefined) return known;
    if (this.#tracks.size >= this.#settings.maxVessels && this.#membership.formationOf(mmsi) === null) {
      this.counts.untracked++;
      return undefined;
    }
    return this.#open(mmsi);
  }

  #open(mmsi: number): Track {
    const track = new Track(mmsi);
    this.#tracks.set(mmsi, track);
    return track;
  }

  #shape(gridId: string, now: number) {
    const tracks: Track[] = [];
    for (const mmsi of this.#membership.members(gridId)) {
      const track = this.#tracks.get(mmsi);
      if (track !== undefined) tracks.push(track);
    }
    return shapeOf(tracks, now, this.#settings);
  }

  /** Who could help: the nearest members of the formation, of all vessels when it has none. */
  #nearest(p: Position, track: Track | undefined, formationId: string | null): Nearby[] {
    const lon = p.lon ?? track?.main?.lon;
    const lat = p.lat ?? track?.main?.lat;
    if (lon == null || lat == null) return [];
    const found: Nearby[] = [];
    for (const other of this.#tracks.values()) {
      const at = other.main;
      if (at === null || other.mmsi === p.mmsi || p.ts - at.ts > this.#settings.lostMooredMs) continue;
      if (formationId !== null && this.#membership.formationOf(other.mmsi) !== formationId) continue;
      const nm = Math.round(distanceNm(lon, lat, at.lon, at.lat) * 100) / 100;
      found.push({ mmsi: other.mmsi, name: other.name, distanceNm: nm });
    }
    return found.sort((a, b) => a.distanceNm - b.distanceNm).slice(0, NEAREST);
  }

  #prune(now: number): void {
    this.#prunedAt = now;
    for (const [mmsi, track] of this.#tracks) {
      if (track.main !== null && now - track.main.ts < this.#settings.forgetMs) continue;
      if (track.main === null && now - track.savedAt < this.#settings.forgetMs) continue;
      if (this.#membership.formationOf(mmsi) !== null || this.#sos.isOpen(mmsi)) continue;
      this.#tracks.delete(mmsi);
      this.#changes.mark(TRACK_KEY + mmsi, () => null);
    }
  }
}

type Located = Position & { readonly lon: number; readonly lat: number };
