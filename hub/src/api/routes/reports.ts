import type { FastifyReply } from "fastify";
import Type, { type Static, type TSchema, type TUnsafe } from "typebox";
import { blaming } from "../../store/failure.ts";
import { firmwareVersions } from "../../store/queries/device-depth.ts";
import type { App } from "../app.ts";
import { type Cell, csv } from "../csv.ts";
import { ApiFailure } from "../failure.ts";
import { callerOf } from "../guard.ts";
import { momentOf } from "../local-date.ts";
import { pageOf, sortedBy } from "../paging.ts";
import type { Parts } from "../parts.ts";
import { Limit, Text, words, Words } from "../query.ts";
import {
  AVAILABILITY_HEAD,
  availabilityCells,
  BATTERY_HEAD,
  batteryCells,
  EVENT_HEAD,
  eventCells,
} from "../report-cells.ts";
import { AvailabilityReport, BatteryReport, EventReport, FirmwareReport } from "../reports-schema.ts";
import type { AvailabilityInfo, EventStatistics } from "../reports-schema.ts";

const DAY = 86_400_000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 400;
const tags = ["reports"];

const oneOf = <T extends string>(...values: T[]) =>
  Type.Union(values.map((value) => Type.Literal(value))) as unknown as TUnsafe<T>;
const Moment = Text(16, "ms UTC, or a day like 2026-11-22: its midnight where the hub stands");
const common = {
  from: Type.Optional(Moment),
  to: Type.Optional(Moment),
  grid: Type.Optional(Text()),
  kind: Type.Optional(Words),
  site: Type.Optional(Text()),
  q: Type.Optional(Text()),
  order: Type.Optional(oneOf("asc", "desc")),
  limit: Type.Optional(Limit(1000, 100)),
  cursor: Type.Optional(Text(10)),
  lang: Type.Optional(oneOf("zh", "en")),
};
const AvailabilityQuery = Type.Object({
  ...common,
  by: Type.Optional(oneOf("device", "grid", "town", "maker", "profile", "kind", "site", "edge")),
  sort: Type.Optional(
    oneOf("availability", "reach", "outages", "downMs", "edgeMs", "mtbfMs", "mttrMs", "flaps", "subjects", "title"),
  ),
});
const EventsQuery = Type.Object({
  ...common,
  by: Type.Optional(oneOf("kind", "grid", "town", "severity", "source", "device", "day")),
  sort: Type.Optional(
    oneOf("opened", "active", "ended", "falseAlarms", "falseShare", "closeP50Ms", "closeP90Ms", "key"),
  ),
});
const BatteryQuery = Type.Object({ ...common, state: Type.Optional(Words) });
type Common = Pick<Static<typeof AvailabilityQuery>, "from" | "to" | "grid" | "kind" | "site" | "q">;

