import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { emptyBatch, type VesselPositionRow } from "../store/batch.ts";
import { listen, type Scene, startScene } from "./api.testing.ts";

let scene: Scene;
let token: string;
beforeEach(async () => {
  scene = await startScene({ maxStreams: 2 });
  token = await scene.account("viewer", "viewer");
  await scene.edge("east", "e1", ["d1"]);
});
afterEach(() => scene?.close());

function positions(rows: readonly (readonly [mmsi: number, ts: number, lon: number])[]) {
  const batch = emptyBatch(1);
  for (const [mmsi, ts, lon] of rows) {
    const row: VesselPositionRow = {
      ...{ mmsi, ts, lon, lat: 30.25, sog: 4.2, cog: 87, heading: null, status: null, type: 1 },
      ...{ gridId: null, deviceId: 1, plausible: true },
    };
    batch.positions.push(row);
  }
  return batch;
}

describe("the stream", () => {
  it("greets, and tells what was committed", async () => {
    const reader = await listen(scene, token);
    expect(reader.response.headers.get("content-type")).toContain("text/event-stream");
    expect(reader.response.headers.get("content-security-policy")).toContain("default-src 'self'");
    await reader.until("hello");
    await scene.find({ subject: "device:east/d1" });
    await scene.find({ subject: "device:east/d1", phase: "clear" });
    await reader.until("event", 2);
    expect(reader.frames[0]).toMatchObject({ event: "hello", data: { version: "0.1.0" } });
    expect(reader.of("event").map(({ data }) => [data.sensing, data.titleZh])).toEqual([
      ["active", "过热"],
      ["cleared", "过热"],
    ]);
    const ids = reader.frames.map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    reader.close();
  });

  it("gathers what moved and sends the newest position once a second", async () => {
    const reader = await listen(scene, token);
    await reader.until("hello");
    const now = Date.now();
    const tell = (rows: Parameters<typeof positions>[0]) => scene.api.observer.committed(positions(rows), [], now, []);
    tell([
      [412000001, now - 2000, 122.1],
      [412000002, now, 123.1],
    ]);
    tell([[412000001, now - 1000, 122.2]]);
    await reader.until("positions");
    expect(reader.of("positions")).toHaveLength(1);
    expect(reader.of("positions")[0].data).toEqual({
      ts: expect.any(Number),
      v: [
        [412000001, 122.2, 30.25, 87, 4.2],
        [412000002, 123.1, 30.25, 87, 4.2],
      ],
    });
    const scoped = await scene.account("east", "viewer", ["east"]);
    const resumed = await listen(scene, scoped, String(Number(reader.of("positions")[0].id) - 1));
    await resumed.until("positions");
    expect(resumed.of("positions")[0].data.v).toEqual([[412000001, 122.2, 30.25, 87, 4.2]]);
    resumed.close();
    reader.close();
  });

  it("goes on where a client stopped, without a gap and without a repeat", async () => {
    const first = await listen(scene, token);
    await first.until("hello");
    await scene.find({ subject: "device:east/d1", kind: "bench.one" });
    await first.until("event");
    const lastId = first.of("event")[0].id;
    first.close();
    await scene.find({ subject: "device:east/d1", kind: "bench.two" });
    await scene.find({ subject: "device:east/d1", kind: "bench.three" });
    const second = await listen(scene, token, lastId);
    await second.until("event", 2);
    await scene.find({ subject: "device:east/d1", kind: "bench.four" });
    await second.until("event", 3);
    expect(second.of("event").map(({ data }) => data.kind)).toEqual(["bench.two", "bench.three", "bench.four"]);
    expect(second.of("hello").length + second.of("reset").length).toBe(0);
    second.close();
  });

  it.each(["1", "99999999999999999999", "nonsense", "-5"])("asks to load again after the unknown id %s", async (id) => {
    const reader = await listen(scene, token, id);
    await reader.until("reset");
    expect(reader.frames.slice(0, 2).map(({ event }) => event)).toEqual(["hello", "reset"]);
    reader.close();
  });

  it("asks to load again when too much was missed", async () => {
    const reader = await listen(scene, token);
    await reader.until("hello");
    const lastId = reader.frames[0].id;
    reader.close();
    const batch = emptyBatch(1);
    for (let i = 0; i < 2100; i++) {
      const change = {
        subject: "device:east/d1",
        deviceId: 1,
        ts: i,
        from: "late",
        to: "online",
        reason: "heard",
      } as const;
      batch.health.push(change);
    }
    scene.api.observer.committed(batch, [], Date.now(), []);
    const again = await listen(scene, token, lastId);
    await again.until("reset");
    expect(again.of("health")).toEqual([]);
    again.close();
  });

  it("drops a client that does not read, and nobody else notices", async () => {
    const { hostname, port } = new URL(scene.address);
    const frozen = connect(Number(port), hostname);
    frozen.on("error", () => {});
    frozen.pause();
    frozen.write(`GET /api/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    const reader = await listen(scene, token);
    await reader.until("hello");
    const metric = async () => (await scene.call<string>("GET", "/metrics")).body;
    await vi.waitFor(async () => expect(await metric()).toContain("gridhub_sse_clients 2"));
    const batch = emptyBatch(1);
    const reason = "x".repeat(100_000);
    batch.health.push({ subject: "edge:east/e1", deviceId: null, ts: 1, from: "late", to: "online", reason });
    // socket buffers of the system take some megabytes before anything waits in the hub; the one who reads is given time to
    await vi.waitFor(
      async () => {
        scene.api.observer.committed(batch, [], Date.now(), []);
        expect(await metric()).toContain("gridhub_sse_dropped_total 1");
      },
      { timeout: 20_000, interval: 1 },
    );
    expect(await metric()).toContain("gridhub_sse_clients 1");
    await scene.find({ subject: "device:east/d1", kind: "bench.after" });
    await reader.until("event");
    reader.close();
    frozen.destroy();
  });

  it("is bounded in clients, and needs a session", async () => {
    const readers = [await listen(scene, token), await listen(scene, token)];
    await Promise.all(readers.map((reader) => reader.until("hello")));
    expect(await scene.refusal("GET", "/api/stream", { token })).toBe("503 STREAM_FULL");
    readers[0].close();
    await vi.waitFor(async () => {
      const reader = await listen(scene, token);
      reader.close();
      expect(reader.response.status).toBe(200);
    });
    readers[1].close();
    expect(await scene.refusal("GET", "/api/stream")).toBe("401 UNAUTHENTICATED");
  });

  it("sends statistics by itself", async () => {
    const reader = await listen(scene, token);
    await reader.until("stats");
    expect(reader.of("stats")[0].data).toMatchObject({
      rate: expect.any(Number),
      devices: 1,
      health: { unknown: 1 },
      active: { "1": 0 },
    });
    reader.close();
  });

  it("ends with the hub", async () => {
    const reader = await listen(scene, token);
    await reader.until("hello");
    await scene.api.close();
    await vi.waitFor(() => expect(reader.ended).toBe(true));
  });
});
