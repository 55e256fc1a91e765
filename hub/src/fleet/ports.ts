import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { distanceNm, wrapLon } from "./distance.ts";
import type { Watch } from "./incidents.ts";
import type { SeaArea } from "./membership.ts";
import type { Segment, Track } from "./track.ts";
import { isJudged, report, rounded, type Waters, whoIs } from "./waters.ts";

const METRES_PER_NM = 1852;
/** cells of the lookup, degrees; a port stands in every cell that a vessel at it may be in */
const CELL = 0.1;
/** `port_enter_m` and `port_exit_m` are no greater */
const REACH_M = 10_000;
const METRES_PER_DEGREE = 111_195;
const PAST = 20;
const KIND = "vessel.port_visit";

/** A stay in a harbour; times ms UTC. */
export interface PortVisit {
  readonly gridId: string;
  readonly enteredAt: number;
  /** first stop and the last start again; null = not yet */
  readonly stoppedAt: number | null;
  readonly resumedAt: number | null;
  readonly leftAt: number | null;
}

interface Port {
  readonly gridId: string;
  readonly lon: number;
  readonly lat: number;
}

interface Visits {
  /** the last one is open while its `leftAt` is null */
  readonly visits: readonly PortVisit[];
  /** grid of the visit that was reported and is not over; absent in rows of earlier versions */
  readonly said?: string | null;
}

/**
 * Port visits: into a harbour's polygon and out of it, or, of harbours that are points, nearer than 3 km and farther than 4 km.
 * A stop begins below 0.2 kn and ends above 0.5 kn. The last twenty of each registered vessel are kept; they become findings
 * only where the harbour asks for it, since a thousand boats come home every day.
 */