/** Reports over a period: availability, events, batteries, firmware; each as a page of JSON and whole as CSV. */
export function reportRoutes(app: App, { context, reports }: Parts): void {
  const { timeZone, clock, pool, registry } = context;

  function periodOf({ from, to }: Common): { from: number; to: number } {
    const moment = (name: string, text: string) => {
      const at = momentOf(text, timeZone);
      if (at === null) throw new ApiFailure(400, "INVALID", `${name}: ms UTC or a day like 2026-11-22`);
      return at;
    };
    // a minute's steps: pages of one report must speak of one period
    const now = Math.ceil(clock() / 60_000) * 60_000;
    const until = Math.min(now, to === undefined ? now : moment("to", to));
    const since = from === undefined ? until - DEFAULT_DAYS * DAY : moment("from", from);
    if (!(since < until)) throw new ApiFailure(400, "INVALID", "from must be before to and before now");
    if (until - since > MAX_DAYS * DAY) throw new ApiFailure(400, "INVALID", `a period of at most ${MAX_DAYS} days`);
    return { from: since, to: until };
  }

  const filterOf = ({ grid, kind, site }: Common) => ({ grid, kinds: words(kind), site });

  /** @param q words in the title or the key */
  function matching<T>(items: T[], q: string | undefined, text: (item: T) => string): T[] {
    const needle = q?.trim().toLowerCase() ?? "";
    return needle === "" ? items : items.filter((item) => text(item).toLowerCase().includes(needle));
  }

  async function availability(query: Static<typeof AvailabilityQuery>, request: Parameters<typeof callerOf>[0]) {
    const { by = "device", sort = "availability", order = "asc", q } = query;
    const period = periodOf(query);
    const { total, items } = await reports.availability(callerOf(request).scope, filterOf(query), period, by);
    const found = matching(items, q, ({ key, title, place }) => `${key}\n${title}\n${place}`);
    return { period, total, items: sortedBy(found, sort as keyof AvailabilityInfo, order === "desc", "key") };
  }

  async function events(query: Static<typeof EventsQuery>, request: Parameters<typeof callerOf>[0]) {
    const { by = "kind", q } = query;
    const { sort = by === "day" ? "key" : "opened", order = by === "day" ? "asc" : "desc" } = query;
    const period = periodOf(query);
    const { total, items } = await reports.events(callerOf(request).scope, filterOf(query), period, by);
    const found = matching(items, q, ({ key, titleZh, titleEn }) => `${key}\n${titleZh}\n${titleEn}`);
    return { period, total, items: sortedBy(found, sort as keyof EventStatistics, order === "desc", "key") };
  }

  const answer = <T extends TSchema>(querystring: T, response: TSchema) => ({
    config: { role: "viewer" as const },
    schema: { tags, querystring, response: { 200: response } },
  });
  const file = <T extends TSchema>(querystring: T) => ({
    config: { role: "viewer" as const },
    schema: {
      tags,
      querystring,
      description: "the same, whole, as CSV for a spreadsheet",
      response: { 200: Type.String() },
    },
  });

  app.get("/api/reports/availability", answer(AvailabilityQuery, AvailabilityReport), async (request) => {
    const { query } = request;
    const { period, total, items } = await availability(query, request);
    return { ...period, timeZone, total, ...pageOf(items, query.limit ?? 100, query.cursor) };
  });
  app.get("/api/reports/availability.csv", file(AvailabilityQuery), async (request, reply) => {
    const { lang = "zh", by = "device" } = request.query;
    const { items } = await availability(request.query, request);
    return download(reply, `availability-by-${by}`, AVAILABILITY_HEAD[lang], items.map(availabilityCells));
  });

  app.get("/api/reports/events", answer(EventsQuery, EventReport), async (request) => {
    const { query } = request;
    const { period, total, items } = await events(query, request);
    return { ...period, timeZone, total, ...pageOf(items, query.limit ?? 100, query.cursor) };
  });
  app.get("/api/reports/events.csv", file(EventsQuery), async (request, reply) => {
    const { lang = "zh", by = "kind" } = request.query;
    const { items } = await events(request.query, request);
    return download(reply, `events-by-${by}`, EVENT_HEAD[lang], items.map((item) => eventCells(item, lang))); // prettier-ignore
  });

  async function batteries(query: Static<typeof BatteryQuery>, request: Parameters<typeof callerOf>[0]) {
    const states = words(query.state);
    const all = await reports.batteries(callerOf(request).scope, filterOf(query));
    const found = states === undefined ? all : all.filter(({ state }) => states.includes(state));
    return matching(found, query.q, ({ uid, title, place }) => `${uid}\n${title}\n${place}`);
  }
  app.get("/api/reports/batteries", answer(BatteryQuery, BatteryReport), async (request) => {
    const { limit = 100, cursor } = request.query;
    return { now: clock(), ...pageOf(await batteries(request.query, request), limit, cursor) };
  });
  app.get("/api/reports/batteries.csv", file(BatteryQuery), async (request, reply) => {
    const { lang = "zh" } = request.query;
    const items = await batteries(request.query, request);
    return download(reply, "batteries", BATTERY_HEAD[lang], items.map((item) => batteryCells(item, timeZone))); // prettier-ignore
  });

  app.get("/api/reports/firmware", answer(Type.Object({}), FirmwareReport), async (request) => {
    const { scope } = callerOf(request);
    const profiles = new Map<string, Map<string, string[]>>();
    for (const { deviceId, version } of await blaming(firmwareVersions(pool))) {
      const device = registry.deviceById(deviceId);
      if (device === undefined || !scope.hasDevice(device)) continue;
      const versions = profiles.get(device.profile.id) ?? new Map<string, string[]>();
      versions.set(version, [...(versions.get(version) ?? []), device.uid]);
      profiles.set(device.profile.id, versions);
    }
    const items = [...profiles].map(([profile, versions]) => ({
      profile,
      versions: [...versions]
        .map(([version, uids]) => ({ version, devices: uids.length, uids: uids.slice(0, 100) }))
        .sort((a, b) => b.devices - a.devices || (a.version < b.version ? 1 : -1)),
    }));
    return { items: items.sort((a, b) => (a.profile < b.profile ? -1 : 1)) };
  });

  function download(
    reply: FastifyReply,
    name: string,
    head: readonly string[],
    rows: Iterable<readonly Cell[]>,
  ): string {
    reply.type("text/csv; charset=utf-8");
    reply.header("content-disposition", `attachment; filename="gridhub-${name}.csv"`);
    return csv(head, rows);
  }
}
