import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { outboxCounts } from "../../store/queries/outbox.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Text } from "../query.ts";
import { TargetList, TargetTested } from "../target-schema.ts";

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
