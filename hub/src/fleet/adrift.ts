import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { distanceNm, type Place, wrapLon } from "./distance.ts";
import { Incidents, step } from "./incidents.ts";
import type { Segment, Track } from "./track.ts";
import { held, isJudged, report, rounded, type Waters, whoIs } from "./waters.ts";

interface Drift {
  readonly degrees: number;
  readonly sog: number;
}

/** What is known of an anchorage: the box of its fixes, and whether the vessel is outside the circle around it. */
interface Anchorage {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  readonly distanceM: number;
  readonly radiusM: number;
}

const AT_ANCHOR = 1;
/** engaged in fishing, restricted, constrained, not under command says it itself; moored and aground do not drift */
const NO_DRIFT: ReadonlySet<number> = new Set([1, 3, 5, 6, 7]);
const METRES_PER_NM = 1852;
const METRES_PER_DEGREE = 111_195;
/** faster than this it has weighed anchor, whatever its status says, knots */
const WEIGHED_KN = 4;

/** Course and heading differ by 45 degrees or more at some speed: the vessel goes where the sea wants. Looked at per report. */
export class Drifts {
  readonly incidents: Incidents<Drift>;

  constructor(changes: Changes) {
    this.incidents = new Incidents("drift:", changes);
  }

  moved(track: Track, at: Segment, waters: Waters, now: number, out: Finding[]): void {
    const key = String(track.mmsi);
    const gridId = waters.membership.formationOf(track.mmsi);
    const s = waters.settingsOf(gridId);
    const { sog, cog, heading } = at;
    const known = this.incidents.get(key) !== undefined;
    if (sog === null || cog === null || heading === null) return;
    const degrees = Math.abs(wrapLon(cog - heading));
    const turned = s.driftDegrees > 0 && degrees >= s.driftDegrees;
    if (!turned && !known) return;
    const may = isJudged(track, waters) && waters.harbourOf(track.mmsi) === null && !NO_DRIFT.has(at.status ?? -1);
    const on = turned && may && sog >= s.driftMinKn && sog <= s.driftMaxKn;
    const rule = { holdMs: s.driftHoldMs, updateMs: s.updateMs, news: () => false };
    const done = step(this.incidents, key, { on, off: !on, gridId, data: { degrees, sog } }, now, rule);
    if (done === null) return;
    out.push(
      report("vessel.drift", done.phase, 3, now, `mmsi:${track.mmsi}`, done.state.gridId, at, {
        ...whoIs(track),
        degrees: Math.round(degrees),
        limitDegrees: s.driftDegrees,
        sog,
        cog,
        heading,
        ...held(done.state, now),
      }),
    );
  }
}

/**
 * A vessel at anchor that leaves its swing circle by 50 m for a minute. Nobody says where the anchor lies: the circle is around
 * the middle of the fixes since the anchor fell, as long as they fit into one of 150 m (or twice the vessel's length, if more).
 */
export class AnchorDrags {
  /** the anchorages; an incident of `held` is one that is being left */
  readonly anchorages: Incidents<Anchorage>;
  readonly incidents: Incidents<Anchorage>;

  constructor(changes: Changes) {
    this.anchorages = new Incidents("anchor:", changes);
    this.incidents = new Incidents("drag:", changes);
  }

  moved(track: Track, at: Segment, waters: Waters, now: number, out: Finding[]): void {
    const key = String(track.mmsi);
    const known = this.anchorages.get(key);
    const anchored = at.status === AT_ANCHOR && (at.sog ?? 0) <= WEIGHED_KN;
    if (!anchored && known === undefined) return;
    const gridId = waters.membership.formationOf(track.mmsi);
    const s = waters.settingsOf(gridId);
    if (!anchored || s.swingM <= 0 || !isJudged(track, waters) || waters.harbourOf(track.mmsi) !== null) {
      if (known === undefined) return;
      this.anchorages.drop(key);
      this.#judge(key, track, at, { ...known.data, distanceM: 0 }, false, gridId, waters, now, out, "weighed");
      return;
    }
    const radiusM = Math.max(s.swingM, 2 * (track.length ?? 0));
    const box = widened(known?.data, at, radiusM);
    const middle = { lon: (box.west + box.east) / 2, lat: (box.south + box.north) / 2 };
    const distanceM = distanceNm(middle.lon, middle.lat, at.lon, at.lat) * METRES_PER_NM;
    const data = { ...box, distanceM, radiusM };
    if (known === undefined || grew(known.data, data))
      this.anchorages.set(key, { gridId, since: known?.since ?? now, open: false, updatedAt: now, data });
    const on = distanceM > radiusM + s.anchorMarginM;
    this.#judge(key, track, at, data, on, gridId, waters, now, out, "back");
  }

  #judge(
    key: string,
    track: Track,
    at: Place,
    data: Anchorage,
    on: boolean,
    gridId: string | null,
    waters: Waters,
    now: number,
    out: Finding[],
    why: string,
  ): void {
    const s = waters.settingsOf(gridId);
    const off = !on && data.distanceM <= data.radiusM;
    const rule = {
      holdMs: s.anchorHoldMs,
      updateMs: s.updateMs,
      news: (a: Anchorage, b: Anchorage) => b.distanceM > 1.5 * a.distanceM,
    };
    const done = step(this.incidents, key, { on, off, gridId, data }, now, rule);
    if (done === null) return;
    out.push(
      report("vessel.anchor_drag", done.phase, 2, now, `mmsi:${key}`, done.state.gridId, at, {
        ...whoIs(track),
        distanceM: Math.round(data.distanceM),
        swingM: Math.round(data.radiusM),
        marginM: s.anchorMarginM,
        anchorage: [rounded(wrapLon((data.west + data.east) / 2), 5), rounded((data.south + data.north) / 2, 5)],
        sog: track.main?.sog ?? null,
        ...held(done.state, now),
        ...(done.phase === "clear" ? { why } : {}),
      }),
    );
  }
}

type Box = Pick<Anchorage, "west" | "south" | "east" | "north">;

/** The box with one more fix, unless it would no longer fit into the circle. */
function widened(box: Box | undefined, at: Place, radiusM: number): Box {
  const { lat } = at;
  let { lon } = at;
  if (box === undefined) return { west: lon, south: lat, east: lon, north: lat };
  // west of the 180th meridian the box goes on beyond 180, on its own side
  lon = box.west + wrapLon(lon - box.west);
  const wider = {
    west: Math.min(box.west, lon),
    south: Math.min(box.south, lat),
    east: Math.max(box.east, lon),
    north: Math.max(box.north, lat),
  };
  const cos = Math.cos((lat * Math.PI) / 180);
  const diagonal = Math.hypot((wider.east - wider.west) * cos, wider.north - wider.south) * METRES_PER_DEGREE;
  const { west, south, east, north } = box;
  return diagonal / 2 <= radiusM ? wider : { west, south, east, north };
}

function grew(a: Box, b: Box): boolean {
  return a.west !== b.west || a.south !== b.south || a.east !== b.east || a.north !== b.north;
}
