import { afterAll, beforeAll, expect, it } from "vitest";
import { testDatabase } from "../../../../test/support/postgres.ts";
import type { Severity } from "../../finding.ts";
import { silentLog } from "../../log.ts";
import { emptyBatch } from "../batch.ts";
import { openStore, type PostgresStore } from "../postgres.ts";
import { gridEvent, NOW } from "../store-scene.ts";
import { audit } from "./access.ts";
import { listAudit, verifyAudit } from "./audit.ts";
import { countDeadLetters, findDeadLetter, listDeadLetters, markReplayed } from "./dead-letters.ts";
import { countEvents, eventDetail, type EventFilter, listEvents, openedAndClosedSince } from "./events.ts";
import { availability, healthHistory } from "./health.ts";
import { findMedia, forgetMedia } from "./media.ts";
import { rawFrames } from "./readings.ts";

const HOUR = 3_600_000;
let database: Awaited<ReturnType<typeof testDatabase>>;
let store: PostgresStore;
/** UUIDs that sort by number */
const id = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, "0")}`;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ connection: database.connection, log: silentLog, clock: () => NOW });
  const edge = await store.upsertEdge({ site: "town", name: "e1", title: "东站" });
  const device = { site: "town", name: "h1", edgeId: edge.id, title: "", profile: "p/p@1.0.0" };
  await store.upsertDevice({ ...device, lon: null, lat: null, gridId: null, attributes: {} });
  const batch = emptyBatch(1);
  for (let n = 1; n <= 25; n++) {
    batch.events.push(
      gridEvent({
        id: id(n),
        kind: n % 2 ? "hydrant.low_pressure" : "edge.offline",
        gridId: `g${n % 3}`,
        severity: (1 + (n % 4)) as Severity,
        sensing: n <= 5 ? "cleared" : "active",
        clearedAt: n <= 5 ? NOW : null,
        handling: n <= 2 ? "closed" : "new",
        deviceId: n % 2 ? 1 : null,
        subject: n === 7 ? "place:50%_\\" : `device:town/h${n}`,
        openedAt: NOW - n * HOUR,
      }),
    );
  }
  const line = { eventId: id(1), who: "hub", severity: 2 as const, note: "", evidence: null };
  batch.transitions.push({ ...line, revision: 1, ts: NOW - HOUR, what: "open" });
  batch.transitions.push({ ...line, revision: 2, ts: NOW, what: "close", who: "duty", note: "排除" });
  batch.outbox.push({ eventId: id(1), revision: 1, type: "gridhub.event.opened", target: "platform", body: {} });
  for (let n = 0; n < 7; n++) {
    const payload = Buffer.alloc(600, n);
    batch.deadLetters.push({
      rx: NOW + n,
      topic: `t/${n}`,
      edge: "town/e1",
      reason: n % 2 ? "a" : "b",
      detail: "",
      payload,
    });
  }
  const change = { subject: "edge:town/e1", deviceId: null, reason: "heard" };
  batch.health.push({ ...change, ts: NOW - 10 * HOUR, from: "unknown", to: "online" });
  batch.health.push({ ...change, ts: NOW - 4 * HOUR, from: "online", to: "offline" });
  batch.health.push({ ...change, ts: NOW - 3 * HOUR, from: "offline", to: "online" });
  for (const days of [100, 1]) {
    const hash = (days === 1 ? "a" : "b").repeat(64);
    batch.media.push({ hash, bytes: 5e9, type: "image/jpeg", deviceId: 1, ts: NOW - days * 24 * HOUR });
  }
  for (let n = 0; n < 3; n++) {
    const frame = { edgeId: 1, boot: 1, seq: n, part: 0, deviceId: 1, ts: NOW, port: n };
    batch.rawFrames.push({ ...frame, rx: NOW + n, payload: Buffer.from([n]) });
  }
  await store.commit(batch);
});
afterAll(async () => {
  await store?.close();
  await database?.close();
});

it("pages through events, newest first, without losing or repeating one", async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < 10; pages++) {
    const page = await listEvents(store.reads, {}, { limit: 8, cursor });
    seen.push(...page.items.map((event) => event.id));
    cursor = page.next;
    if (cursor === null) break;
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => id(25 - i)));
  expect(await listEvents(store.reads, {}, { limit: 8, cursor: "'; --" })).toEqual({ items: [], next: null });
});

it("filters events by every condition, and counts the same", async () => {
  const cases: [EventFilter, (n: number) => boolean][] = [
    [{ sensing: "active" }, (n) => n > 5],
    [{ handling: ["closed"] }, (n) => n <= 2],
    [{ severity: [1, 2] }, (n) => n % 4 < 2],
    [{ severity: [] }, () => false],
    [{ grids: ["g0", "g2"] }, (n) => n % 3 !== 1],
    [{ kinds: ["edge.offline"] }, (n) => n % 2 === 0],
    [{ deviceId: 1 }, (n) => n % 2 === 1],
    [{ from: NOW - 4 * HOUR, to: NOW - 2 * HOUR }, (n) => n === 3 || n === 4],
    [{ q: "PRESSURE" }, (n) => n % 2 === 1],
    [{ q: "50%_\\" }, (n) => n === 7],
    [{ sensing: "active", grids: ["g1"], q: "edge" }, (n) => n > 5 && n % 3 === 1 && n % 2 === 0],
  ];
  for (const [filter, matches] of cases) {
    const expected = Array.from({ length: 25 }, (_, i) => 25 - i).filter(matches);
    const { items } = await listEvents(store.reads, filter, { limit: 100 });
    expect(
      items.map((event) => event.id),
      JSON.stringify(filter),
    ).toEqual(expected.map(id));
    expect(await countEvents(store.reads, filter)).toBe(expected.length);
  }
});

it("gives an event with its timeline and deliveries", async () => {
  const detail = await eventDetail(store.reads, id(1));
  expect(detail?.event).toMatchObject({
    id: id(1),
    openedAt: NOW - HOUR,
    clearedAt: NOW,
    evidence: { pressure: 0.08 },
  });
  expect(detail?.timeline.map((row) => [row.revision, row.what, row.who, row.note])).toEqual([
    [1, "open", "hub", ""],
    [2, "close", "duty", "排除"],
  ]);
  expect(detail?.deliveries).toMatchObject([{ target: "platform", state: "pending", attempts: 0, lastError: "" }]);
  expect(await eventDetail(store.reads, id(99))).toBeNull();
  expect(await eventDetail(store.reads, "1 OR 1")).toBeNull();
});

it("counts for the overview", async () => {
  expect(await openedAndClosedSince(store.reads, NOW - 3 * HOUR)).toEqual({ opened: 3, closed: 1 });
});

it("pages through dead letters and replays one", async () => {
  const first = await listDeadLetters(store.reads, {}, { limit: 5 });
  const second = await listDeadLetters(store.reads, {}, { limit: 5, cursor: first.next });
  const all = [...first.items, ...second.items];
  expect(all.map((letter) => letter.topic)).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `t/${n}`));
  expect(second.next).toBeNull();
  expect(all[0]).toMatchObject({ rx: NOW + 6, bytes: 600, head: Buffer.alloc(512, 6), replayed: false });
  expect((await listDeadLetters(store.reads, { reason: "a" }, { limit: 9 })).items).toHaveLength(3);
  expect(await findDeadLetter(store.reads, all[0].id)).toMatchObject({ topic: "t/6", payload: Buffer.alloc(600, 6) });
  expect(await findDeadLetter(store.reads, 1e6)).toBeNull();
  await markReplayed(store.pool, all[0].id);
  expect(await countDeadLetters(store.reads)).toBe(6);
  expect((await listDeadLetters(store.reads, {}, { limit: 1 })).items[0].replayed).toBe(true);
});

it("tells the history of health and how long each state lasted", async () => {
  const history = await healthHistory(store.reads, "edge:town/e1", 2);
  expect(history.map((row) => [row.ts, row.from, row.to])).toEqual([
    [NOW - 3 * HOUR, "offline", "online"],
    [NOW - 4 * HOUR, "online", "offline"],
  ]);
  const spent = await availability(store.reads, ["edge:town/e1", "edge:town/none"], NOW - 8 * HOUR, NOW);
  expect(spent).toEqual(new Map([["edge:town/e1", { online: 7 * HOUR, offline: HOUR }]]));
});

it("finds pictures and forgets those that are gone", async () => {
  const old = "b".repeat(64);
  expect(await findMedia(store.reads, old)).toMatchObject({ hash: old, bytes: 5e9 });
  await forgetMedia(store.pool, [old]);
  expect(await findMedia(store.reads, old)).toBeNull();
  expect(await findMedia(store.reads, "a".repeat(64))).toMatchObject({ type: "image/jpeg", ts: NOW - 24 * HOUR });
});

it("shows the newest raw frames of a device", async () => {
  expect(await rawFrames(store.reads, 1, 2)).toEqual([
    { rx: NOW + 2, ts: NOW, port: 2, payload: Buffer.from([2]) },
    { rx: NOW + 1, ts: NOW, port: 1, payload: Buffer.from([1]) },
  ]);
});

it("notices a change in the audit, and a row that was taken out", async () => {
  for (const n of [1, 2, 3, 4]) await audit(store.pool, "duty", "close", id(n), { note: "排除", n });
  expect(await verifyAudit(store.reads)).toBeNull();
  expect((await listAudit(store.reads, { limit: 2, cursor: 4 })).map((row) => [row.seq, row.detail])).toEqual([
    [3, { n: 3, note: "排除" }],
    [2, { n: 2, note: "排除" }],
  ]);
  const tamper = async (sql: string) => {
    const client = await store.pool.connect();
    await client.query(
      `BEGIN; ALTER TABLE audit DISABLE TRIGGER audit_append_only; ${sql}; ALTER TABLE audit ENABLE TRIGGER audit_append_only; COMMIT`,
    );
    client.release();
  };
  await tamper("UPDATE audit SET who = 'other' WHERE seq = 2");
  expect(await verifyAudit(store.reads)).toBe(2);
  await tamper("UPDATE audit SET who = 'duty' WHERE seq = 2");
  expect(await verifyAudit(store.reads)).toBeNull();
  await tamper("DELETE FROM audit WHERE seq = 3");
  expect(await verifyAudit(store.reads)).toBe(4);
});
