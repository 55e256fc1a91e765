import Type from "typebox";
import type { Device } from "../../device.ts";
import { blaming } from "../../store/failure.ts";
import { healthHistory } from "../../store/queries/health.ts";
import { latestReadings, type LatestReadingRow, seriesRows } from "../../store/queries/readings.ts";
import type { App } from "../app.ts";
import { deviceInfo } from "../device-view.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Limit, Text, Time, words, wordsOf, Words } from "../query.ts";
import { DeviceDetail, DeviceInfo, HealthState, type LatestReading, Page, Series } from "../schema.ts";
import type { Scope } from "../scope.ts";

const DEFAULT_LIMIT = 100;
const DEFAULT_POINTS = 500;
const HISTORY_LINES = 100;
const DAY = 86_400_000;

const DevicesQuery = Type.Object({
  site: Type.Optional(Text()),
  grid: Type.Optional(Text()),
  kind: Type.Optional(Words),
  health: Type.Optional(Words),
  q: Type.Optional(Text()),
  limit: Type.Optional(Limit(5000, DEFAULT_LIMIT)),
  cursor: Type.Optional(Text()),
});
const SeriesQuery = Type.Object({
  metric: Text(),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  points: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000, description: `default ${DEFAULT_POINTS}` })),
});
const Uid = Type.Object({ site: Text(), name: Text() });

export function deviceRoutes(app: App, { context }: Parts): void {
  const { pool, registry, health, clock } = context;

  function find(uid: { site: string; name: string }, scope: Scope): Device {
    const device = registry.device(`${uid.site}/${uid.name}`);
    if (device === undefined || !scope.hasDevice(device)) throw notFound("device");
    return device;
  }

  app.get(
    "/api/devices",
    {
      config: { role: "viewer" },
      schema: { tags: ["devices"], querystring: DevicesQuery, response: { 200: Page(DeviceInfo) } },
    },
    async (request) => {
      const { site, grid, q = "", limit = DEFAULT_LIMIT, cursor = "" } = request.query;
      const kinds = words(request.query.kind);
      const states = wordsOf("health", request.query.health, HealthState);
      const grids = callerOf(request).scope.within(grid);
      const needle = q.trim().toLowerCase();
      const found: Device[] = [];
      for (const device of registry.devices()) {
        if (site !== undefined && device.site !== site) continue;
        if (grids !== null && (device.gridId === null || !grids.has(device.gridId))) continue;
        if (kinds !== undefined && !kinds.includes(device.profile.kind)) continue;
        if (needle !== "" && !`${device.uid}\n${device.title}`.toLowerCase().includes(needle)) continue;
        if (states !== undefined && !states.includes(health.of(`device:${device.uid}`)?.state ?? "unknown")) continue;
        found.push(device);
      }
      const rest = found.filter(({ uid }) => uid > cursor).sort((a, b) => (a.uid < b.uid ? -1 : 1));
      const items = rest.slice(0, limit).map((device) => deviceInfo(device, context));
      return { items, next: rest.length > limit ? items[limit - 1].uid : null, total: found.length };
    },
  );

  app.get(
    "/api/devices/:site/:name",
    { config: { role: "viewer" }, schema: { tags: ["devices"], params: Uid, response: { 200: DeviceDetail } } },
    async (request) => {
      const device = find(request.params, callerOf(request).scope);
      const [latest, history] = await blaming(
        Promise.all([latestReadings(pool, device.id), healthHistory(pool, `device:${device.uid}`, HISTORY_LINES)]),
      );
      return {
        device: deviceInfo(device, context),
        attributes: { ...device.attributes },
        latest: latest.map((row) => reading(row, device)),
        history: history.map(({ ts, from, to, reason }) => ({ ts, from, to, reason })),
      };
    },
  );

  app.get(
    "/api/devices/:site/:name/series",
    {
      config: { role: "viewer" },
      schema: { tags: ["devices"], params: Uid, querystring: SeriesQuery, response: { 200: Series } },
    },
    async (request) => {
      const device = find(request.params, callerOf(request).scope);
      const { metric, to = clock(), from = to - DAY, points = DEFAULT_POINTS } = request.query;
      if (from >= to) throw new ApiFailure(400, "INVALID", "from must be before to");
      const series = await blaming(seriesRows(pool, { deviceId: device.id, metric, from, to, points }));
      if (series === null) throw notFound("metric of this device");
      return { metric, ...series };
    },
  );
}

function reading(row: LatestReadingRow, { profile }: Device): LatestReading {
  const { metric, unit, ts, quality } = row;
  const index = profile.metricIndex.get(metric);
  const def = index === undefined ? undefined : profile.metrics[index];
  const number = row.value !== null && def?.type === "boolean" ? row.value !== 0 : row.value;
  return { metric, title: def?.titleZh || metric, unit, value: row.text ?? number, ts, quality };
}
