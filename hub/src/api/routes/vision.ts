import Type, { type Static } from "typebox";
import type { App } from "../app.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Limit, Text, Time } from "../query.ts";
import { blaming } from "../../store/failure.ts";
import { visionPrecision, type PrecisionRow } from "../../store/queries/vision.ts";

const Pace = Type.Object({ interval_ms: Type.Optional(Type.Number()), patrol_ms: Type.Optional(Type.Number()) });

const Camera = Type.Object({
  uid: Type.String(),
  title: Type.String(),
  gridId: Type.Union([Type.String(), Type.Null()]),
  state: Type.Union(["watching", "silent", "idle", "unwatched"].map((s) => Type.Literal(s))),
  frameAgeMs: Type.Union([Type.Number(), Type.Null()], { description: "ms since the newest frame" }),
  perSecond: Type.Number({ description: "frames a second over the last minute or so" }),
  recipes: Type.Array(Type.String()),
  models: Type.Array(Type.String(), { description: "name@version" }),
  candidates: Type.Array(
    Type.Object({ recipe: Type.String(), kind: Type.String(), since: Time, raised: Type.Boolean() }),
    { description: "what has begun, and whether an event was raised of it" },
  ),
  pace: Type.Union([Pace, Type.Null()], { description: "what the hub asks of the edge" }),
});

const Precision = Type.Object({
  raised: Type.Number(),
  falseAlarms: Type.Number(),
  confirmed: Type.Number(),
  precision: Type.Union([Type.Number(), Type.Null()], {
    description:
      "confirmed / (confirmed + false alarms); null = nobody has judged any. Open and cleared events do not count",
  }),
  low: Type.Union([Type.Number(), Type.Null()], { description: "95 % interval (Wilson)" }),
  high: Type.Union([Type.Number(), Type.Null()]),
});

const PrecisionAnswer = Type.Object({
  from: Time,
  to: Time,
  models: Type.Array(Type.Intersect([Type.Object({ model: Type.String(), recipe: Type.String() }), Precision])),
  cameras: Type.Array(Type.Intersect([Type.Object({ uid: Type.String(), recipe: Type.String() }), Precision])),
});

const DAY_MS = 86_400_000;

/** How the cameras are doing, and how often what was raised of them was true. */
export function visionRoutes(app: App, { context }: Parts): void {
  const { vision, registry, pool, clock } = context;

  app.get(
    "/api/vision/cameras",
    {
      config: { role: "viewer" },
      schema: {
        tags: ["vision"],
        querystring: Type.Object({
          limit: Type.Optional(Limit(1000, 200)),
          after: Type.Optional(Text(200, "uid of the last camera of the page before")),
        }),
        response: { 200: Type.Object({ items: Type.Array(Camera), next: Type.Union([Type.String(), Type.Null()]) }) },
      },
    },
    (request) => {
      const { scope } = callerOf(request);
      const { limit = 200, after = "" } = request.query;
      const now = clock();
      const items: Static<typeof Camera>[] = [];
      const cameras = [...registry.devices()]
        .filter((d) => d.uid > after && scope.hasDevice(d) && (d.profile.kind === "camera" || vision.hasSeen(d)))
        .sort((a, b) => (a.uid < b.uid ? -1 : 1));
      for (const device of cameras.slice(0, limit)) {
        const { uid, title, gridId } = device;
        items.push({ ...structuredClone(vision.camera(device, now)), title: title || uid, gridId } as Static<
          typeof Camera
        >);
      }
      return { items, next: cameras.length > limit ? cameras[limit - 1].uid : null };
    },
  );

  app.get(
    "/api/vision/precision",
    {
      config: { role: "viewer" },
      schema: {
        tags: ["vision"],
        description: "Of what detectors raised and people judged, how much was true. Default: the last 30 days",
        querystring: Type.Object({ from: Type.Optional(Time), to: Type.Optional(Time) }),
        response: { 200: PrecisionAnswer },
      },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const to = request.query.to ?? clock();
      const from = request.query.from ?? Math.max(0, to - 30 * DAY_MS);
      const rows = await blaming(visionPrecision(pool, from, to, scope.grids === null ? null : [...scope.grids]));
      const uidOf = (id: number | null): string => (id === null ? "" : (registry.deviceById(id)?.uid ?? ""));
      return {
        from,
        to,
        models: sum(rows, ({ model, recipe }) => ({ model, recipe })),
        cameras: sum(rows, ({ deviceId, recipe }) => ({ uid: uidOf(deviceId), recipe })),
      };
    },
  );
}

/** Rows of one key added up, with what they say about precision. */
function sum<K extends object>(rows: readonly PrecisionRow[], keyOf: (row: PrecisionRow) => K): (K & Judged)[] {
  const groups = new Map<string, { key: K; raised: number; falseAlarms: number; confirmed: number }>();
  for (const row of rows) {
    const key = keyOf(row);
    const text = JSON.stringify(key);
    const group = groups.get(text) ?? { key, raised: 0, falseAlarms: 0, confirmed: 0 };
    group.raised += row.raised;
    group.falseAlarms += row.falseAlarms;
    group.confirmed += row.confirmed;
    groups.set(text, group);
  }
  return [...groups.values()].map(({ key, raised, falseAlarms, confirmed }) => {
    const interval = wilson(confirmed, confirmed + falseAlarms);
    return { ...key, raised, falseAlarms, confirmed, ...interval };
  });
}

type Judged = Static<typeof Precision>;

/** Share and its 95 % interval; few judgements give a wide one. */
function wilson(hits: number, n: number): Pick<Judged, "precision" | "low" | "high"> {
  if (n === 0) return { precision: null, low: null, high: null };
  const z = 1.96;
  const p = hits / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const round = (v: number): number => Math.round(Math.min(1, Math.max(0, v)) * 1000) / 1000;
  return { precision: round(p), low: round(middle - half), high: round(middle + half) };
}
