import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyBatch } from "./batch.ts";
import { lastSeen, latestReadings, seriesRows } from "./queries/readings.ts";
import { latestVessels, vesselTrack } from "./queries/positions.ts";
import { NOW, position, readings, type Subject } from "./store-scene.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** What is made of the readings: latest values, roll-up, charts, retention. The same in every mode. */
export function seriesContract(name: string, open: () => Promise<Subject>): void {
  describe(`series on ${name}`, () => {
    let s: Subject;
    let deviceId: number;
    let series: number[];
    beforeAll(async () => {
      s = await open();
      const edge = await s.store.upsertEdge({ site: "town", name: "e1" });
      const device = { site: "town", name: "d1", edgeId: edge.id, title: "", profile: "p/p@1.0.0" };
      deviceId = (await s.store.upsertDevice({ ...device, lon: null, lat: null, gridId: null, attributes: {} })).id;
      const metric = (name: string) => ({ deviceId, metric: name, unit: "m" });
      series = await s.store.ensureSeries([metric("level"), metric("door"), metric("rain")]);
    }, 120_000);
    afterAll(async () => {
      await s?.close();
    });
    const sql = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
      (await s.store.pool.query<T>(text, values)).rows;

    it("knows the newest reading of each series, and finds it again after a crash", async () => {
      const batch = readings([
        [series[0], NOW - 2000, 1],
        [series[0], NOW - 1000, 2],
        [series[0], NOW - 3000, 3],
      ]);
      batch.text.push({ series: series[1], time: NOW, value: "open", quality: 0 });
      await s.store.commit(batch);
      const expected = [
        { metric: "door", unit: "m", ts: NOW, value: null, text: "open", quality: 0 },
        { metric: "level", unit: "m", ts: NOW - 1000, value: 2, text: null, quality: 0 },
      ];
      await s.store.flushLatest();
      expect(await latestReadings(s.store.reads, deviceId)).toEqual(expected);
      await s.store.commit(readings([[series[0], NOW - 5000, 9]])); // older: changes nothing
      await s.store.flushLatest();
      expect(await latestReadings(s.store.reads, deviceId)).toEqual(expected);
      await sql("DELETE FROM telemetry_latest WHERE series_id = $1", [series[1]]);
      await sql("UPDATE telemetry_latest SET time = time - interval '1 s', value = 0 WHERE series_id = $1", [
        series[0],
      ]);
      await (await s.reopen()).flushLatest();
      expect(await latestReadings(s.store.reads, deviceId)).toEqual(expected);
      expect(await lastSeen(s.store.reads)).toEqual(new Map([[deviceId, NOW]]));
    });

    it("keeps tracks, and the newest plausible position", async () => {
      const batch = emptyBatch(1);
      for (let i = 0; i < 10; i++) batch.positions.push(position({ ts: NOW - i * MINUTE, lon: 122 + i / 100 }));
      batch.positions.push(position({ ts: NOW + 1, lon: 10, plausible: false }));
      await s.store.commit(batch);
      await s.store.flushLatest();
      const vessels = await latestVessels(s.store.reads, NOW - DAY);
      expect(vessels).toMatchObject([{ mmsi: 412_000_001, ts: NOW, lon: 122, lat: 30.7, sog: 8.5, name: null }]);
      const window = { mmsi: 412_000_001, from: NOW - DAY, to: NOW + DAY };
      const all = await vesselTrack(s.store.reads, { ...window, limit: 100 });
      expect(all).toHaveLength(10);
      expect(all[9]).toEqual([NOW, 122, 30.7, 8.5, 90.5]);
      const thinned = await vesselTrack(s.store.reads, { ...window, limit: 5 });
      expect(thinned).toEqual(all.filter((_, i) => i % 2 === 1));
    });

    /** Minutes of `rain`, from 3 h ago to 1 h ago; value = minute. */
    const begin = NOW - 180 * MINUTE;
    const rain = (minutes: readonly number[]) =>
      readings(minutes.map((m) => [series[2], begin + m * MINUTE, m === 7 ? Number.NaN : m]));
    const totals = () =>
      sql<{ at: number; n: number; sum: number; min: number; max: number }>(
        `SELECT ((extract(epoch FROM bucket) * 1000 - $2) / 60000)::int AS at, n, sum, min, max FROM telemetry_5m
         WHERE series_id = $1 ORDER BY bucket`,
        [series[2], begin],
      );

    it("rolls up by 5 minutes: right before, during and after the roll-up, and with late readings", async () => {
      const minutes = Array.from({ length: 120 }, (_, m) => m);
      await s.store.commit(rain(minutes.filter((m) => m !== 11)));
      const before = await totals();
      expect(before).toHaveLength(24);
      expect(before[0]).toEqual({ at: 0, n: 5, sum: 10, min: 0, max: 4 });
      expect(before[1]).toEqual({ at: 5, n: 4, sum: 28, min: 5, max: 9 }); // NaN is not counted
      expect(before[2]).toEqual({ at: 10, n: 4, sum: 49, min: 10, max: 14 });
      await s.store.rollUp();
      expect(await totals()).toEqual(before);
      if (s.store.mode !== "timescale-community") {
        expect(await sql("SELECT FROM rollup_work")).toEqual([]);
        expect(await sql("SELECT FROM telemetry_5m_data WHERE series_id = $1", [series[2]])).toHaveLength(24);
        await s.store.commit(rain([11]));
        const late = await totals();
        expect(late[2]).toEqual({ at: 10, n: 5, sum: 60, min: 10, max: 14 });
        await s.store.rollUp();
        expect(await totals()).toEqual(late);
      }
    });

    it("draws a series: raw where it is short, else in buckets that agree with the readings", async () => {
      const chart = (points: number, to = begin + 120 * MINUTE) =>
        seriesRows(s.store.reads, { deviceId, metric: "rain", from: begin, to, points });
      const raw = await chart(5, begin + 5 * MINUTE);
      expect(raw).toMatchObject({ unit: "m", stepMs: 0 });
      expect(raw?.rows).toEqual([0, 1, 2, 3, 4].map((m) => [begin + m * MINUTE, m]));
      const fine = await chart(24);
      expect(fine?.stepMs).toBe(300_000);
      expect(fine?.rows[0]).toEqual([begin, 2, 0, 4, 5]);
      expect(fine?.rows).toHaveLength(24);
      const hour = await chart(2);
      expect(hour?.stepMs).toBe(3_600_000);
      expect(hour?.rows.map((row) => row.slice(2, 4))).toEqual([
        [0, 59],
        [60, 119],
      ]);
      await s.store.commit(readings(Array.from({ length: 10 }, (_, i) => [series[2], NOW + i * 1000, i])));
      const query = { deviceId, metric: "rain", from: NOW, to: NOW + 10_000, points: 5 };
      const seconds = await seriesRows(s.store.reads, query);
      expect(seconds).toEqual({
        unit: "m",
        stepMs: 5000,
        rows: [
          [NOW, 2, 0, 4, 5],
          [NOW + 5000, 7, 5, 9, 5],
        ],
      });
      expect(await seriesRows(s.store.reads, { deviceId, metric: "nope", from: 0, to: 1, points: 1 })).toBeNull();
    });

    it("has one time_bucket in every mode: weeks begin on Monday, UTC", async () => {
      const [row] = await sql<{ a: Date; b: Date }>(
        `SELECT time_bucket(interval '5 minutes', timestamptz '2025-11-22 12:34:56+00') AS a,
           time_bucket(interval '7 days', timestamptz '2025-11-22 12:34:56+00') AS b`,
      );
      expect(row.a.toISOString()).toBe("2025-11-22T12:30:00.000Z");
      expect(row.b.toISOString()).toBe("2025-11-17T00:00:00.000Z");
    });

    it("takes away what retention no longer keeps, and nothing else", async () => {
      const batch = readings([
        [series[0], NOW - 500 * DAY, 1],
        [series[0], NOW - 402 * DAY, 1],
        [series[0], NOW - 398 * DAY, 1],
      ]);
      batch.positions.push(position({ mmsi: 2, ts: NOW - 40 * DAY }), position({ mmsi: 2, ts: NOW - 20 * DAY }));
      for (const days of [40, 1]) {
        const letter = { topic: "t", edge: "e", reason: "r", detail: "", payload: Buffer.alloc(0) };
        batch.deadLetters.push({ ...letter, rx: NOW - days * DAY });
      }
      for (let boot = 1; boot <= 40; boot++) batch.cursors.push({ edgeId: 9, boot, upto: 1, above: [] });
      await s.store.commit(batch);
      await s.store.tidy();
      const count = async (what: string) => (await sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${what}`))[0].n;
      expect(await count(`telemetry WHERE series_id = ${series[0]} AND time < '2025-01-01'`)).toBe(1);
      expect(await count("vessel_position WHERE mmsi = 2")).toBe(1);
      expect(await count("dead_letter")).toBe(1);
      expect(await count("edge_cursor WHERE edge_id = 9")).toBe(32);
      expect(await count("edge_cursor WHERE edge_id = 9 AND boot = 40")).toBe(1);
    });

    it("thins old positions to one in five minutes, the first plausible one, once", async () => {
      const batch = emptyBatch(1);
      const old = Math.floor((NOW - 10 * DAY) / DAY) * DAY + 12 * 3_600_000;
      for (let i = 0; i < 20; i++)
        for (const ts of [old + i * 60_000, NOW - 2 * DAY + i * 60_000])
          batch.positions.push(position({ mmsi: 3, ts, lon: 122 + i / 100, plausible: i !== 0 }));
      await s.store.commit(batch);
      while ((await s.store.thin()) > 0);
      const kept = await sql<{ lon: number }>(
        `SELECT lon FROM vessel_position WHERE mmsi = 3 AND time < to_timestamp(${(NOW - 5 * DAY) / 1000}) ORDER BY time`,
      );
      expect(kept.map(({ lon }) => lon)).toEqual([122.01, 122.05, 122.1, 122.15]);
      const recent = await sql<{ n: number }>(
        `SELECT count(*)::int AS n FROM vessel_position WHERE mmsi = 3 AND time > to_timestamp(${(NOW - 5 * DAY) / 1000})`,
      );
      expect(recent[0].n).toBe(20);
    });
  });
}
