import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HubError } from "../errors.ts";
import { type CommitBatch, emptyBatch } from "./batch.ts";
import { gridEvent, NOW, position, readings, type Subject } from "./store-scene.ts";
import { RowRefused } from "./store.ts";

const DAY = 86_400_000;

/** What every PostgreSQL that the hub runs on must do: run against each by its own test file. */
export function storeContract(name: string, open: () => Promise<Subject>): void {
  describe(`store on ${name}`, () => {
    let s: Subject;
    beforeAll(async () => {
      s = await open();
    }, 120_000);
    afterAll(async () => {
      await s?.close();
    });
    const sql = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
      (await s.store.pool.query<T>(text, values)).rows;
    const count = async (series: number): Promise<number> =>
      (await sql<{ n: number }>("SELECT count(*)::int AS n FROM telemetry WHERE series_id = $1", [series]))[0].n;

    it("stores readings: NaN as NULL, quality and milliseconds kept", async () => {
      const time = NOW - 1234;
      const done = await s.store.commit(
        readings(
          [
            [1, time, 0.28],
            [1, time + 1, Number.NaN],
            [2, time, -1e300],
          ],
          5,
        ),
      );
      expect(done).toEqual({ telemetryInserted: 3 });
      const rows = await sql(
        `SELECT series_id AS s, (extract(epoch FROM time) * 1000)::float8 AS t, value, quality FROM telemetry
         WHERE series_id IN (1, 2) ORDER BY s, t`,
      );
      expect(rows).toEqual([
        { s: 1, t: time, value: 0.28, quality: 5 },
        { s: 1, t: time + 1, value: null, quality: 5 },
        { s: 2, t: time, value: -1e300, quality: 5 },
      ]);
    });

    it("stores a reading once, whether it comes again later or twice in a batch", async () => {
      await s.store.commit(readings([[10, NOW, 1]]));
      const again = readings([
        [10, NOW, 2],
        [10, NOW + 1, 3],
        [10, NOW + 1, 4],
      ]);
      expect(await s.store.commit(again)).toEqual({ telemetryInserted: 1 });
      expect(await s.store.commit(again)).toEqual({ telemetryInserted: 0 });
      const rows = await sql("SELECT value FROM telemetry WHERE series_id = 10 ORDER BY time");
      expect(rows).toEqual([{ value: 1 }, { value: 3 }]);
    });

    it("stores readings of any age, together with current ones", async () => {
      const times = [0, -1, -40, -399, -420, -9000, 2, 40, 20_000].map((days) => NOW + days * DAY);
      const rows = times.map((time, i) => [20, time, i] as const);
      expect(await s.store.commit(readings(rows))).toEqual({ telemetryInserted: rows.length });
      expect(await s.store.commit(readings(rows))).toEqual({ telemetryInserted: 0 });
      expect(await count(20)).toBe(rows.length);
    });

    it("keeps words, without NUL and half surrogates", async () => {
      const batch = emptyBatch(1);
      batch.text.push({ series: 30, time: NOW, value: "开\0盖 \ud800!", quality: 1 });
      batch.deadLetters.push({
        rx: NOW,
        topic: "a/\0b",
        edge: "town/e1",
        reason: "json_invalid",
        detail: "\0",
        payload: Buffer.from([0, 1, 255]),
      });
      const event = gridEvent({ evidence: { "k\0": ["\0x", "\ud800", "a\\u0000b", { ok: "网格" }] } });
      batch.events.push(event);
      await s.store.commit(batch);
      expect(await sql("SELECT value, quality FROM telemetry_text WHERE series_id = 30")).toEqual([
        { value: "开盖 \ufffd!", quality: 1 },
      ]);
      expect(await sql("SELECT topic, detail, payload FROM dead_letter")).toEqual([
        { topic: "a/b", detail: "", payload: Buffer.from([0, 1, 255]) },
      ]);
      expect(await sql("SELECT evidence FROM event WHERE id = $1", [event.id])).toEqual([
        { evidence: { k: ["x", "\ufffd", "a\\u0000b", { ok: "网格" }] } },
      ]);
    });

    it("writes all kinds of rows in one transaction and gives them back in the snapshot", async () => {
      const edge = await s.store.upsertEdge({ site: "town", name: "e1", tokenHash: Buffer.alloc(32, 7) });
      const device = await s.store.upsertDevice({
        site: "town",
        name: "h1",
        edgeId: edge.id,
        title: "消火栓 1",
        profile: "acme/h@1.0.0",
        lon: 122.45,
        lat: 30.72,
        gridId: null,
        attributes: { datum: "1985", level: 2.5, indoor: false },
      });
      const [series] = await s.store.ensureSeries([{ deviceId: device.id, metric: "pressure", unit: "MPa" }]);
      const event = gridEvent({ deviceId: device.id });
      const batch = readings([[series, NOW, 0.3]]);
      batch.cursors.push({ edgeId: edge.id, boot: 57, upto: 2 ** 52 + 1, above: [[2 ** 52 + 5, 2 ** 52 + 9]] });
      batch.rawFrames.push(
        {
          edgeId: edge.id,
          boot: 57,
          seq: 3,
          part: 0,
          deviceId: device.id,
          ts: NOW - 9,
          rx: NOW,
          port: 2,
          payload: Buffer.from("7e7e", "hex"),
        },
        {
          edgeId: edge.id,
          boot: null,
          seq: null,
          part: 1,
          deviceId: device.id,
          ts: NOW,
          rx: NOW,
          port: 0,
          payload: Buffer.alloc(0),
        },
      );
      batch.positions.push(position(), position({ ts: NOW, sog: null, cog: null, heading: null, status: null }));
      batch.vessels.push(
        {
          mmsi: 412_000_001,
          name: "浙嵊渔 1",
          callsign: null,
          shipType: 30,
          length: 32.5,
          formationId: "f1",
          ts: NOW - 1,
        },
        {
          mmsi: 412_000_001,
          name: null,
          callsign: "BXYZ",
          shipType: null,
          length: null,
          formationId: "f1",
          ts: NOW,
        },
      );
      batch.foldState.push({ room: "rules", key: "town/h1", state: { since: NOW, n: 3 } });
      batch.health.push(
        {
          subject: "device:town/h1",
          deviceId: device.id,
          ts: NOW - 10,
          from: "unknown",
          to: "online",
          reason: "heard",
        },
        { subject: "device:town/h1", deviceId: device.id, ts: NOW, from: "online", to: "late", reason: "expected" },
      );
      batch.events.push(event);
      batch.transitions.push({
        eventId: event.id,
        revision: 1,
        ts: NOW,
        what: "open",
        who: "hub",
        severity: 2,
        note: "",
        evidence: null,
      });
      batch.outbox.push({ eventId: event.id, revision: 1, type: "gridhub.event.opened", target: "t", body: { a: 1 } });
      const hash = "0f".repeat(32);
      batch.detections.push({ deviceId: device.id, ts: NOW, model: "m", detections: [{ box: [1] }], mediaHash: hash });
      batch.media.push({ hash, bytes: 12_345, type: "image/jpeg", deviceId: device.id, ts: NOW });
      expect(await s.store.commit(batch)).toEqual({ telemetryInserted: 1 });

      const snapshot = await (await s.reopen()).loadSnapshot();
      expect(snapshot.edges).toContainEqual({ ...edge, tokenHash: Buffer.alloc(32, 7) });
      expect(snapshot.devices).toContainEqual(device);
      expect(snapshot.series).toContainEqual({ id: series, deviceId: device.id, metric: "pressure" });
      expect(snapshot.cursors).toContainEqual(batch.cursors[0]);
      expect(snapshot.foldState).toContainEqual(batch.foldState[0]);
      expect(snapshot.health).toContainEqual({
        subject: "device:town/h1",
        state: "late",
        reason: "expected",
        since: NOW,
      });
      expect(snapshot.openEvents).toContainEqual(event);
      expect(
        await sql("SELECT name, callsign, ship_type, length, formation_id FROM vessel WHERE mmsi = 412000001"),
      ).toEqual([{ name: "浙嵊渔 1", callsign: "BXYZ", ship_type: 30, length: 32.5, formation_id: "f1" }]);
      for (const table of ["raw_frame", "vessel_position", "health_change"]) {
        expect(await sql(`SELECT count(*)::int AS n FROM ${table}`), table).toEqual([{ n: 2 }]);
      }
      for (const table of ["event_transition", "outbox", "detection", "media"]) {
        expect(await sql(`SELECT count(*)::int AS n FROM ${table}`), table).toEqual([{ n: 1 }]);
      }
    });

    it("commits nothing when it has nothing", async () => {
      expect(await s.store.commit(emptyBatch(1))).toEqual({ telemetryInserted: 0 });
    });

    it("refuses what a column cannot hold, and stores nothing of that batch", async () => {
      const bad: ((batch: CommitBatch) => void)[] = [
        (b) => b.events.push(gridEvent({ severity: 9 as 1 })),
        (b) => b.events.push(gridEvent({ revision: 2 ** 40 })),
        (b) => b.events.push(gridEvent({ id: "not-a-uuid" })),
        (b) => b.outbox.push({ eventId: randomUUID(), revision: 1, type: "t", target: "t", body: {} }),
        (b) => b.text.push({ series: 1, time: Number.NaN, value: "x", quality: 0 }),
        (b) => b.positions.push(position({ mmsi: 1.5 })),
        (b) => b.positions.push(position({ lon: Number.NaN })),
        (b) => (b.telemetry.series[0] = 0),
        (b) => (b.telemetry.time[0] = Number.POSITIVE_INFINITY),
      ];
      for (const spoil of bad) {
        const batch = readings([[40, NOW, 1]]);
        batch.cursors.push({ edgeId: 40, boot: 1, upto: 1, above: [] });
        spoil(batch);
        const refusal = await s.store.commit(batch).then(String, (error: unknown) => error);
        expect(refusal, String(spoil)).toBeInstanceOf(RowRefused);
        expect((refusal as RowRefused).sqlState).toMatch(/^2[23]/);
      }
      expect(await count(40)).toBe(0);
      expect(await sql("SELECT FROM edge_cursor WHERE edge_id = 40")).toEqual([]);
      await s.store.commit(readings([[40, NOW, 1]]));
      expect(await count(40)).toBe(1);
    });

    it("refuses the commits that wait behind a failed one: their cursors may speak of what it lost", async () => {
      const bad = readings([[50, NOW, 1]]);
      bad.events.push(gridEvent({ severity: 0 as 1 }));
      const after = readings([[50, NOW + 1, 1]]);
      const results = await Promise.allSettled([
        s.store.commit(readings([[50, NOW - 1, 1]])),
        s.store.commit(bad),
        s.store.commit(after),
      ]);
      expect(results.map((r) => r.status)).toEqual(["fulfilled", "rejected", "rejected"]);
      expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(RowRefused);
      expect((results[2] as PromiseRejectedResult).reason).toMatchObject({ code: "DB_UNAVAILABLE" });
      expect((results[2] as PromiseRejectedResult).reason).toBeInstanceOf(HubError);
      expect(await count(50)).toBe(1);
    });

    it("never goes back: neither the revision of an event nor a cursor", async () => {
      const id = randomUUID();
      const batch = (revision: number, upto: number) => {
        const b = emptyBatch(1);
        b.events.push(gridEvent({ id, revision, occurrences: revision }));
        b.cursors.push({ edgeId: 60, boot: 1, upto, above: [] });
        return b;
      };
      const twice = batch(2, 20);
      twice.events.push(gridEvent({ id, revision: 3, occurrences: 3 }));
      twice.cursors.push({ edgeId: 60, boot: 1, upto: 30, above: [[40, 50]] });
      await s.store.commit(batch(1, 10));
      await s.store.commit(twice);
      await s.store.commit(batch(1, 10));
      expect(await sql("SELECT revision, occurrences FROM event WHERE id = $1", [id])).toEqual([
        { revision: 3, occurrences: 3 },
      ]);
      expect(await sql("SELECT upto::int AS upto, above FROM edge_cursor WHERE edge_id = 60")).toEqual([
        { upto: 30, above: [[40, 50]] },
      ]);
    });

    it("replaces and forgets fold state", async () => {
      const put = async (key: string, state: unknown) => {
        const batch = emptyBatch(1);
        batch.foldState.push({ room: "fleet", key, state: { old: true } }, { room: "fleet", key, state });
        await s.store.commit(batch);
      };
      await put("a", { x: "\0" });
      await put("b", [1]);
      await put("b", null);
      const { foldState } = await s.store.loadSnapshot();
      expect(foldState.filter((row) => row.room === "fleet")).toEqual([{ room: "fleet", key: "a", state: { x: "" } }]);
    });

    it("gives a series one number for good, in the order asked", async () => {
      const edge = await s.store.upsertEdge({ site: "town", name: "e2" });
      const device = await s.store.upsertDevice({
        site: "town",
        name: "d2",
        edgeId: edge.id,
        title: "",
        profile: "acme/h@1.0.0",
        lon: null,
        lat: null,
        gridId: "g9",
        attributes: {},
      });
      const want = (metric: string) => ({ deviceId: device.id, metric, unit: "1" });
      const [b, a, again] = await s.store.ensureSeries([want("b"), want("a"), want("b")]);
      expect(again).toBe(b);
      expect(await s.store.ensureSeries([want("a"), want("c"), want("b")])).toEqual([a, expect.any(Number), b]);
      expect(await s.store.ensureSeries([])).toEqual([]);
      await expect(s.store.ensureSeries([{ deviceId: 1e9, metric: "x", unit: "1" }])).rejects.toThrow(RowRefused);
    });

    it("updates an edge and a device in place", async () => {
      const made = await s.store.upsertEdge({ site: "town", name: "e3", title: "东" });
      const titled = await s.store.upsertEdge({ site: "town", name: "e3", tokenHash: Buffer.alloc(32, 1) });
      expect(titled).toEqual({ ...made, tokenHash: Buffer.alloc(32, 1) });
      const row = {
        site: "town",
        name: "d3",
        edgeId: made.id,
        title: "a",
        profile: "acme/h@1.0.0",
        lon: null,
        lat: null,
        gridId: null,
        attributes: { k: "\0" },
      };
      const device = await s.store.upsertDevice(row);
      const moved = await s.store.upsertDevice({ ...row, title: "b", lon: 1, lat: 2 });
      expect(moved).toEqual({ ...row, id: device.id, title: "b", lon: 1, lat: 2, attributes: { k: "" } });
      await expect(s.store.upsertDevice({ ...row, lon: 400, lat: 2 })).rejects.toThrow(RowRefused);
    });
  });
}
