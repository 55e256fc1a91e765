import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testDatabase } from "../../../../test/support/postgres.ts";
import type { EventTransition, GridEvent, Handling } from "../../event.ts";
import { type EventAction, nextHandling } from "../../events/handling.ts";
import { silentLog } from "../../log.ts";
import { emptyBatch } from "../batch.ts";
import { migrate } from "../migrate.ts";
import { openStore, type PostgresStore } from "../postgres.ts";
import { gridEvent, NOW } from "../store-scene.ts";
import { type EventGrouping, eventStatistics, type EventStatisticsRow } from "./event-statistics.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const MIGRATIONS = join(import.meta.dirname, "../../../migrations");
let database: Awaited<ReturnType<typeof testDatabase>>;
let store: PostgresStore;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ connection: database.connection, log: silentLog, clock: () => NOW });
});
afterAll(async () => {
  await store?.close();
  await database?.close();
});

/** Timelines are append-only: only with the triggers off can anything be taken away. */
async function withoutGuards(sql: string): Promise<void> {
  await store.pool.query(`SET LOCAL session_replication_role = replica; ${sql}`);
}

/** An event as the book would write it, with its whole timeline. */
interface Story {
  event: GridEvent;
  readonly lines: EventTransition[];
}

const ENDED: ReadonlySet<Handling> = new Set(["closed", "done", "rejected", "false_alarm"]);
const id = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, "0")}`;

function begin(n: number, change: Partial<GridEvent>): Story {
  const event = gridEvent({ id: id(n), handling: "new", ...change });
  return { event, lines: [line(event, 1, event.openedAt, "open")] };
}

function line({ id: eventId }: GridEvent, revision: number, ts: number, what: string): EventTransition {
  return { eventId, revision, ts, what, who: "duty", severity: 2, note: "", evidence: null };
}

/** What somebody does; what is not legal leaves a remark, as a platform's word would. */
function act(story: Story, action: EventAction, ts: number): EventTransition {
  const { event, lines } = story;
  const next = nextHandling(event.handling, action);
  const revision = event.revision + 1;
  const added = line(event, revision, ts, next === null ? "callback" : action);
  story.event = { ...event, handling: next ?? event.handling, revision, updatedAt: ts };
  lines.push(added);
  return added;
}

async function write(events: readonly GridEvent[], lines: readonly EventTransition[]): Promise<void> {
  const batch = emptyBatch(1);
  batch.events.push(...events);
  batch.transitions.push(...lines);
  await store.commit(batch);
}

const keyOf: Readonly<Record<EventGrouping, (event: GridEvent) => string>> = {
  kind: (e) => e.kind,
  severity: (e) => String(e.severity),
  source: (e) => e.source,
  device: (e) => String(e.deviceId ?? ""),
  grid: (e) => e.gridId ?? "",
  // Shanghai has no summer time
  day: (e) => new Date(e.openedAt + 8 * 3_600_000).toISOString().slice(0, 10),
};

/** The same by reading every timeline. */
function counted(stories: readonly Story[], by: EventGrouping, from: number, to: number): EventStatisticsRow[] {
  const groups = Map.groupBy(
    stories.filter(({ event }) => event.openedAt >= from && event.openedAt < to),
    ({ event }) => keyOf[by](event),
  );
  return [...groups].map(([key, group]) => rowOf(key, group));
}

function rowOf(key: string, group: readonly Story[]): EventStatisticsRow {
  const took: number[] = [];
  for (const { event, lines } of group) {
    let handling: Handling = "new";
    let ended: number | null = null;
    for (const { what, ts } of lines) {
      const next: Handling | null =
        what === "open" || what === "callback" ? handling : nextHandling(handling, what as EventAction);
      handling = next ?? handling;
      ended = ENDED.has(handling) ? (ended ?? ts) : null;
    }
    expect(handling).toBe(event.handling);
    if (ended !== null) took.push(ended - event.openedAt);
  }
  took.sort((a, b) => a - b);
  const percentile = (p: number) => {
    if (took.length === 0) return null;
    const at = p * (took.length - 1);
    return took[Math.floor(at)] + (took[Math.ceil(at)] - took[Math.floor(at)]) * (at % 1);
  };
  const n = (test: (event: GridEvent) => boolean) => group.filter(({ event }) => test(event)).length;
  return {
    key,
    opened: group.length,
    active: n((e) => e.sensing === "active"),
    ended: took.length,
    falseAlarms: n((e) => e.handling === "false_alarm"),
    severity: [n((e) => e.severity === 1), n((e) => e.severity === 2), n((e) => e.severity === 3), n((e) => e.severity === 4)], // prettier-ignore
    closeP50Ms: percentile(0.5),
    closeP90Ms: percentile(0.9),
    repeats: group.reduce((sum, { event }) => sum + event.occurrences - 1, 0),
  };
}

const rounded = (rows: readonly EventStatisticsRow[]) =>
  rows
    .map((row) => ({
      ...row,
      closeP50Ms: row.closeP50Ms && Math.round(row.closeP50Ms),
      closeP90Ms: row.closeP90Ms && Math.round(row.closeP90Ms),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));

async function expectSame(stories: readonly Story[], from: number, to: number): Promise<void> {
  for (const by of Object.keys(keyOf) as EventGrouping[]) {
    const asked = { by, from, to, timeZone: "Asia/Shanghai", grids: null };
    const { rows, total } = await eventStatistics(store.reads, asked);
    expect(rounded(rows), by).toEqual(rounded(counted(stories, by, from, to)));
    const all = stories.filter(({ event }) => event.openedAt >= from && event.openedAt < to);
    expect(rounded([total]), by).toEqual(rounded([rowOf("", all)]));
  }
}

const Action = fc.constantFrom<EventAction>("acknowledge", "hand_off", "whistle", "accept", "done", "reject", "return", "close", "false_alarm", "comment", "confirm"); // prettier-ignore
const Opened = fc.record({
  kind: fc.constantFrom("flood.warning", "edge.offline", "vision.fire"),
  gridId: fc.constantFrom("a", "b", null),
  deviceId: fc.constantFrom(1, 2, null),
  source: fc.constantFrom("rule:a", "fleet"),
  severity: fc.constantFrom(1, 2, 3, 4),
  occurrences: fc.integer({ min: 1, max: 5 }),
  late: fc.boolean(),
  openedAt: fc.integer({ min: 0, max: 4 * 24 * 60 }).map((minutes) => NOW - minutes * MINUTE),
});
const Step = fc.record({
  who: fc.nat(30),
  action: Action,
  after: fc.integer({ min: 0, max: 600 }),
  commit: fc.boolean(),
});

describe("statistics of events", () => {
  it("are what reading every timeline gives, whatever was done, handed back and done again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(Opened, { minLength: 1, maxLength: 12 }),
        fc.array(Step, { maxLength: 60 }),
        async (opened, steps) => {
          await withoutGuards("TRUNCATE event, event_transition, outbox");
          const stories = opened.map((change, n) => begin(n + 1, change as Partial<GridEvent>));
          await write(
            stories.map(({ event }) => event),
            stories.flatMap(({ lines }) => lines),
          );
          let events = new Map<string, GridEvent>();
          let lines: EventTransition[] = [];
          const flush = async () => {
            await write([...events.values()], lines);
            await write([...events.values()], lines); // the answer of the first was lost
            events = new Map();
            lines = [];
          };
          for (const { who, action, after, commit } of steps) {
            const story = stories[who % stories.length];
            lines.push(act(story, action, story.event.openedAt + after * MINUTE));
            events.set(story.event.id, story.event);
            if (commit) await flush();
          }
          await flush();
          await expectSame(stories, NOW - 3 * DAY, NOW - DAY / 3);
        },
      ),
      { numRuns: 25, seed: 6 },
    );
  });

  it("forget events that were taken away", async () => {
    await withoutGuards("TRUNCATE event, event_transition, outbox");
    const stories = [1, 2, 3].map((n) => begin(n, { openedAt: NOW - n * MINUTE }));
    for (const story of stories) act(story, "close", NOW);
    await write(
      stories.map(({ event }) => event),
      stories.flatMap(({ lines }) => lines),
    );
    await withoutGuards(
      `DELETE FROM event_transition WHERE event_id = '${id(3)}'; DELETE FROM event WHERE id = '${id(3)}'`,
    );
    await expectSame(stories.slice(0, 2), NOW - DAY, NOW);
  });

  it("count under towns, on some grids and of some kinds only", async () => {
    await withoutGuards("TRUNCATE event, event_transition, outbox");
    const at = (n: number, gridId: string | null, kind: string) => begin(n, { gridId, kind, openedAt: NOW - n }).event;
    await write([at(1, "a1", "x.y"), at(2, "a2", "x.y"), at(3, "b1", "x.y"), at(4, null, "x.y"), at(5, "a1", "z.z")], []); // prettier-ignore
    const ask = { by: "grid", from: NOW - DAY, to: NOW, timeZone: "UTC" } as const;
    const above = new Map(["a1", "a2"].map((grid) => [grid, "town-a"]));
    const keys = async (more: { grids: string[] | null; kinds?: string[] }) =>
      (await eventStatistics(store.reads, { ...ask, above, ...more })).rows.map(({ key, opened }) => [key, opened]);
    expect(await keys({ grids: null, kinds: ["x.y"] })).toEqual([["town-a", 2], ["", 1], ["b1", 1]]); // prettier-ignore
    expect(await keys({ grids: ["a1", "b1"] })).toEqual([["town-a", 2], ["b1", 1]]); // prettier-ignore
    expect(await keys({ grids: [] })).toEqual([]);
  });

  it("days are those of the time zone, over the nights when its clocks change", async () => {
    await withoutGuards("TRUNCATE event, event_transition, outbox");
    // 2025-10-26 has 25 hours in Berlin: from 22:00 UTC the day before until 23:00 UTC
    const times = ["2025-10-25T21:59Z", "2025-10-25T22:00Z", "2025-10-26T22:59Z", "2025-10-26T23:00Z"];
    await write(times.map((text, i) => begin(i + 1, { openedAt: Date.parse(text) }).event), []); // prettier-ignore
    const ask = { by: "day", from: NOW - 60 * DAY, to: NOW, timeZone: "Europe/Berlin", grids: null } as const;
    const { rows } = await eventStatistics(store.reads, ask);
    expect(rows.map(({ key, opened }) => [key, opened])).toEqual([
      ["2025-10-26", 2],
      ["2025-10-25", 1],
      ["2025-10-27", 1],
    ]);
  });

  it("know the ends of events that were there before", async () => {
    const other = await testDatabase();
    const dir = mkdtempSync(join(tmpdir(), "gridhub-migrations-"));
    const pool = new pg.Pool({ ...other.connection, max: 2 });
    try {
      for (const name of readdirSync(MIGRATIONS).filter((file) => /^00(0\d|1[0-4])_/.test(file)))
        copyFileSync(join(MIGRATIONS, name), join(dir, name));
      await migrate(pool, dir, silentLog);
      const handled: [Handling, string[]][] = [
        ["closed", ["acknowledge", "close"]],
        ["done", ["reject", "return", "done"]],
        ["accepted", ["reject", "accept"]],
        ["new", []],
      ];
      for (const [n, [handling, lines]] of handled.entries()) {
        await pool.query(
          `INSERT INTO event (id, kind, subject, grid_match, grid_version, severity, sensing, handling, source, opened_at, updated_at,
             created_at, occurrences, evidence, late, revision)
           VALUES ($1, 'x.y', 's', 'none', 1, 2, 'cleared', $2, 'x', $3, $3, $3, 1, '{}', false, 9)`,
          [id(n), handling, new Date(NOW)],
        );
        for (const [i, what] of lines.entries())
          await pool.query("INSERT INTO event_transition VALUES ($1, $2, $3, $4, 'duty', 2, '')", [id(n), i + 1, new Date(NOW + (i + 1) * MINUTE), what]); // prettier-ignore
      }
      await migrate(pool, MIGRATIONS, silentLog);
      const { rows } = await pool.query<{ ended: Date | null }>("SELECT ended_at AS ended FROM event ORDER BY id");
      expect(rows.map(({ ended }) => ended && ended.getTime() - NOW)).toEqual([2 * MINUTE, 3 * MINUTE, null, null]);
    } finally {
      await pool.end();
      await other.close();
      rmSync(dir, { recursive: true });
    }
  });
});
