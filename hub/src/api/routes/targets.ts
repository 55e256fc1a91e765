import Type, { type Static } from "typebox";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { outboxCounts } from "../../store/queries/outbox.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Text } from "../query.ts";

const TargetInfo = Type.Object({
  name: Type.String(),
  kind: Type.String(),
  /** without path, query or credentials */
  origin: Type.String(),
  deliver: Type.String(),
  /** it failed several times in a row; its rows wait */
  down: Type.Boolean(),
  /** in a row */
  failures: Type.Number(),
  /** ms until it is tried again after a failure; 0 = at any time */
  pauseMs: Type.Number(),
  /** rows since the hub started; failed = attempts that are made again */
  counts: Type.Object({ delivered: Type.Number(), failed: Type.Number(), parked: Type.Number() }),
  /** may it call back? */
  callbacks: Type.Boolean(),
  /** rows of the outbox that wait, and that were given up until somebody replays them */
  waiting: Type.Number(),
  parked: Type.Number(),
  /** of the row that has waited longest, ms; null = none waits */
  oldestMs: Type.Union([Type.Number(), Type.Null()]),
  lastError: Type.String(),
});
const TargetList = Type.Object({ items: Type.Array(TargetInfo) });
const TargetTested = Type.Object({
  /** delivered | refused (it works, and will not take this) | failed | stopped (the hub stops) */
  outcome: Type.String(),
  /** why; "" = delivered */
  error: Type.String(),
  ms: Type.Number(),
});
export type TargetInfo = Static<typeof TargetInfo>;
export type TargetTested = Static<typeof TargetTested>;

/** Where events go, and what stands still. For administrators: targets are not of one town. */
export function targetRoutes(app: App, { context }: Parts): void {
  const { dispatcher, pool } = context;
  const tags = ["targets"];

  app.get(
    "/api/targets",
    {
      config: { role: "admin" },
      schema: { tags, response: { 200: TargetList } },
    },
    async () => {
      const counts = new Map((await blaming(outboxCounts(pool))).map((row) => [row.target, row]));
      const items = (dispatcher?.status() ?? []).map((status) => {
        const { waiting = 0, parked = 0, oldestMs = null, lastError = "" } = counts.get(status.name) ?? {};
        return { ...status, waiting, parked, oldestMs, lastError };
      });
      return { items };
    },
  );

  app.post(
    "/api/targets/:name/replay",
    {
      config: { role: "admin" },
      schema: {
        tags,
        params: Type.Object({ name: Text() }),
        body: Type.Object({ event: Type.Optional(Type.String({ maxLength: 36 })) }, { additionalProperties: false }),
        response: { 200: Type.Object({ rows: Type.Number() }) },
      },
    },
    async (request) => {
      const { name } = request.params;
      if (dispatcher === undefined || !dispatcher.status().some((status) => status.name === name))
        throw notFound("target");
      const { event } = request.body;
      if (event !== undefined && !/^[0-9a-f-]{36}$/i.test(event)) throw new ApiFailure(400, "INVALID", "event: no id");
      const rows = await blaming(dispatcher.replay({ target: name, eventId: event }));
      await blaming(
        audit(pool, callerOf(request).account.username, "target_replay", `target:${name}`, { rows, event }),
      );
      return { rows };
    },
  );

  app.post(
    "/api/targets/:name/test",
    {
      config: { role: "admin" },
      schema: {
        tags,
        description: "sends a message that says that it is a test; tells whether it arrived",
        params: Type.Object({ name: Text() }),
        body: Type.Object({}, { additionalProperties: false }),
        response: { 200: TargetTested },
      },
    },
    async (request) => {
      const { name } = request.params;
      if (dispatcher === undefined || !dispatcher.status().some((status) => status.name === name))
        throw notFound("target");
      const { username } = callerOf(request).account;
      const tested = await blaming(dispatcher.test(name, username));
      if (tested === null)
        throw new ApiFailure(409, "TEST_RUNS", "a test is under way, or the target may not be sent more messages now");
      const { kind: outcome, ms } = tested;
      const error = "error" in tested ? tested.error : "";
      await blaming(audit(pool, username, "target_test", `target:${name}`, { outcome, error }));
      return { outcome, error, ms };
    },
  );
}
