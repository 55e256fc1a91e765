import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import { silentLog } from "../log.ts";
import type { OutboxRow } from "../store/batch.ts";
import { migrate } from "../store/migrate.ts";
import { OutboxQueries } from "../store/queries/outbox.ts";
import { MemoryOutbox } from "./memory-outbox.ts";
import type { OutboxPort } from "./outbox.ts";

const LEASE = 60_000;
const A = randomUUID();
const B = randomUUID();
const row = (eventId: string, revision: number, target = "t"): OutboxRow => ({
  eventId,
  revision,
  target,
  type: "gridhub.event.opened",
  body: { id: `${eventId}:${revision}`, text: "菜园" },
});

interface Subject {
  readonly port: OutboxPort;
  add(rows: readonly OutboxRow[]): Promise<void>;
  /** lets `ms` pass for all waiting rows */
  age(ms: number): Promise<void>;
}

/** What every OutboxPort does, see outbox.ts. */
function contract(make: () => Promise<Subject>): void {
  let s: Subject;
  beforeEach(async () => {
    s = await make();
  });
  const claimed = async (target = "t", limit = 10) => {
    const items = await s.port.claim(target, limit, LEASE);
    return items.map((i) => `${i.eventId === A ? "A" : "B"}${i.revision}`);
  };
  const first = async () => (await s.port.claim("t", 1, LEASE))[0];

  it("gives a row whole", async () => {
    await s.add([row(A, 1)]);
    expect(await s.port.claim("t", 10, LEASE)).toEqual([
      { id: expect.any(Number) as number, ...row(A, 1), attempts: 1, ageMs: expect.any(Number) as number },
    ]);
  });

  it("gives nothing when nothing waits", async () => {
    expect(await claimed()).toEqual([]);
    expect(await s.port.nextDue("t")).toBeNull();
  });

  it("keeps the order of an event, and targets and events apart", async () => {
    await s.add([row(A, 1), row(A, 2), row(B, 1), row(A, 1, "u")]);
    expect((await claimed()).sort()).toEqual(["A1", "B1"]);
    expect(await claimed()).toEqual([]);
    expect(await claimed("u")).toEqual(["A1"]);
  });

  it("goes on to the next revision after a delivery, not after a failure", async () => {
    await s.add([row(A, 1), row(A, 3)]);
    const item = await first();
    await s.port.retry(item.id, 5000, "HTTP 500");
    expect(await claimed()).toEqual([]);
    const due = await s.port.nextDue("t");
    expect(due).toBeGreaterThan(3000);
    expect(due).toBeLessThanOrEqual(5000);
    await s.age(5000);
    expect(await s.port.nextDue("t")).toBe(0);
    const again = await first();
    expect(again).toMatchObject({ id: item.id, attempts: 2 });
    await s.port.delivered(again.id);
    expect(await claimed()).toEqual(["A3"]);
  });

  it("gives a row to one caller, and again when its lease ran out", async () => {
    await s.add([row(A, 1)]);
    const both = await Promise.all([claimed(), claimed()]);
    expect(both.flat()).toEqual(["A1"]);
    await s.age(LEASE - 5000);
    expect(await claimed()).toEqual([]);
    await s.age(5000);
    expect(await claimed()).toEqual(["A1"]);
  });

  it("respects the limit", async () => {
    await s.add([row(A, 1), row(B, 1)]);
    expect(await claimed("t", 1)).toEqual(["A1"]);
    expect(await claimed("t", 1)).toEqual(["B1"]);
  });

  it("parks a row, lets the event go on, and replays it", async () => {
    await s.add([row(A, 1), row(A, 2)]);
    await s.port.park((await first()).id, "HTTP 400");
    expect(await claimed()).toEqual(["A2"]);
    expect(await s.port.replay({ target: "u" })).toBe(0);
    expect(await s.port.replay({ target: "t", eventId: B })).toBe(0);
    expect(await s.port.replay({ eventId: A })).toBe(1);
    expect(await first()).toMatchObject({ revision: 1, attempts: 1 });
    expect(await s.port.replay({})).toBe(0);
  });

  it("gives all that is due where order does not matter", async () => {
    await s.add([row(A, 1), row(A, 2), row(B, 1)]);
    const items = await s.port.claim("t", 10, LEASE, false);
    expect(items.map(({ revision }) => revision).sort()).toEqual([1, 1, 2]);
    expect(await s.port.nextDue("t", false)).toBeGreaterThan(LEASE - 5000);
  });

  it("defers a row as if nobody had asked for it", async () => {
    await s.add([row(A, 1)]);
    await s.port.defer((await first()).id, 8000);
    expect(await claimed()).toEqual([]);
    await s.port.hasten("t");
    expect(await claimed()).toEqual([]);
    await s.age(8000);
    expect(await first()).toMatchObject({ attempts: 1 });
  });

  it("sends again what the target asks for, in order", async () => {
    await s.add([row(A, 1), row(A, 2), row(B, 1)]);
    await s.port.delivered((await first()).id);
    await s.port.park((await s.port.claim("t", 1, LEASE))[0].id, "HTTP 400");
    expect(await s.port.resend("u", [A])).toEqual([]);
    expect(await s.port.resend("t", [A, randomUUID()])).toEqual([A]);
    expect((await claimed()).includes("A1")).toBe(true);
  });

  it("hastens what failed, not what is leased", async () => {
    await s.add([row(A, 1), row(B, 1)]);
    const failed = await first();
    await s.port.retry(failed.id, 100_000, "ECONNREFUSED");
    expect(await claimed()).toEqual(["B1"]);
    await s.port.hasten("t");
    expect(await s.port.claim("t", 10, LEASE)).toMatchObject([{ id: failed.id, attempts: 1 }]);
  });
}

describe("MemoryOutbox", () => {
  contract(() => {
    let now = 1_000_000;
    const port = new MemoryOutbox(() => now);
    return Promise.resolve({
      port,
      add: (rows) => Promise.resolve(port.add(rows)),
      age: (ms) => Promise.resolve(void (now += ms)),
    });
  });
});

describe("OutboxQueries (PostgreSQL)", () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await testDatabase();
    pool = new pg.Pool({ ...database.connection, max: 4 });
    await migrate(pool, join(import.meta.dirname, "../../migrations"), silentLog);
    for (const id of [A, B]) {
      await pool.query(
        `INSERT INTO event (id, kind, subject, grid_match, grid_version, severity, sensing, handling, source, opened_at,
           updated_at, created_at, occurrences, evidence, late, revision)
         VALUES ($1, 'k', 's', 'unmatched', 1, 3, 'active', 'new', 'test', now(), now(), now(), 1, '{}', false, 1)`,
        [id],
      );
    }
  });
  afterAll(async () => {
    await pool?.end();
    await database?.close();
  });
  contract(async () => {
    await pool.query("TRUNCATE outbox");
    const port: OutboxPort = new OutboxQueries(pool);
    return {
      port,
      add: async (rows) => {
        for (const r of rows)
          await pool.query("INSERT INTO outbox (event_id, revision, type, target, body) VALUES ($1, $2, $3, $4, $5)", [
            r.eventId,
            r.revision,
            r.type,
            r.target,
            JSON.stringify(r.body),
          ]);
      },
      age: async (ms) => {
        await pool.query("UPDATE outbox SET next_at = next_at - $1 * interval '1 ms'", [ms]);
      },
    };
  });
});
