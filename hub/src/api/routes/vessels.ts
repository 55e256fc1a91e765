import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { vesselTrack } from "../../store/queries/positions.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Time } from "../query.ts";
import { FormationInfo, VesselInfo } from "../schema.ts";
import type { Scope } from "../scope.ts";
import { visibleVessels } from "../visible.ts";

const TRACK_POINTS = 5000;
const TRACK_MS = 6 * 3_600_000;

const Mmsi = Type.Object({ mmsi: Type.Integer({ minimum: 0, maximum: 999_999_999 }) });
const Span = Type.Object({ from: Type.Optional(Time), to: Type.Optional(Time) });
const Number0 = Type.Union([Type.Number(), Type.Null()]);
const Track = Type.Object({
  rows: Type.Array(Type.Tuple([Type.Number(), Type.Number(), Type.Number(), Number0, Number0])),
});

export function vesselRoutes(app: App, { context }: Parts): void {
  const { fleet, clock, pool } = context;

  app.get(
    "/api/vessels",
    {
      config: { role: "viewer" },
      schema: { tags: ["fleet"], response: { 200: Type.Object({ items: Type.Array(VesselInfo) }) } },
    },
    async (request) => ({ items: visibleVessels(callerOf(request).scope, context, clock()) }),
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
      const { to = clock(), from = to - TRACK_MS } = request.query;
      if (from >= to) throw new ApiFailure(400, "INVALID", "from must be before to");
      const rows = await blaming(vesselTrack(pool, { mmsi, from, to, limit: TRACK_POINTS }));
      return { rows: rows.map((row): [number, number, number, number | null, number | null] => [...row]) };
    },
  );

  /** Of a vessel that memory has forgotten only its formation says who may see it. */
  function visible(mmsi: number, scope: Scope): boolean {
    if (scope.everything || scope.has(context.grids().formationOf(mmsi))) return true;
    return visibleVessels(scope, context, clock()).some((vessel) => vessel.mmsi === mmsi);
  }

  app.get(
    "/api/formations",
    {
      config: { role: "viewer" },
      schema: { tags: ["fleet"], response: { 200: Type.Object({ items: Type.Array(FormationInfo) }) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const grids = context.grids();
      const items = fleet
        .formations(clock())
        .filter(({ gridId }) => scope.has(gridId))
        .map((formation) => {
          const grid = grids.get(formation.gridId);
          const parent = grid?.parent == null ? undefined : grids.get(grid.parent);
          return { ...formation, name: grid?.name ?? formation.gridId, parentName: parent?.name ?? "" };
        });
      return { items };
    },
  );
}
