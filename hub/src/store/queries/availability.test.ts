import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testDatabase } from "../../../../test/support/postgres.ts";
import { silentLog } from "../../log.ts";
import { emptyBatch, type HealthChange, type HealthState } from "../batch.ts";
import { openStore, type PostgresStore } from "../postgres.ts";
import { NOW } from "../store-scene.ts";
import { type AvailabilityRow, availabilityRows } from "./availability.ts";

const HOUR = 3_600_000;
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

/** hours and states, `edge` = unknown because the edge is away */
type Step = readonly [number, HealthState | "edge"];

async function write(subject: string, steps: readonly Step[]): Promise<void> {
  const batch = emptyBatch(1);
  let from: HealthState = "unknown";
  for (const [hour, step] of steps) {
    const to = step === "edge" ? "unknown" : step;
    const reason = step === "edge" ? "edge_offline" : step === "unknown" ? "registered" : "heard";
    batch.health.push({ subject, deviceId: null, ts: NOW + hour * HOUR, from, to, reason } satisfies HealthChange);
    from = to;
  }
  await store.commit(batch);
}

/** The same by walking along. */
function model(subject: string, steps: readonly Step[], from: number, to: number): AvailabilityRow | undefined {
  const row = { subject, upMs: 0, downMs: 0, edgeMs: 0, flappingMs: 0, outages: 0, repaired: 0, repairMs: 0, longestMs: 0, flaps: 0 }; // prettier-ignore
  let seen = false;
  let before: Step[1] | null = null;
  let run = { ms: 0, lost: false };
  const end = (repaired: boolean) => {
    if (run.lost) {
      row.outages++;
      if (repaired) {
        row.repaired++;
        row.repairMs += run.ms;
      }
      row.longestMs = Math.max(row.longestMs, run.ms);
    }
    run = { ms: 0, lost: false };
  };
  steps.forEach(([hour, state], i) => {
    const begin = Math.max(hour, from);
    const until = Math.min(steps[i + 1]?.[0] ?? to, to);
    if (hour >= to || (hour < from && (steps[i + 1]?.[0] ?? Infinity) < from)) return;
    // the last state before the period counts from its beginning, even where the next one begins there
    seen = true;
    const ms = Math.max(0, until - begin) * HOUR;
    if (state === "edge") row.edgeMs += ms;
    if (state === "online" || state === "flapping") {
      end(true);
      row.upMs += ms;
      if (state === "flapping") {
        row.flappingMs += ms;
        if (before !== "flapping" && before !== null) row.flaps++;
      }
    }
    if (state === "late" || state === "offline") {
      row.downMs += ms;
      run.ms += ms;
      run.lost ||= state === "offline";
    }
    before = state;
  });
  end(false);
  return seen ? row : undefined;
}

it("agrees with a walk along the changes, whatever they are", async () => {
  const states = fc.constantFrom<Step[1]>("unknown", "online", "late", "offline", "flapping", "edge");
  const history = fc
    .uniqueArray(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 16 })
    .chain((hours) => fc.tuple(...hours.sort((a, b) => a - b).map((hour) => fc.tuple(fc.constant(hour), states))));
  const sample = fc.sample(fc.array(history, { minLength: 40, maxLength: 40 }), { numRuns: 3, seed: 7 }).flat();
  for (const [i, steps] of sample.entries()) await write(`device:m/${i}`, steps);
  const subjects = sample.map((_, i) => `device:m/${i}`);
  const spans = [
    [-10, 10],
    [-20, 0],
    [-30, 30],
    [5, 6],
  ];
  for (const [from, to] of spans) {
    const rows = await availabilityRows(store.reads, subjects, NOW + from * HOUR, NOW + to * HOUR);
    const found = new Map(rows.map((row) => [row.subject, row]));
    for (const [i, steps] of sample.entries()) {
      const subject = subjects[i];
      expect(found.get(subject), `${subject} ${from}..${to} ${JSON.stringify(steps)}`).toEqual(
        model(subject, steps, from, to),
      );
    }
  }
});

it("an outage that goes on is an outage, not a repair; a gateway's absence within parts nothing", async () => {
  await write("device:a/1", [
    [0, "online"],
    [1, "late"],
    [2, "offline"],
    [3, "edge"],
    [4, "offline"],
    [5, "online"],
    [6, "late"],
    [7, "online"],
    [8, "late"],
    [9, "offline"],
  ]);
  const [row] = await availabilityRows(store.reads, ["device:a/1", "device:a/none"], NOW, NOW + 10 * HOUR);
  expect(row).toEqual({
    subject: "device:a/1",
    upMs: 3 * HOUR,
    downMs: 6 * HOUR,
    edgeMs: HOUR,
    flappingMs: 0,
    outages: 2,
    repaired: 1,
    repairMs: 3 * HOUR,
    longestMs: 3 * HOUR,
    flaps: 0,
  });
});
