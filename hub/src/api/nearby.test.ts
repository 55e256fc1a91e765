import { topics } from "@gridhub/device-profiles/topic.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";
import { bearing } from "./nearby.ts";
import type { DeviceHealthReport, Nearby } from "./reports-schema.ts";

let scene: Scene;
let token: string;
let west: string;
let event: string;

beforeAll(async () => {
  scene = await startScene();
  token = await scene.account("viewer", "viewer");
  west = await scene.account("western", "viewer", ["west"]);
  await scene.edge("east", "e1", ["d1", "d2", "d3", "d4"]); // 0.01 degrees apart: 957 m
  await scene.edge("west", "w1", ["x1"]);
  await scene.find({ subject: "device:east/d1", lon: 122.5, lat: 30.5 });
  await scene.find({ subject: "device:east/d2", lon: 122.51, lat: 30.5, severity: 1 });
  const { rows } = await scene.pool.query<{ id: string }>("SELECT id FROM event WHERE subject = 'device:east/d1'");
  event = rows[0].id;
  const now = Date.now();
  for (let q = 0; q < 10; q++) {
    const record = { ts: now - (10 - q) * 60_000, m: { temperature: q === 3 ? 900 : 20, battery: 3.6 } };
    await scene.send(topics.telemetry("east", "e1", "d1"), JSON.stringify({ v: 1, b: 1, q: q + 1, r: [record] }));
  }
  const again = { v: 1, b: 1, q: 1, r: [{ ts: now, m: { temperature: 20 } }] };
  await scene.send(topics.telemetry("east", "e1", "d1"), JSON.stringify(again));
  await scene.store.flushLatest();
});
afterAll(() => scene?.close());

const get = async <T>(path: string, as = token) => {
  const { status, body } = await scene.call<T>("GET", path, { token: as });
  expect([path, status]).toEqual([path, 200]);
  return body;
};

describe("around an event", () => {
  it("lists devices, events and grids by distance, with the direction to look in", async () => {
    const near = await get<Nearby>(`/api/events/${event}/nearby?radius=2000`);
    expect(near.devices.map(({ key, metres, bearing }) => [key, metres, bearing])).toEqual([
      ["east/d1", 0, 0],
      ["east/d2", 958, 270],
      ["east/d3", 1916, 270],
    ]);
    expect(near.events.map(({ severity, metres }) => [severity, metres])).toEqual([[1, 958]]);
    expect(near.grids.map(({ key, metres }) => [key, metres])).toEqual([
      ["east-1", 0],
      ["east", 0],
    ]);
    expect(near).toMatchObject({ cameras: [], vessels: [], radius: 2000, lon: 122.5, lat: 30.5 });
  });

  it.each([
    ["radius=0", ["east/d1"]],
    ["radius=957", ["east/d1"]],
    ["radius=960", ["east/d1", "east/d2"]],
  ])("%s", async (query, expected) => {
    const near = await get<Nearby>(`/api/events/${event}/nearby?${query}`);
    expect(near.devices.map(({ key }) => key)).toEqual(expected);
  });

  it("sees a grid across the border, and nothing of it where it is not the account's", async () => {
    const at = "lon=122.995&lat=30.5&radius=1000";
    expect((await get<Nearby>(`/api/nearby?${at}`)).grids.map(({ key }) => key)).toEqual(["east-1", "east", "west-1", "west"]); // prettier-ignore
    expect((await get<Nearby>(`/api/nearby?${at}`, west)).grids.map(({ key }) => key)).toEqual(["west-1", "west"]);
    expect((await get<Nearby>("/api/nearby?lon=122.5&lat=30.5&radius=2000", west)).devices).toEqual([]);
  });

  it.each(["radius=-1", "radius=2001", "radius=far"])("refuses %s", async (query) => {
    expect(await scene.refusal("GET", `/api/events/${event}/nearby?${query}`, { token })).toBe("400 INVALID");
  });

  it("says nothing of another's event", async () => {
    expect(await scene.refusal("GET", `/api/events/${event}/nearby`, { token: west })).toBe("404 NOT_FOUND");
  });

  it.each([
    [0, 1, 0],
    [1, 0, 90],
    [0, -1, 180],
    [-1, 0, 270],
    [-0.00001, 1, 0],
  ])("bearing to %d, %d is %d", (lon, lat, degrees) => {
    expect(bearing(0, 0, lon, lat)).toBe(degrees);
  });
});

describe("the depth of a device's health", () => {
  it("tells what its readings are worth", async () => {
    const report = await get<DeviceHealthReport>("/api/devices/east/d1/health");
    const of = (metric: string) => report.metrics.find((row) => row.metric === metric);
    expect(of("temperature")).toMatchObject({ readings: 10, outOfRange: 1, invalid: 0 });
    expect(of("battery")).toMatchObject({ readings: 10, outOfRange: 0 });
    expect(report.metrics.some((row) => row.readings === 0 && row.last === null)).toBe(true); // no data of that metric
    expect(report.battery).toMatchObject({ value: 3.6, state: "unknown" });
    expect(report.duplicates).toBe(1);
    expect(report.availability).toMatchObject({ key: "east/d1", outages: 0 });
    expect(report.frames).toBeNull();
  });

  it("is kept within the account's grids", async () => {
    expect(await scene.refusal("GET", "/api/devices/east/d1/health", { token: west })).toBe("404 NOT_FOUND");
  });
});
