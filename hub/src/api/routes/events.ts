import Type from "typebox";
import type { GridEvent } from "../../event.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { countEvents, type EventFilter, eventDetail, listEvents } from "../../store/queries/events.ts";
import type { App } from "../app.ts";
import { devicesNear } from "../device-view.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { plainText } from "../plain-text.ts";
import { Limit, Text, Time, words, wordsOf, Words } from "../query.ts";
import { EventAction, EventDetail, EventInfo, Handling, Page, Severity } from "../schema.ts";
import type { Scope } from "../scope.ts";

const DEFAULT_LIMIT = 50;
/** Counting beyond this is not worth the database's time. */
const MAX_TOTAL = 10_000;
const NEAR = { radius: 2000, limit: 50 };

const EventsQuery = Type.Object({
  sensing: Type.Optional(Type.Union([Type.Literal("active"), Type.Literal("cleared")])),
  handling: Type.Optional(Words),
  severity: Type.Optional(Words),
  grid: Type.Optional(Text()),
  kind: Type.Optional(Words),
  device: Type.Optional(Text()),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  q: Type.Optional(Text()),
  limit: Type.Optional(Limit(500, DEFAULT_LIMIT)),
  cursor: Type.Optional(Text()),
});
type EventsQuery = Type.Static<typeof EventsQuery>;
/** What undoes somebody else's work says why. */
const NEEDS_REASON: ReadonlySet<string> = new Set(["reject", "return"]);
const Id = Type.Object({ id: Text() });

type Evidence = Readonly<Record<string, unknown>>;

/** The street is empty when it clears: then the newest pictures of what had been there. */
function withPictures(
  evidence: Evidence,
  timeline: readonly { readonly evidence: Evidence | null }[],
): Record<string, unknown> {
  const has = (e: Evidence | null) => Array.isArray(e?.frames) && e.frames.length > 0;
  if (!Array.isArray(evidence.frames) || has(evidence)) return { ...evidence };
  return { ...evidence, frames: timeline.findLast((line) => has(line.evidence))?.evidence?.frames ?? [] };
}

export function eventRoutes(app: App, { context, events: view }: Parts): void {
  const { pool, registry, pipeline, events, health } = context;

  /** null = nothing can match */
  function filterOf(query: EventsQuery, scope: Scope): EventFilter | null {
    const { sensing, device, from, to } = query;
    const deviceId = device === undefined ? undefined : registry.device(device)?.id;
    if (device !== undefined && deviceId === undefined) return null;
    const grids = scope.within(query.grid);
    const q = query.q?.trim() ?? "";
    return {
      sensing,
      handling: wordsOf("handling", query.handling, Handling),
      severity: wordsOf("severity", query.severity, Severity),
      kinds: words(query.kind),
      grids: grids === null ? undefined : [...grids],
      deviceId,
      from,
      to,
      ...(q !== "" && { q, meaning: view.meaningOf(q) }),
    };
  }

  async function detail(id: string, scope: Scope): Promise<EventDetail & { stored: GridEvent }> {
    const found = await blaming(eventDetail(pool, id));
    if (found === null || !scope.has(found.event.gridId)) throw notFound("event");
    const { event, timeline, deliveries } = found;
    const { lon, lat } = event;
    const near = lon === null || lat === null ? [] : devicesNear(registry.devices(), { lon, lat }, NEAR);
    return {
      stored: event,
      event: view.info(event),
      life: view.life(event),
      evidence: withPictures(event.evidence, timeline),
      timeline: timeline.map(({ ts, what, who, severity, note }) => ({ ts, what, who, severity, note })),
      deliveries: deliveries.map(({ target, state, attempts, lastError, ts }) => ({
        target,
        state,
        attempts,
        lastError,
        ts,
      })),
      nearby: near
        .filter(({ device }) => scope.hasDevice(device))
        .map(({ device, metres }) => ({
          uid: device.uid,
          title: device.title,
          kind: device.profile.kind,
          metres: Math.round(metres),
          health: health.of(`device:${device.uid}`)?.state ?? ("unknown" as const),
        })),
    };
  }

  async function shown(id: string, scope: Scope): Promise<EventDetail> {
    const { stored: _, ...rest } = await detail(id, scope);
    return rest;
  }

  app.get(
    "/api/events",
    {
      config: { role: "viewer" },
      schema: { tags: ["events"], querystring: EventsQuery, response: { 200: Page(EventInfo) } },
    },
    async (request) => {
      const { limit = DEFAULT_LIMIT, cursor = null } = request.query;
      const filter = filterOf(request.query, callerOf(request).scope);
      if (filter === null) return { items: [], next: null, total: 0 };
      // The total is told with the first page only; it is the same for those that follow.
      const [page, total] = await blaming(
        Promise.all([
          listEvents(pool, filter, { limit, cursor }),
          cursor === null ? countEvents(pool, filter, MAX_TOTAL + 1) : null,
        ]),
      );
      const items = page.items.map((event) => view.info(event));
      return { items, next: page.next, ...(total !== null && total <= MAX_TOTAL && { total }) };
    },
  );

  app.get(
    "/api/events/:id",
    { config: { role: "viewer" }, schema: { tags: ["events"], params: Id, response: { 200: EventDetail } } },
    async (request) => shown(request.params.id, callerOf(request).scope),
  );

  app.post(
    "/api/events/:id/actions",
    {
      config: { role: "operator" },
      schema: { tags: ["events"], params: Id, body: EventAction, response: { 200: EventDetail } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { action } = request.body;
      const note = plainText(request.body.note ?? "");
      const departments = request.body.departments?.map(plainText).filter((name) => name !== "");
      if (NEEDS_REASON.has(action) && note === "")
        throw new ApiFailure(400, "INVALID", `note: ${action} needs a reason`);
      const { stored } = await detail(request.params.id, scope);
      const { id } = stored;
      const result = await pipeline.submit((now) => {
        events.adopt(stored, now); // no effect while it is in memory, where it may be newer
        return events.act(id, action, account.username, note, now, { departments });
      });
      if ("code" in result) {
        if (result.code === "not_found") throw notFound("event");
        throw new ApiFailure(409, "ILLEGAL_TRANSITION", result.message, {
          advice: "Somebody else may have acted on it: load it again.",
        });
      }
      await blaming(audit(pool, account.username, `event_${action}`, id, note === "" ? {} : { note }));
      return shown(id, scope);
    },
  );
}
