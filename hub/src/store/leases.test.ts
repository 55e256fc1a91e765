import { afterAll, beforeAll, expect, it } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import { silentLog } from "../log.ts";
import { emptyBatch } from "./batch.ts";
import { openStore } from "./postgres.ts";
import { OutboxQueries } from "./queries/outbox.ts";
import { gridEvent, NOW } from "./store-scene.ts";

let database: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.close());

const open = () => openStore({ connection: database.connection, log: silentLog, clock: () => NOW });

it("what a killed hub had under way is due when the next one starts; what failed keeps its pause", async () => {
  const before = await open();
  const batch = emptyBatch(1);
  for (const target of ["under_way", "failed", "fresh"]) {
    const event = gridEvent();
    batch.events.push(event);
    batch.outbox.push({ eventId: event.id, revision: 1, type: "gridhub.event.opened", target, body: {} });
  }
  await before.commit(batch);
  const outbox = new OutboxQueries(before.pool);
  await outbox.claim("under_way", 1, 60_000);
  const [failed] = await outbox.claim("failed", 1, 60_000);
  await outbox.retry(failed.id, 60_000, "HTTP 503");
  await before.close();

  await using after = await open();
  const due = new OutboxQueries(after.pool);
  expect(await due.nextDue("under_way")).toBe(0);
  expect(await due.nextDue("fresh")).toBe(0);
  expect(await due.nextDue("failed")).toBeGreaterThan(30_000);
  const [again] = await due.claim("under_way", 1, 60_000);
  expect(again).toMatchObject({ target: "under_way", attempts: 2 });
});
