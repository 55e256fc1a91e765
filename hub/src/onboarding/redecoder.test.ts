import { Quality } from "@gridhub/device-profiles/reading.ts";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { silentLog } from "../log.ts";
import { emptyBatch } from "../store/batch.ts";
import { openStore, type PostgresStore } from "../store/postgres.ts";
import { NOW } from "../store/store-scene.ts";
import { VersionReader } from "./frame-samples.ts";
import { deviceOf, frame, lowPressure, probe } from "./probe.testing.ts";
import { Redecoder, type RedecoderOptions } from "./redecoder.ts";

const V1 = probe("1.0.0", { scale: 0.001 });
const V2 = probe("2.0.0", {
  scale: 0.002,
  metrics: ["pressure", "state", "humidity"],
  states: { o: "open", c: "closed" },
  least: 5,
});
const PROFILES: CompiledProfile[] = [V1, V2];
const limits = { maxSkewMs: 300_000, latenessMs: 120_000 };
const HOUR = 3_600_000;

let database: Awaited<ReturnType<typeof testDatabase>>;
let store: PostgresStore;
let devices: Device[];
let emitted: Finding[];
let open: Redecoder[];

type Row = [device: string, metric: string, ts: number, value: number | string | null, quality: number];
const T0 = NOW - 6 * HOUR;
const minute = (n: number) => T0 + n * 60_000;

/** Stores frames and what the device's version makes of them, as the live path does. */
async function live(device: Device, frames: readonly (readonly [ts: number, payload: Buffer])[]): Promise<void> {
  const batch = emptyBatch(1000);
  const { telemetry } = batch;
  const reader = new VersionReader(device.profile, device);
  for (const [ts, payload] of frames) {
    const identity = { edgeId: device.edge.id, boot: null, seq: null, part: 0, deviceId: device.id };
    batch.rawFrames.push({ ...identity, ts, rx: ts + 100, port: 0, payload });
    reader.read({ ts, port: 0, payload }, (time, values, past) => {
      for (let i = 0; i < values.n; i++) {
        const series = device.series[values.metric[i]];
        const quality = values.quality[i] | (past ? Quality.late : 0);
        const text = values.text[i];
        if (text !== null) batch.text.push({ series, time, value: text, quality });
        else {
          const at = telemetry.n++;
          telemetry.series[at] = series;
          telemetry.time[at] = time;
          telemetry.value[at] = values.num[i];
          telemetry.quality[at] = quality;
        }
      }
    });
  }
  await store.commit(batch);
}

async function rows(): Promise<Row[]> {
  const found = await store.pool.query<Row>({
    text: `SELECT d.name, s.metric, (extract(epoch FROM t.time) * 1000)::float8, to_jsonb(t.value), t.quality
      FROM (SELECT series_id, time, quality, to_jsonb(value) AS value FROM telemetry UNION ALL
            SELECT series_id, time, quality, to_jsonb(value) FROM telemetry_text) t
      JOIN series s ON s.id = t.series_id JOIN device d ON d.id = s.device_id ORDER BY 1, 2, 3`,
    rowMode: "array",
  });
  return found.rows;
}

function redecoder(change: Partial<RedecoderOptions> = {}): Redecoder {
  const made = new Redecoder({
    pool: store.pool,
    mode: store.mode,
    profiles: { all: () => PROFILES, inForce: (id) => PROFILES.find((p) => p.id === id) },
    registry: {
      boundTo: (id) => devices.filter((device) => device.profile.id === id),
      device: (uid) => devices.find((device) => device.uid === uid),
      deviceById: (id) => devices.find((device) => device.id === id),
    },
    ensureSeries: (series) => store.ensureSeries(series),
    settled: () => store.flushLatest(),
    fresh: { rules: lowPressure },
    emit: async (findings) => void emitted.push(...findings),
    busy: () => 0,
    limits,
    clock: () => NOW,
    log: silentLog,
    chunk: 4,
    ...change,
  });
  open.push(made);
  return made;
}

async function run(worker: Redecoder, request: Partial<Parameters<Redecoder["create"]>[0]> = {}) {
  const made = await worker.create({ profile: V2.id, devices, dryRun: false, who: "integrator", ...request });
  if (!("id" in made)) throw new Error(made.detail);
  return ended(worker, made.id);
}

const ended = (worker: Redecoder, id: number) =>
  vi.waitFor(
    async () => {
      const job = await worker.find(id);
      expect(job?.endedAt).not.toBeNull();
      return job!;
    },
    { timeout: 60_000, interval: 20 },
  );

