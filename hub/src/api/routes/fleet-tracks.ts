import Type from "typebox";
import { simplified } from "../../fleet/interpolate.ts";
import { type Polygon, polygonsOf } from "../../grids/grid.ts";
import { blaming } from "../../store/failure.ts";
import { type Box, fleetTracks } from "../../store/queries/positions.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Text, Time, Words, words } from "../query.ts";
import { visibleVessels } from "../visible.ts";

const MAX_SPAN_MS = 3 * 86_400_000;
const SPAN_MS = 6 * 3_600_000;
/** rows read at most; the span between two positions of a vessel follows from it */
const ROWS = 200_000;
const MIN_EVERY_MS = 30_000;

const Query = Type.Object({
  area: Type.Optional(Text(128, "a grid with a border: positions within its box; a formation or parent: its vessels")),
  mmsi: Type.Optional(Words),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  simplify: Type.Optional(Type.Number({ minimum: 0, maximum: 10_000, description: "metres; default 30" })),
});
const FleetTrack = Type.Object({
  mmsi: Type.Number(),
  /** [ms UTC, longitude, latitude] */
  points: Type.Array(Type.Tuple([Type.Number(), Type.Number(), Type.Number()])),
});

/** The lines of all vessels that the account sees, for playback: one request for a night of a fleet. */
export function fleetTrackRoutes(app: App, { context }: Parts): void {
  const { clock, pool } = context;

  app.get(
    "/api/tracks",
    {
      config: { role: "viewer" },
      schema: {
        tags: ["fleet"],
        querystring: Query,
        response: {
          200: Type.Object({ everyMs: Type.Number(), truncated: Type.Boolean(), items: Type.Array(FleetTrack) }),
        },
      },
    },
    async (request) => {
      const { area, to = clock(), from = to - SPAN_MS, simplify = 30 } = request.query;
      if (from >= to || to - from > MAX_SPAN_MS)
        throw new ApiFailure(400, "INVALID", "from must be before to, and not more than 3 days");
      const wanted = words(request.query.mmsi)?.map(Number);
      const grid = area === undefined ? undefined : context.grids().get(area);
      if (area !== undefined && grid === undefined) throw notFound("grid");
      const polygons = grid === undefined ? [] : polygonsOf(grid);
      const below = grid === undefined ? null : context.grids().subtree(grid.id);
      const mmsi = visibleVessels(callerOf(request).scope, context, clock())
        .filter(
          (v) =>
            (wanted === undefined || wanted.includes(v.mmsi)) &&
            (below === null || polygons.length > 0 || (v.formationId !== null && below.has(v.formationId))),
        )
        .map((v) => v.mmsi);
      const everyMs = Math.max(MIN_EVERY_MS, Math.ceil(((to - from) * Math.max(1, mmsi.length)) / ROWS));
      const rows = await blaming(fleetTracks(pool, { mmsi, box: boxOf(polygons), from, to, everyMs, limit: ROWS }));
      return { everyMs, truncated: rows.length === ROWS, items: lines(rows, simplify) };
    },
  );
}

function lines(rows: readonly (readonly [number, number, number, number, ...unknown[]])[], metres: number) {
  const items: { mmsi: number; points: [number, number, number][] }[] = [];
  for (let i = 0; i < rows.length;) {
    const [mmsi] = rows[i];
    let end = i;
    while (end < rows.length && rows[end][0] === mmsi) end++;
    const own = rows.slice(i, end);
    const kept = simplified(
      own.map((row) => row[2]),
      own.map((row) => row[3]),
      metres,
    );
    items.push({ mmsi, points: kept.map((k) => [own[k][1], own[k][2], own[k][3]]) });
    i = end;
  }
  return items;
}

function boxOf(polygons: readonly Polygon[]): Box | null {
  if (polygons.length === 0) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [outer] of polygons)
    for (const [x, y] of outer)
      [west, south, east, north] = [Math.min(west, x), Math.min(south, y), Math.max(east, x), Math.max(north, y)];
  return [west, south, east, north];
}
