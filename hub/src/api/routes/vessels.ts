import Type from "typebox";
import { simplified } from "../../fleet/interpolate.ts";
import type { VesselView } from "../../fleet/view.ts";
import { blaming } from "../../store/failure.ts";
import { type TrackRow, vesselTrack } from "../../store/queries/positions.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Text, Time, Words, words } from "../query.ts";
import { FleetRollUp, FormationInfo, PortVisitInfo, ReceiverInfo, VesselInfo } from "../schema.ts";
import type { Scope } from "../scope.ts";
import { visibleVessels } from "../visible.ts";

const TRACK_POINTS = 5000;
/** positions read for a line that is simplified afterwards */
const RAW_POINTS = 20_000;
const TRACK_MS = 6 * 3_600_000;

const Mmsi = Type.Object({ mmsi: Type.Integer({ minimum: 0, maximum: 999_999_999 }) });
const Span = Type.Object({
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  simplify: Type.Optional(
    Type.Number({ minimum: 0, maximum: 10_000, description: "metres that the line may differ by (Douglas-Peucker)" }),
  ),
});
const Filter = Type.Object({
  formation: Type.Optional(Words),
  state: Type.Optional(Text(200, "fresh, late, stale, lost, dark, gap, suspected_disabling, outage, in_port, at_sea")),
  area: Type.Optional(Text(200, "a harbour or an area with a rule, or any grid: vessels of the formations below it")),
});
const Number0 = Type.Union([Type.Number(), Type.Null()]);
/** A station that heard a vessel in the last ten minutes, and when last. */
const HearingInfo = Type.Object({ uid: Type.String(), ts: Type.Number() });
const Track = Type.Object({
  rows: Type.Array(Type.Tuple([Type.Number(), Type.Number(), Type.Number(), Number0, Number0])),
});