export class PortWatch implements Watch {
  readonly prefix = "port:";
  readonly #changes: Changes;
  readonly #visits = new Map<number, Visits>();
  #ports: readonly Port[] = [];
  #cells: ReadonlyMap<number, readonly number[]> = new Map();
  #reported: ReadonlySet<string> = new Set();
  #harbours: ReadonlySet<string> = new Set();
  /** the harbours were looked at since they changed */
  #checked = false;

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  setAreas(areas: readonly SeaArea[]): void {
    this.#ports = areas.flatMap(({ id, sea, polygons, rule }) =>
      rule === "harbour" && polygons.length > 0
        ? []
        : (sea.ports ?? []).map(([lon, lat]) => ({ gridId: id, lon, lat })),
    );
    this.#checked = false;
    this.#harbours = new Set(
      areas.filter(({ rule, sea }) => rule === "harbour" || sea.ports !== undefined).map(({ id }) => id),
    );
    this.#reported = new Set(areas.filter(({ sea }) => sea.report_visits === true).map(({ id }) => id));
    const cells = new Map<number, number[]>();
    for (const [i, { lon, lat }] of this.#ports.entries()) {
      const narrow = Math.max(0.05, Math.cos((lat * Math.PI) / 180));
      const across = Math.ceil(REACH_M / (METRES_PER_DEGREE * CELL * narrow));
      for (let x = -across; x <= across; x++)
        for (let y = -1; y <= 1; y++) {
          const cell = cellOf(wrapLon(lon + x * CELL), lat + y * CELL);
          cells.set(cell, [...(cells.get(cell) ?? []), i]);
        }
    }
    this.#cells = cells;
  }

  load(key: string, state: unknown): void {
    this.#visits.set(Number(key), state as Visits);
  }

  reset(): void {
    this.#checked = false;
    this.#visits.clear();
  }

  /** A stay in a harbour that is no more ends where the vessel was last. */
  tick(waters: Waters, now: number, out: Finding[]): void {
    if (this.#checked) return;
    this.#checked = true;
    for (const [mmsi, { visits }] of this.#visits) {
      const last = visits.at(-1);
      if (last === undefined || last.leftAt !== null || this.#harbours.has(last.gridId)) continue;
      const at = waters.tracks.get(mmsi)?.main ?? null;
      const left = { ...last, leftAt: at?.ts ?? now };
      if (this.#saidOf(mmsi) === last.gridId)
        out.push(
          report(KIND, "clear", 4, now, `mmsi:${mmsi}`, last.gridId, at, { mmsi, ...left, why: "area_removed" }),
        );
      this.#keep(mmsi, [...visits.slice(0, -1), left], null);
    }
  }

  /** oldest first; the last one goes on while its `leftAt` is null */
  visitsOf(mmsi: number): readonly PortVisit[] {
    return this.#visits.get(mmsi)?.visits ?? [];
  }

  /** the harbour without polygon that the vessel is at */
  harbourOf(mmsi: number): string | null {
    const last = this.#visits.get(mmsi)?.visits.at(-1);
    return last === undefined || last.leftAt !== null || !this.#isPoint(last.gridId) ? null : last.gridId;
  }

  /** @param harbour the polygon that the vessel is in */
  moved(track: Track, to: Segment, harbour: string | null, waters: Waters, now: number, out: Finding[]): void {
    const before = this.#visits.get(track.mmsi)?.visits ?? [];
    const last = before.at(-1);
    const open = last !== undefined && last.leftAt === null ? last : undefined;
    if (
      harbour === null &&
      open === undefined &&
      (this.#ports.length === 0 || !this.#cells.has(cellOf(to.lon, to.lat)))
    )
      return;
    const at = harbour ?? this.#pointAt(to, open?.gridId, waters);
    if (open !== undefined && open.gridId === at) {
      const visit = withSpeed(open, to, waters);
      if (visit !== open) this.#keep(track.mmsi, [...before.slice(0, -1), visit], this.#saidOf(track.mmsi));
      return;
    }
    let visits = before;
    let said = this.#saidOf(track.mmsi);
    if (open !== undefined) {
      const left = { ...open, leftAt: to.ts };
      visits = [...visits.slice(0, -1), left];
      const why = this.#harbours.has(left.gridId) ? "left" : "area_removed";
      if (said === left.gridId) out.push(finding("clear", track, left, to, waters, now, { why }));
      said = null;
    }
    if (at !== null) {
      const entered = withSpeed(
        { gridId: at, enteredAt: to.ts, stoppedAt: null, resumedAt: null, leftAt: null },
        to,
        waters,
      );
      visits = [...visits, entered].slice(-PAST);
      if (this.#reported.has(at) && isJudged(track, waters)) {
        said = at;
        out.push(finding("raise", track, entered, to, waters, now, {}));
      }
    }
    if (visits !== before) this.#keep(track.mmsi, visits, said);
  }

  /** Strangers are forgotten with their track. */
  forget(mmsi: number): void {
    if (this.#visits.delete(mmsi)) this.#changes.mark(this.prefix + mmsi, () => null);
  }

  #pointAt(to: Segment, open: string | undefined, waters: Waters): string | null {
    let best: string | null = null;
    let bestM = Number.POSITIVE_INFINITY;
    for (const i of this.#cells.get(cellOf(to.lon, to.lat)) ?? []) {
      const port = this.#ports[i];
      const metres = distanceNm(port.lon, port.lat, to.lon, to.lat) * METRES_PER_NM;
      const { portEnterM, portExitM } = waters.settingsOf(port.gridId);
      // whoever may enter is not sent out by a narrower way out
      if (metres > (port.gridId === open ? Math.max(portEnterM, portExitM) : portEnterM)) continue;
      // who is at a port stays there until it has left, even where another is nearer
      if (port.gridId === open) return open;
      if (metres < bestM) [best, bestM] = [port.gridId, metres];
    }
    return best;
  }

  #isPoint(gridId: string): boolean {
    return this.#ports.some((port) => port.gridId === gridId);
  }

  #saidOf(mmsi: number): string | null {
    const state = this.#visits.get(mmsi);
    if (state?.said !== undefined) return state.said;
    const last = state?.visits.at(-1);
    return last !== undefined && last.leftAt === null && this.#reported.has(last.gridId) ? last.gridId : null;
  }

  #keep(mmsi: number, visits: readonly PortVisit[], said: string | null): void {
    const state = { visits, said };
    this.#visits.set(mmsi, state);
    this.#changes.mark(this.prefix + mmsi, () => state);
  }
}

function finding(
  phase: Finding["phase"],
  track: Track,
  visit: PortVisit,
  to: Segment,
  waters: Waters,
  now: number,
  more: Readonly<Record<string, unknown>>,
): Finding {
  return report(KIND, phase, 4, now, `mmsi:${track.mmsi}`, visit.gridId, to, {
    ...whoIs(track),
    formation: waters.membership.formationOf(track.mmsi),
    ...visit,
    hours: rounded((to.ts - visit.enteredAt) / 3_600_000),
    sog: to.sog,
    ...more,
  });
}

function withSpeed(visit: PortVisit, to: Segment, waters: Waters): PortVisit {
  const settings = waters.settingsOf(visit.gridId);
  if (to.sog === null) return visit;
  const stopped = visit.stoppedAt !== null && visit.resumedAt === null;
  if (!stopped && to.sog < settings.portStopKn)
    return { ...visit, stoppedAt: visit.stoppedAt ?? to.ts, resumedAt: null };
  return stopped && to.sog > settings.portResumeKn ? { ...visit, resumedAt: to.ts } : visit;
}

function cellOf(lon: number, lat: number): number {
  return Math.floor((lon + 180) / CELL) * 10_000 + Math.floor((lat + 90) / CELL);
}
