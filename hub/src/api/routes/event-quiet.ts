import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { addQuiet, endQuiet, listQuiet, type QuietRecord } from "../../store/queries/event-policy.ts";
import type { App } from "../app.ts";
import { NewQuiet, type QuietInfo, QuietList } from "../event-policy-schema.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import type { Scope } from "../scope.ts";

const tags = ["event policy"];
const MAX_LIVE = 1000;
/** Nothing is quiet for ever by a forgotten mute; a window that recurs may last. */
const MAX_MUTE_MS = 31 * 86_400_000;
const MAX_WINDOW_MS = 5 * 366 * 86_400_000;

/** Mutes and maintenance windows: what they cover is recorded, marked and told to nobody until they are over. */
export function eventQuietRoutes(app: App, { context }: Parts): void {
  const { pool, eventPolicy, events, registry, grids, clock } = context;

  /** Seen by who sees what it covers; of things that lie on no grid, by who sees everything. */
  function visible({ gridId, subject }: Pick<QuietRecord, "gridId" | "subject">, scope: Scope): boolean {
    if (gridId !== null) return scope.has(gridId);
    const device =
      subject === null ? undefined : registry.device(subject.replace(/^(device|place):/, "").replace(/#.*$/, ""));
    return scope.everything || (device !== undefined && scope.hasDevice(device));
  }

  async function listed(scope: Scope, past: boolean): Promise<{ items: QuietInfo[] }> {
    const now = clock();
    const rows = await blaming(listQuiet(pool, now, past));
    const items = rows
      .filter((row) => visible(row, scope))
      .map(({ gridId, endedAt, ...row }) => ({
        ...row,
        grid: gridId,
        gridName: gridId === null ? null : (grids().get(gridId)?.name ?? gridId),
        endedAt,
        open: endedAt === null && events.policy.quiet.isOpen({ ...row, gridId }, now),
      }));
    return { items };
  }

  app.get(
    "/api/event-quiet",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        querystring: Type.Object({ past: Type.Optional(Type.Boolean()) }),
        response: { 200: QuietList },
      },
    },
    async (request) => listed(callerOf(request).scope, request.query.past ?? false),
  );

  app.post(
    "/api/event-quiet",
    { config: { role: "operator" }, schema: { tags, body: NewQuiet, response: { 200: QuietList } } },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { type, grid: gridId = null, kind = null, subject = null, to, weekly = null, reason } = request.body;
      const now = clock();
      const from = request.body.from ?? now;
      if (gridId === null && kind === null && subject === null)
        throw new ApiFailure(400, "INVALID", "expected at least one of grid, kind, subject");
      if (!(to > from) || to <= now)
        throw new ApiFailure(400, "INVALID", "to: expected a time after from and after now");
      if (to - from > (type === "mute" ? MAX_MUTE_MS : MAX_WINDOW_MS))
        throw new ApiFailure(400, "INVALID", "to: a mute lasts 31 days at most, a window 5 years");
      if (type === "mute" && weekly !== null) throw new ApiFailure(400, "INVALID", "weekly: of windows only");
      if (gridId !== null && (!scope.has(gridId) || grids().get(gridId) === undefined)) throw notFound("grid");
      if (!visible({ gridId, subject }, scope))
        throw new ApiFailure(403, "FORBIDDEN", "name a grid or a device of yours");
      if (eventPolicy.data.quiet.length >= MAX_LIVE) throw new ApiFailure(409, "TOO_MANY_QUIET", `at most ${MAX_LIVE}`);
      const rule = { type, gridId, kind, subject, from, to, weekly, reason: reason.trim(), who: account.username };
      const id = await blaming(addQuiet(pool, rule));
      await blaming(eventPolicy.reload());
      await blaming(audit(pool, account.username, `event_${type}`, `quiet:${id}`, { ...rule }));
      return listed(scope, false);
    },
  );

  app.post(
    "/api/event-quiet/:id/end",
    {
      config: { role: "operator" },
      schema: {
        tags,
        params: Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }) }),
        response: { 200: QuietList },
      },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { id } = request.params;
      const rule = eventPolicy.data.quiet.find((each) => each.id === id);
      if (rule === undefined || !visible(rule, scope)) throw notFound("mute or window");
      if (!(await blaming(endQuiet(pool, id, clock())))) throw notFound("mute or window");
      await blaming(eventPolicy.reload());
      await blaming(audit(pool, account.username, "event_quiet_end", `quiet:${id}`, {}));
      return listed(scope, false);
    },
  );
}