export function vesselRoutes(app: App, { context }: Parts): void {
  const { fleet, clock, pool } = context;

  app.get(
    "/api/vessels",
    {
      config: { role: "viewer" },
      schema: {
        tags: ["fleet"],
        querystring: Filter,
        response: { 200: Type.Object({ items: Type.Array(VesselInfo) }) },
      },
    },
    async (request) => {
      const { formation, state, area } = request.query;
      const [formations, states] = [words(formation), words(state)];
      const below = area === undefined ? null : context.grids().subtree(area);
      const items = visibleVessels(callerOf(request).scope, context, clock()).filter(
        (vessel) =>
          (formations === undefined || (vessel.formationId !== null && formations.includes(vessel.formationId))) &&
          (states === undefined || states.some((each) => isIn(vessel, each))) &&
          (below === null || isAt(vessel, below)),
      );
      const names = rosterNames();
      return {
        items: items.map((vessel) => ({
          ...vessel,
          name: names.get(vessel.mmsi) ?? vessel.name,
          areas: [...vessel.areas],
          flags: [...vessel.flags],
        })),
      };
    },
  );

  app.get(
    "/api/vessels/:mmsi/track",
    {
      config: { role: "viewer" },
      schema: { tags: ["fleet"], params: Mmsi, querystring: Span, response: { 200: Track } },
    },
    async (request) => {
      const { mmsi } = request.params;
      if (!visible(mmsi, callerOf(request).scope)) throw notFound("vessel");
      const { to = clock(), from = to - TRACK_MS, simplify } = request.query;
      if (from >= to) throw new ApiFailure(400, "INVALID", "from must be before to");
      const limit = simplify === undefined ? TRACK_POINTS : RAW_POINTS;
      const rows = await blaming(vesselTrack(pool, { mmsi, from, to, limit }));
      const line = simplify === undefined ? rows : bounded(rows, simplify);
      return { rows: line.map((row): [number, number, number, number | null, number | null] => [...row]) };
    },
  );

  app.get(
    "/api/vessels/:mmsi/visits",
    {
      config: { role: "viewer" },
      schema: { tags: ["fleet"], params: Mmsi, response: { 200: Type.Object({ items: Type.Array(PortVisitInfo) }) } },
    },
    async (request) => {
      const { mmsi } = request.params;
      if (!visible(mmsi, callerOf(request).scope)) throw notFound("vessel");
      const name = (gridId: string) => context.grids().get(gridId)?.name ?? gridId;
      return { items: fleet.portVisits(mmsi).map((visit) => ({ ...visit, name: name(visit.gridId) })) };
    },
  );

  app.get(
    "/api/vessels/:mmsi/receivers",
    {
      config: { role: "viewer" },
      schema: { tags: ["fleet"], params: Mmsi, response: { 200: Type.Object({ items: Type.Array(HearingInfo) }) } },
    },
    async (request) => {
      const { mmsi } = request.params;
      const { scope } = callerOf(request);
      if (!visible(mmsi, scope)) throw notFound("vessel");
      const items = fleet.reception.hearing(mmsi, clock()).filter(({ gridId }) => scope.has(gridId));
      return { items: items.map(({ uid, at }) => ({ uid, ts: at })) };
    },
  );

  /** What the rosters call vessels, as events and recalls do; what AIS says of itself is often a transcription. */
  function rosterNames(): ReadonlyMap<number, string> {
    const names = new Map<number, string>();
    for (const { members } of context.grids().grids()) for (const { mmsi, name } of members) if (name !== "") names.set(mmsi, name); // prettier-ignore
    return names;
  }

  /** Of a vessel that memory has forgotten only its formation says who may see it. */
  function visible(mmsi: number, scope: Scope): boolean {
    if (scope.everything || scope.has(fleet.formationOf(mmsi))) return true;
    const vessel = fleet.vessel(mmsi, clock());
    return vessel !== null && scope.hasVessel(mmsi, vessel.lon, vessel.lat, vessel.formationId);
  }

  app.get(
    "/api/receivers",
    {
      config: { role: "viewer" },
      schema: { tags: ["fleet"], response: { 200: Type.Object({ items: Type.Array(ReceiverInfo) }) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const items = fleet
        .coverage(clock())
        .filter(({ gridId }) => scope.has(gridId))
        .map(({ deviceId: _, uid, ...coverage }) => {
          const { state = "unknown", reason = "" } = context.health.of(`device:${uid}`) ?? {};
          return { uid, ...coverage, state, reason, line: context.health.receiverOf(uid) };
        });
      return { items };
    },
  );

  app.get(
    "/api/receivers/:site/:name/vessels",
    {
      config: { role: "viewer" },
      schema: {
        tags: ["fleet"],
        params: Type.Object({ site: Type.String(), name: Type.String() }),
        response: { 200: Type.Object({ items: Type.Array(Type.Object({ mmsi: Type.Number(), ts: Type.Number() })) }) },
      },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const uid = `${request.params.site}/${request.params.name}`;
      const station = fleet.coverage(clock()).find((each) => each.uid === uid);
      if (station === undefined || !scope.has(station.gridId)) throw notFound("receiver");
      const items = fleet.reception.heardBy(uid, clock()).filter(({ mmsi }) => visible(mmsi, scope));
      return { items: items.map(({ mmsi, at }) => ({ mmsi, ts: at })) };
    },
  );

  app.get(
    "/api/formations",
    {
      config: { role: "viewer" },
      schema: {
        tags: ["fleet"],
        response: { 200: Type.Object({ items: Type.Array(FormationInfo), areas: Type.Array(FleetRollUp) }) },
      },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const grids = context.grids();
      const formations = fleet.formations(clock()).filter(({ gridId }) => scope.has(gridId));
      const items = formations.map((formation) => {
        const grid = grids.get(formation.gridId);
        const parent = grid?.parent == null ? undefined : grids.get(grid.parent);
        return { ...formation, name: grid?.name ?? formation.gridId, parentName: parent?.name ?? "" };
      });
      const areas = fleet.rollUp(formations).filter(({ gridId }) => scope.has(gridId));
      return { items, areas: areas.map((area) => ({ ...area, name: grids.get(area.gridId)?.name ?? area.gridId })) };
    },
  );
}

function isIn(vessel: VesselView, state: string): boolean {
  if (state === "in_port") return vessel.inHarbour !== null;
  if (state === "at_sea") return vessel.inHarbour === null;
  return vessel.state === state || vessel.freshness === state;
}

function isAt(vessel: VesselView, below: ReadonlySet<string>): boolean {
  const { formationId, inHarbour, areas } = vessel;
  return [formationId, inHarbour, ...areas].some((id) => id !== null && below.has(id));
}

/** Coarser by halves until the line is short enough; a straight line needs two points. */
function bounded(rows: readonly TrackRow[], metres: number): readonly TrackRow[] {
  const lons = rows.map((row) => row[1]);
  const lats = rows.map((row) => row[2]);
  let kept = simplified(lons, lats, metres);
  for (let m = Math.max(metres, 1); kept.length > TRACK_POINTS; m *= 2) kept = simplified(lons, lats, m);
  return kept.map((i) => rows[i]);
}