beforeEach(async () => {
  database = await testDatabase();
  store = await openStore({ connection: database.connection, log: silentLog, clock: () => NOW });
  const { id: edgeId } = await store.upsertEdge({ site: "town", name: "gw" });
  devices = [];
  emitted = [];
  open = [];
  for (const n of [1, 2]) {
    const place = { title: "", lon: null, lat: null, gridId: null, attributes: {} };
    const row = await store.upsertDevice({ site: "town", name: `h${n}`, edgeId, profile: V1.id, ...place });
    const device = deviceOf(row.id, V1);
    const wanted = V1.metrics.map(({ name, unit }) => ({ deviceId: row.id, metric: name, unit }));
    device.series = Int32Array.from(await store.ensureSeries(wanted));
    devices.push(device);
  }
});
afterEach(async () => {
  for (const worker of open) await worker.close();
  await store.close();
  await database.close();
});

it("makes the readings of a frame exactly those that the version gives, and changes nothing else", async () => {
  const [h1, h2] = devices;
  await live(h1, [
    [minute(0), frame(100, 20, "o", 90)],
    [minute(1), frame(100, 20, "o")], // 4 bytes: refused by V2
    [minute(5), frame(0, 21, "c", 0)], // zero is zero by both
    [minute(9), Buffer.from("00", "hex")], // refused by both
  ]);
  await live(h2, [[minute(0), frame(300, 1, "o", 290)]]);
  // said by the device in another way, at the very time of a frame: no version makes 7 of it
  const other = emptyBatch(1);
  Object.assign(other.telemetry, { n: 1 });
  other.telemetry.series[0] = h1.series[0];
  other.telemetry.time[0] = minute(9);
  other.telemetry.value[0] = 7;
  await store.commit(other);
  await store.flushLatest();
  const before = await rows();
  expect(before).toHaveLength(4 + 3 + 4 + 1 + 4);

  const worker = redecoder();
  const trial = await run(worker, { devices: [h1], dryRun: true });
  expect(await rows()).toEqual(before);
  expect(trial).toMatchObject({ state: "done", dryRun: true, done: 4, total: 4 });

  const job = await run(worker, { devices: [h1] });
  expect(job.counts).toEqual(trial.counts);
  expect(job.differences).toEqual(trial.differences);
  const { counts } = job;
  expect(counts).toMatchObject({ frames: 4, refused: { frame_short: 2 }, kept: 0 });
  const after = await rows();
  const key = ([device, metric, ts]: Row) => `${device} ${metric} ${ts}`;
  const old = new Map(before.map((row) => [key(row), row]));
  const fresh = new Map(after.map((row) => [key(row), row]));
  // every row, before and after
  const added = [...fresh.keys()].filter((k) => !old.has(k));
  const removed = [...old.keys()].filter((k) => !fresh.has(k));
  const changed = [...fresh].filter(([k, row]) => old.has(k) && String(old.get(k)) !== String(row)).map(([k]) => k);
  expect([added.length, changed.length, removed.length]).toEqual([counts.added, counts.changed, counts.removed]);
  const { redecoded, late } = Quality;
  expect(after.filter((row) => row[0] === "h1")).toEqual(
    (
      [
        ["h1", "humidity", minute(0), 10, redecoded],
        ["h1", "humidity", minute(5), 10.5, redecoded],
        ["h1", "pressure", minute(-1), 0.18, late | redecoded],
        ["h1", "pressure", minute(0), 0.2, redecoded],
        ["h1", "pressure", minute(4), 0, late],
        ["h1", "pressure", minute(5), 0, 0],
        ["h1", "pressure", minute(9), 7, 0],
        ["h1", "state", minute(0), "open", 0],
        ["h1", "state", minute(5), "closed", redecoded],
      ] as Row[]
    ).toSorted((a, b) => (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[2] - b[2])),
  );
  expect(after.filter((row) => row[0] === "h2")).toEqual(before.filter((row) => row[0] === "h2"));

  const again = await run(worker, { devices: [h1] });
  expect(again.counts).toMatchObject({ frames: 4, added: 0, changed: 0, removed: 0, events: 0 });
  expect(await rows()).toEqual(after);

  const back = await run(worker, { devices: [h1], profile: V1.id });
  expect(back.counts).toMatchObject({ added: counts.removed, changed: counts.changed, removed: counts.added });
  const numbers = (all: Row[]) => all.map((row) => row.slice(0, 4));
  expect(numbers(await rows())).toEqual(numbers(before));
});

