import type { Position } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { CommitBatch, FoldStateRow } from "../store/batch.ts";
import { Changes } from "./changes.ts";
import { Coverage, type CoverageView } from "./coverage.ts";
import { distanceNm } from "./distance.ts";
import { type FormationShape, shapeOf } from "./formation.ts";
import type { FormationMembership } from "./membership.ts";
import { mmsiFault } from "./mmsi.ts";
import type { FleetOptions, FleetSettings } from "./options.ts";
import type { PortVisit } from "./ports.ts";
import { FleetRules } from "./rules.ts";
import { distressOf, drillOf, type Nearby } from "./sos.ts";
import { Thresholds } from "./thresholds.ts";
import { type SavedTrack, Track } from "./track.ts";
import { type AreaRollUp, type FormationView, rollUp, type VesselFlag, type VesselView } from "./view.ts";
import { nameAreas, type Waters } from "./waters.ts";

export type { FormationView, VesselView } from "./view.ts";

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
  readonly #thresholds: Thresholds;
  #membership: FormationMembership;
  readonly #tracks = new Map<number, Track>();
  readonly #changes = new Changes();
  readonly #rules: FleetRules;
  readonly #waters: Waters;
  readonly #coverage = new Coverage();
  #evaluatedAt = Number.NEGATIVE_INFINITY;
  #prunedAt = Number.NEGATIVE_INFINITY;
  /** since the start: positions heard twice, implausible ones, and those of vessels beyond the limit */
  readonly counts = { duplicates: 0, implausible: 0, untracked: 0 };

  constructor(options: FleetOptions, membership: FormationMembership) {
    this.#thresholds = new Thresholds(options);
    this.#settings = this.#thresholds.hub;
    this.#membership = membership;
    this.#rules = new FleetRules(this.#settings, this.#changes);
    const current = () => this.#membership;
    this.#waters = {
      tracks: this.#tracks,
      settings: this.#settings,
      get membership() {
        return current();
      },
      settingsOf: (gridId) => this.#thresholds.of(gridId, this.#membership),
      harbourOf: (mmsi) => this.#rules.harbourOf(mmsi),
    };
    this.#rules.setAreas(membership.areas?.() ?? [], false);
  }

  /**
   * Other grids, or the same at another moment: formations, members, areas, thresholds. Takes effect with the next tick: what was
   * open for an area, a formation or a member that is no more is cleared there with the reason as `why`; every other timer and
   * finding goes on; who is already in an area that was drawn anew is judged by his last place.
   */
  setWaters(grids: FormationMembership): void {
    this.#membership = grids;
    this.#thresholds.forget();
    this.#rules.setAreas(grids.areas?.() ?? [], true);
    this.#evaluatedAt = Number.NEGATIVE_INFINITY;
  }

  /** Replaces all state by what is durable; rows of other rooms are passed over. */
  load(rows: readonly FoldStateRow[]): void {
    this.#tracks.clear();
    this.#changes.clear();
    this.#rules.reset();
    this.#evaluatedAt = Number.NEGATIVE_INFINITY;
    for (const { room, key, state } of rows) {
      if (room !== "fleet" || state === null) continue;
      if (key.startsWith(TRACK_KEY)) this.#open(Number(key.slice(TRACK_KEY.length))).restore(state as SavedTrack);
      else this.#rules.load(key, state);
    }
    for (const track of this.#tracks.values())
      track.clashing = this.#rules.clashes.incidents.isOpen(String(track.mmsi));
  }

  /**
   * One position report, static data or safety text.
   * @param late from backfill or beyond the allowed lateness: stored, and no live finding comes of it
   * @param rx hub time of receipt, ms UTC
   * @param into gets a row for the position and, when it changed, for the vessel
   * @returns false when another receiver has already brought this report; nothing was pushed then
   */
  observe(p: Position, receiver: Device, late: boolean, rx: number, into: CommitBatch, out: Finding[]): boolean {
    if (!late) this.#coverage.heard(receiver, p, rx);
    if (NO_VESSEL.has(p.type)) return true;
    const track = this.#track(p.mmsi);
    const placed = p.lon !== null && p.lat !== null;
    if (placed && !late) track?.hear(this.#rules.silence.listener(receiver), Math.min(p.ts, rx));
    if (placed && track?.isDuplicate(p, receiver.id, this.#settings.duplicateMs) === true) {
      this.counts.duplicates++;
      return false;
    }
    const formationId = this.#membership.formationOf(p.mmsi);
    const told = out.length;
    if (placed) this.#place(p as Located, track, receiver, formationId, late, rx, into, out);
    if (track !== undefined) this.#describe(p, track, formationId, rx, into);
    const near = () => this.#nearest(p, track, formationId);
    const why = distressOf(p);
    if (why !== null) this.#rules.sos.hear(p, why, track, receiver, formationId, late, rx, near, out);
    const drill = why === null ? drillOf(p) : null;
    if (drill !== null) this.#rules.drills.hear(p, drill, track, receiver, formationId, late, rx, near, out);
    nameAreas(out, told, this.#membership);
    return true;
  }

  /** Called every second; looks at the formations every few seconds. @param now ms UTC */
  tick(now: number, out: Finding[]): void {
    const since = now - this.#evaluatedAt;
    if (since >= 0 && since < this.#settings.evaluateMs) return;
    const { until, at } = this.#membership;
    if (until !== undefined && at !== undefined && now >= until) this.setWaters(this.#membership.at!(now));
    this.#evaluatedAt = now;
    const told = out.length;
    this.#rules.tick(
      this.#waters,
      (gridId) => this.#shape(gridId, now),
      now,
      (track) => this.#save(track, now),
      out,
    );
    nameAreas(out, told, this.#membership);
    if (Math.abs(now - this.#prunedAt) >= PRUNE_MS) this.#prune(now);
  }

  /** State that changed since the last drain, for the same transaction as the readings. */
  drain(out: FoldStateRow[]): void {
    this.#changes.drain(out);
  }

  *vessels(now: number): Generator<VesselView> {
    for (const track of this.#tracks.values()) {
      const view = this.#view(track, now);
      if (view !== null) yield view;
    }
  }

  /** One vessel; null when it has never been heard, or was forgotten. */
  vessel(mmsi: number, now: number): VesselView | null {
    const track = this.#tracks.get(mmsi);
    return track === undefined ? null : this.#view(track, now);
  }

  /** Stays in harbours, oldest first; the last one goes on while its `leftAt` is null. */
  portVisits(mmsi: number): readonly PortVisit[] {
    return this.#rules.ports.visitsOf(mmsi);
  }

  formations(now: number): FormationView[] {
    return this.#membership.formations().map((gridId) => {
      const { fresh, centre, spreadNm, farthestNm } = this.#shape(gridId, now);
      const members = this.#membership.members(gridId);
      const { stragglers, splits, silence } = this.#rules;
      return {
        gridId,
        members: members.length,
        fresh: fresh.length,
        lon: centre?.lon ?? null,
        lat: centre?.lat ?? null,
        spreadNm: centre === null ? null : spreadNm,
        farthestNm: centre === null ? null : farthestNm,
        stragglers: members.filter((mmsi) => stragglers.isOpen(mmsi)),
        split: splits.incidents.isOpen(gridId),
        outage: silence.outages.formations.isOpen(gridId),
        dark: members.filter((mmsi) => silence.dark.stageOf(mmsi) !== null),
        inHarbour: members.reduce((n, mmsi) => n + (this.#rules.harbourOf(mmsi) === null ? 0 : 1), 0),
      };
    });
  }

  /** The formations added up for every grid above them. */
  rollUp(formations: readonly FormationView[]): AreaRollUp[] {
    return rollUp(formations, (gridId) => this.#membership.above?.(gridId) ?? []);
  }

  /** What each station hears; those that were never heard are not named. */
  coverage(now: number): CoverageView[] {
    return this.#coverage.views(now);
  }

  /** stations that hear a vessel, and vessels that a station hears */
  get reception(): Pick<Coverage, "hearing" | "heardBy"> {
    return this.#coverage;
  }

  formationOf(mmsi: number): string | null {
    return this.#membership.formationOf(mmsi);
  }

  get size(): number {
    return this.#tracks.size;
  }

  #view(track: Track, now: number): VesselView | null {
    const at = track.main;
    if (at === null) return null;
    const { mmsi } = track;
    const formationId = this.#membership.formationOf(mmsi);
    const freshness = track.freshness(now, this.#settings);
    const flags: VesselFlag[] = [];
    const fault = mmsiFault(mmsi);
    if (fault !== null) flags.push(fault);
    if (track.clashing) flags.push("mmsi_clash");
    else if (track.other !== null && now - track.other.ts <= this.#settings.staleMs) flags.push("implausible");
    if (track.isBuoy(formationId !== null)) flags.push("net_buoy");
    return {
      mmsi,
      name: track.name ?? "",
      formationId,
      lon: at.lon,
      lat: at.lat,
      sog: at.sog,
      cog: at.cog,
      heading: at.heading,
      ts: at.ts,
      at: at.ts,
      freshness,
      state: this.#rules.silence.stateOf(mmsi) ?? freshness,
      inHarbour: this.#rules.harbourOf(mmsi),
      areas: this.#rules.areas.areasOf(mmsi),
      flags,
    };
  }

  #place(
    p: Located,
    track: Track | undefined,
    receiver: Device,
    formationId: string | null,
    late: boolean,
    rx: number,
    into: CommitBatch,
    out: Finding[],
  ): void {
    const ts = p.ts > rx + SKEW_MS ? rx : p.ts;
    const main = track?.main ?? null;
    const from = main === null ? null : { lon: main.lon, lat: main.lat, ts: main.ts };
    const plausible = track?.place(p, ts, this.#settings) ?? true;
    if (!plausible) this.counts.implausible++;
    if (track !== undefined) {
      const at = track.main!;
      if (plausible && at.ts === ts) {
        // between two segments there is no way that the vessel went
        if (!late) this.#rules.moved(track, at === main ? from : null, this.#waters, rx, out);
      }
      if (track.other !== null) this.#rules.clashes.look(track, formationId, this.#settings, rx, out);
    }
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

  #shape(gridId: string, now: number): FormationShape {
    const tracks: Track[] = [];
    for (const mmsi of this.#membership.members(gridId)) {
      const track = this.#tracks.get(mmsi);
      if (track?.clashing === false) tracks.push(track);
    }
    return shapeOf(tracks, now, this.#thresholds.of(gridId, this.#membership));
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
      if (this.#membership.formationOf(mmsi) !== null || this.#rules.isDistress(mmsi)) continue;
      this.#tracks.delete(mmsi);
      this.#rules.ports.forget(mmsi);
      this.#changes.mark(TRACK_KEY + mmsi, () => null);
    }
  }
}

type Located = Position & { readonly lon: number; readonly lat: number };
