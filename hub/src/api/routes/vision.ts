import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { evidenceCounts, visionPrecision } from "../../store/queries/vision.ts";
import type { App } from "../app.ts";
import { cameraInfo, isCamera, visibleCameras } from "../camera-view.ts";
import { notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import { judged } from "../judged.ts";
import type { Parts } from "../parts.ts";
import { Limit, Text, Time, words, wordsOf, Words } from "../query.ts";
import { HealthState } from "../schema.ts";
import { cardInfo } from "../model-view.ts";
import { CameraPage, CameraState, Judged, VisionModels } from "../vision-schema.ts";

const DAY_MS = 86_400_000;
const DAYS = 30;
const tags = ["vision"];
const Days = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 366, description: `that precision is of; default ${DAYS}` }),
);
const CamerasQuery = Type.Object({
  limit: Type.Optional(Limit(1000, 200)),
  after: Type.Optional(Text(200, "uid of the last camera of the page before")),
  grid: Type.Optional(Text()),
  site: Type.Optional(Text()),
  q: Type.Optional(Text()),
  state: Type.Optional(Words),
  health: Type.Optional(Words),
  faulty: Type.Optional(Type.Boolean({ description: "late, offline or flapping" })),
  days: Days,
});
const PrecisionAnswer = Type.Object({
  from: Time,
  to: Time,
  models: Type.Array(Type.Intersect([Type.Object({ model: Type.String(), recipe: Type.String() }), Judged])),
  cameras: Type.Array(Type.Intersect([Type.Object({ uid: Type.String(), recipe: Type.String() }), Judged])),
});
const FAULTY: ReadonlySet<string> = new Set(["late", "offline", "flapping"]);

/** How the cameras and the models are doing, and how often what was raised was true. */
export function visionRoutes(app: App, { context }: Parts): void {
  const { vision, registry, pool, clock, health } = context;

  app.get(
    "/api/vision/cameras",
    {
      config: { role: "viewer" },
      schema: { tags, querystring: CamerasQuery, response: { 200: CameraPage } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const { limit = 200, after = "", grid, site, q = "", faulty = false, days = DAYS } = request.query;
      const wanted = wordsOf("state", request.query.state, CameraState);
      const healths = wordsOf("health", request.query.health, HealthState);
      const grids = scope.within(grid);
      const needle = q.trim().toLowerCase();
      const now = clock();
      const states: Record<string, number> = { watching: 0, silent: 0, idle: 0, unwatched: 0 };
      let faults = 0;
      const found = visibleCameras(scope, context).filter((device) => {
        if (site !== undefined && device.site !== site) return false;
        if (grids !== null && (device.gridId === null || !grids.has(device.gridId))) return false;
        if (needle !== "" && !`${device.uid}\n${device.title}`.toLowerCase().includes(needle)) return false;
        const contact = health.of(`device:${device.uid}`)?.state ?? "unknown";
        if (healths !== undefined && !healths.includes(contact)) return false;
        const isFaulty = FAULTY.has(contact);
        if (faulty && !isFaulty) return false;
        const state = vision.stateOf(device, now);
        states[state]++;
        if (isFaulty) faults++;
        return wanted === undefined || wanted.includes(state);
      });
      const rest = found.filter(({ uid }) => uid > after);
      const page = rest.slice(0, limit);
      const ids = page.map(({ id }) => id);
      const [judgements, evidence] = await blaming(
        Promise.all([
          visionPrecision(pool, { from: now - days * DAY_MS, to: now, devices: ids }),
          evidenceCounts(pool, ids),
        ]),
      );
      const of = Map.groupBy(judgements, ({ deviceId }) => deviceId);
      const items = page.map((device) =>
        cameraInfo(device, now, context, {
          evidence: evidence.get(device.id) ?? 0,
          judgements: of.get(device.id) ?? [],
        }),
      );
      const next = rest.length > limit ? page[limit - 1].uid : null;
      return { items, next, total: found.length, states, faulty: faults };
    },
  );

  app.get(
    "/api/cameras/:site/:name/thumbnail",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        params: Type.Object({ site: Text(), name: Text() }),
        querystring: Type.Object({ ts: Type.Optional(Text(20, "not read: a new picture has a new address")) }),
        produces: ["image/jpeg"],
        response: { 200: Type.Any() },
      },
    },
    async (request, reply) => {
      const { site, name } = request.params;
      const device = registry.device(`${site}/${name}`);
      const { scope } = callerOf(request);
      if (device === undefined || !isCamera(device, context) || !scope.hasDevice(device)) throw notFound("camera");
      const thumbnail = await vision.thumbnails.of(device.uid);
      if (thumbnail === null) throw notFound("picture");
      return reply.type("image/jpeg").header("cache-control", "private, no-store").send(thumbnail.jpeg);
    },
  );

  app.get(
    "/api/vision/models",
    {
      config: { role: "viewer" },
      schema: { tags, querystring: Type.Object({ days: Days }), response: { 200: VisionModels } },
    },
    async (request): Promise<VisionModels> => {
      const { scope } = callerOf(request);
      const now = clock();
      const from = now - (request.query.days ?? DAYS) * DAY_MS;
      const grids = scope.grids === null ? undefined : [...scope.grids];
      const rows = await blaming(visionPrecision(pool, { from, to: now, grids }));
      const cameras = visibleCameras(scope, context).map((device) => vision.camera(device, now).models);
      const { enabled, load, waiting, ageMs, dropped } = vision.stats();
      const items = vision.models().map(({ name, model, refused, frameMs, frames }) => {
        const id = model?.id ?? null;
        return {
          name,
          id,
          refused,
          card: model === null ? null : cardInfo(model),
          frames,
          frameMs: frameMs === null ? null : { ...frameMs },
          cameras: cameras.filter((models) => id !== null && models.includes(id)).length,
          precision: judged(
            // a recipe of several models names them all
            rows.filter((row) => words(row.model)?.includes(id ?? name) === true),
            ({ kind, recipe }) => ({ kind, recipe }),
          ),
        };
      });
      return { enabled, items, load: { ...load, waiting, ageMs: { ...ageMs }, dropped: { ...dropped } } };
    },
  );

  app.get(
    "/api/vision/precision",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        description: "Of what detectors raised and people judged, how much was true. Default: the last 30 days",
        querystring: Type.Object({ from: Type.Optional(Time), to: Type.Optional(Time) }),
        response: { 200: PrecisionAnswer },
      },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const to = request.query.to ?? clock();
      const from = request.query.from ?? Math.max(0, to - DAYS * DAY_MS);
      const grids = scope.grids === null ? undefined : [...scope.grids];
      const rows = await blaming(visionPrecision(pool, { from, to, grids }));
      const uidOf = (id: number | null): string => (id === null ? "" : (registry.deviceById(id)?.uid ?? ""));
      return {
        from,
        to,
        models: judged(rows, ({ model, recipe }) => ({ model, recipe })),
        cameras: judged(rows, ({ deviceId, recipe }) => ({ uid: uidOf(deviceId), recipe })),
      };
    },
  );
}