it("corrects newest values and totals, also where nothing is left", async () => {
  const [h1] = devices;
  await live(h1, [
    [minute(0), frame(100, 20, "o", 90)],
    [minute(1), frame(200, 20, "c", 190)],
  ]);
  await store.flushLatest();
  while ((await store.rollUp()) > 0);
  const totals = async () =>
    (
      await store.pool.query<{ metric: string; n: number; sum: number }>(
        "SELECT s.metric, sum(n)::int AS n, sum(sum) AS sum FROM telemetry_5m JOIN series s ON s.id = series_id GROUP BY 1 ORDER BY 1",
      )
    ).rows;
  const latest = async () =>
    (
      await store.pool.query<{ metric: string; v: unknown }>(
        `SELECT s.metric, coalesce(to_jsonb(l.value), to_jsonb(l.text)) AS v FROM telemetry_latest l
         JOIN series s ON s.id = l.series_id ORDER BY 1`,
      )
    ).rows.map(({ metric, v }) => [metric, v]);
  expect((await totals()).map(({ metric }) => metric)).toEqual(["pressure", "temperature"]);
  expect(await latest()).toContainEqual(["temperature", 20]);

  await run(redecoder(), { devices: [h1] });
  const right = await totals();
  expect(right.map(({ metric, n }) => [metric, n])).toEqual([
    ["humidity", 2],
    ["pressure", 4 - 1],
  ]);
  expect(await latest()).toEqual([
    ["humidity", 10],
    ["pressure", 0.4],
    ["state", "closed"],
  ]);
  while ((await store.rollUp()) > 0);
  expect(await totals()).toEqual(right);
});

it("goes on after a stop in the middle, and nothing is counted or done twice", async () => {
  const [h1, h2] = devices;
  for (const device of [h1, h2])
    await live(
      device,
      Array.from({ length: 20 }, (_, n) => [minute(n * 3), frame(100 + n, 20, "o", 50)] as const),
    );
  const before = await rows();
  let chunks = 0;
  const first = redecoder({
    onChunk: () => {
      if (++chunks === 7) void first.close(); // in the second device
    },
  });
  const made = await first.create({ profile: V2.id, devices, dryRun: false, who: "integrator" });
  await vi.waitFor(() => expect(chunks).toBe(7));
  await first.close();
  const id = "id" in made ? made.id : 0;
  const halfway = await first.find(id);
  expect(halfway).toMatchObject({ state: "running", deviceAt: 1 });
  expect(halfway?.done).toBeLessThan(40);

  const second = redecoder();
  second.start();
  const job = await ended(second, id);
  const changed = 2 * 20 * 2; // pressure, now and a minute before
  const counts = { frames: 40, added: 40, changed, removed: 40, kept: 0, refused: {} };
  expect(job).toMatchObject({ state: "done", done: 40, total: 40, counts });
  expect(await rows()).toHaveLength(before.length);
  expect((await run(second)).counts).toMatchObject({ frames: 40, added: 0, changed: 0, removed: 0 });
});

it("finds late events that the corrected readings tell of, once", async () => {
  const [h1] = devices;
  await live(h1, [
    [minute(0), frame(200, 20, "o", 200)],
    [minute(2), frame(150, 20, "o", 150)],
    [minute(4), frame(200, 20, "o", 200)],
  ]);
  const third = probe("3.0.0", { scale: 0.0006 });
  PROFILES.push(third);
  try {
    const worker = redecoder();
    const job = await run(worker, { profile: third.id, devices: [h1] });
    expect(job.counts.events).toBe(1);
    expect(emitted.map(({ phase, ts, late }) => [phase, ts, late])).toEqual([
      ["raise", minute(1), true],
      ["clear", minute(3), true],
    ]);
    await run(worker, { profile: third.id, devices: [h1] });
    expect(emitted).toHaveLength(2);
  } finally {
    PROFILES.pop();
  }
});

it("refuses what it cannot do, and is cancelled", async () => {
  const worker = redecoder({ settled: () => new Promise(() => {}) });
  const ask = (change: object) =>
    worker.create({ profile: V2.id, devices, dryRun: false, who: "integrator", ...change });
  expect(await ask({ profile: "acme/probe@9.0.0" })).toMatchObject({ problem: "unknown" });
  expect(await ask({ devices: undefined })).toMatchObject({ problem: "nothing" });
  const foreign = deviceOf(9, { ...V1, id: "acme/other@1.0.0" });
  expect(await ask({ devices: [foreign] })).toMatchObject({ problem: "unrelated" });
  expect(await ask({ profile: "acme/probe" })).toMatchObject({ problem: "unknown" });

  const quick = redecoder();
  const cancelled: Promise<boolean>[] = [];
  await live(devices[0], [
    [minute(0), frame(100, 20, "o", 50)],
    [minute(3), frame(100, 20, "o", 50)],
  ]);
  const slow = redecoder({ chunk: 1, onChunk: () => void cancelled.push(slow.cancel(1)) });
  const made = await slow.create({ profile: V2.id, devices, dryRun: false, who: "integrator" });
  const job = await ended(slow, "id" in made ? made.id : 0);
  expect(job.state).toBe("cancelled");
  await Promise.all(cancelled);
  expect(await quick.cancel(job.id)).toBe(false);
  expect(job.counts.frames).toBeLessThanOrEqual(2);
});
