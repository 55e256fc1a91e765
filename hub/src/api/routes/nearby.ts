import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { eventDetail } from "../../store/queries/events.ts";
import type { App } from "../app.ts";
import { notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import { nearbyOf } from "../nearby.ts";
import type { Parts } from "../parts.ts";
import { Text } from "../query.ts";
import { Nearby } from "../reports-schema.ts";

const DEFAULT_M = 1000;
const Radius = Type.Optional(Type.Number({ minimum: 0, maximum: 2000, description: `metres, default ${DEFAULT_M}` }));
const Id = Type.Object({ id: Text() });
const OfEvent = Type.Object({ radius: Radius });
const OfPoint = Type.Object({
  lon: Type.Number({ minimum: -180, maximum: 180 }),
  lat: Type.Number({ minimum: -90, maximum: 90 }),
  radius: Radius,
});

/** Devices, cameras with the direction in which they would have to look, vessels, events and grids around a place. */
export function nearbyRoutes(app: App, { context, events }: Parts): void {
  const answer = { tags: ["map"], response: { 200: Nearby } };

  app.get(
    "/api/events/:id/nearby",
    { config: { role: "viewer" }, schema: { ...answer, params: Id, querystring: OfEvent } },
    async (request) => {
      const { scope } = callerOf(request);
      const { radius = DEFAULT_M } = request.query;
      const found = await blaming(eventDetail(context.pool, request.params.id));
      if (found === null || !scope.has(found.event.gridId)) throw notFound("event");
      const { id, lon, lat } = found.event;
      if (lon === null || lat === null)
        return { lon, lat, radius, devices: [], cameras: [], vessels: [], events: [], grids: [] };
      return nearbyOf(context, events, scope, { lon, lat }, { radius, except: id });
    },
  );

  app.get(
    "/api/nearby",
    { config: { role: "viewer" }, schema: { ...answer, querystring: OfPoint } },
    async (request) => {
      const { lon, lat, radius = DEFAULT_M } = request.query;
      return nearbyOf(context, events, callerOf(request).scope, { lon, lat }, { radius });
    },
  );
}
