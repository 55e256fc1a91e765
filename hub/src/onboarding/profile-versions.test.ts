import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import type { Device } from "../device.ts";
import { silentLog } from "../log.ts";
import { Registry } from "../registry/registry.ts";
import { emptyBatch } from "../store/batch.ts";
import { openStore, type PostgresStore } from "../store/postgres.ts";
import { lowPressure } from "./probe.testing.ts";
import { ProfileLibrary } from "./profile-library.ts";
import { ProfileSources } from "./profile-sources.ts";
import { ProfileVersions } from "./profile-versions.ts";

const A = "acme/probe@1.0.0";
const B = "acme/probe@1.1.0";
const C = "acme/probe@1.2.0";

let database: Awaited<ReturnType<typeof testDatabase>>;
let store: PostgresStore;
let dir: string;
let hub: Awaited<ReturnType<typeof start>>;
let used: string[];

function text(version: string, scale = 1): string {
  const codec = `codec: {fixed: {endian: be, frame: {short: reject}, fields: [{n: pressure, at: 0, t: u16, scale: ${scale}, unit: MPa}]}}`;
  return `profile: v1\nid: acme/probe@${version}\nkind: hydrant\ntitle: {zh: 探头, en: Probe}\ntransport: {uplink: raw, expect_every: 1h}\n${codec}\nvectors: [{hex: "0000", out: {pressure: 0}}]\n`;
}
const write = (version: string, scale = 1) => writeFileSync(join(dir, `${version}.yaml`), text(version, scale));

/** What of the hub has to do with versions, on the database as it is. */
async function start() {
  const sources = new ProfileSources({ pool: store.pool, clock: Date.now, log: silentLog });
  await sources.load();
  const library: ProfileLibrary = new ProfileLibrary({
    paths: [dir],
    watched: [],
    log: silentLog,
    inUse: (id) => registry.boundTo(id).length > 0,
    sources,
  });
  const registry: Registry = new Registry({
    store,
    profiles: library,
    locator: { locate: () => ({ gridId: null }), get: () => ({}) },
    autoRegister: true,
    maxDevicesPerEdge: 100,
    onUse: (id) => {
      used.push(id);
      sources.used(id);
    },
    onBound: (device) => void used.push(`bound ${device.name}`),
  });
  library.start();
  const versions = new ProfileVersions({
    pool: store.pool,
    profiles: library,
    registry,
    sources,
    fresh: { rules: lowPressure },
  });
  await versions.start();
  await registry.load(await store.loadSnapshot());
  return { sources, library, registry, versions };
}

async function restart(): Promise<void> {
  await hub.sources.flush();
  await hub.sources.close();
  hub.library.close();
  hub = await start();
}

async function adopt(id: string, profile: string): Promise<Device> {
  const edge = hub.registry.edge("town", "gw");
  const device = await hub.registry.adopt(edge!, { id, profile });
  if (isRejection(device)) throw new Error(device.detail);
  return device;
}
const states = () => hub.versions.list("acme/probe").map(({ id, state, devices }) => [id, state, devices]);
const promote = (from: string, to: string, only?: Device[]) => hub.versions.promote(from, to, "integrator", only);

beforeEach(async () => {
  used = [];
  dir = mkdtempSync(join(tmpdir(), "gridhub-versions-"));
  database = await testDatabase();
  store = await openStore({ connection: database.connection, log: silentLog });
  write("1.0.0");
  hub = await start();
  await hub.registry.createEdge("town", "gw");
});
afterEach(async () => {
  await hub.sources.close();
  hub.library.close();
  await store.close();
  await database.close();
  rmSync(dir, { recursive: true, force: true });
});

it("gives a new device the newest version while none was used, and afterwards the promoted one", async () => {
  write("1.1.0", 2);
  hub.library.reload();
  expect(hub.library.inForce("acme/probe")?.id).toBe(B);
  const first = await adopt("h1", "acme/probe");
  expect(first.profile.id).toBe(B);
  write("1.2.0", 3);
  hub.library.reload();
  expect(states()).toEqual([
    [C, "file", 0],
    [B, "promoted", 1],
    [A, "file", 0],
  ]);
  expect((await adopt("h2", "acme/probe")).profile.id).toBe(B);
  expect((await adopt("h3", C)).profile.id).toBe(C); // a pin is a pin
  await restart();
  expect((await adopt("h4", "acme/probe")).profile.id).toBe(B);
  expect(states()).toEqual([
    [C, "retired", 1],
    [B, "promoted", 3],
    [A, "file", 0],
  ]);
  expect([...hub.library.offered()].map(({ id }) => id)).toEqual([B]);
});

it("promotes and rolls back, also after a restart and without the file", async () => {
  const h1 = await adopt("h1", A);
  await adopt("h2", A);
  write("1.1.0", 2);
  hub.library.reload();
  used.length = 0;
  expect(await promote(A, B)).toEqual({ from: A, to: B, devices: ["town/h1", "town/h2"] });
  expect(used).toEqual([B, "bound h1", "bound h2"]);
  expect(h1.series[0]).toBeGreaterThan(0);
  expect(states()).toEqual([
    [B, "promoted", 2],
    [A, "retired", 0],
  ]);
  unlinkSync(join(dir, "1.0.0.yaml"));
  unlinkSync(join(dir, "1.1.0.yaml"));
  await restart();
  expect(states()).toEqual([
    [B, "promoted", 2],
    [A, "retired", 0],
  ]);
  expect(hub.library.get(B)?.id).toBe(B);
  const edge = hub.registry.edge("town", "gw")!;
  // its edge still names the version from before
  await hub.registry.declare(edge, { agent: "test", devices: [{ id: "h1", profile: A }] });
  expect(hub.registry.device("town/h1")?.profile.id).toBe(B);
  expect(await hub.versions.rollback(B)).toEqual({ from: B, to: A, devices: ["town/h1", "town/h2"] });
  expect(states()).toEqual([
    [B, "retired", 0],
    [A, "promoted", 2],
  ]);
  expect((await adopt("h3", "acme/probe")).profile.id).toBe(A);
  expect(await hub.versions.rollback(B)).toMatchObject({ problem: "nothing" });
  await restart();
  expect(states()).toEqual([
    [B, "retired", 0],
    [A, "promoted", 3],
  ]);
});

it("moves named devices alone: new ones take what they took", async () => {
  const h1 = await adopt("h1", A);
  await adopt("h2", A);
  write("1.1.0", 2);
  hub.library.reload();
  expect(await promote(A, B, [h1])).toEqual({ from: A, to: B, devices: ["town/h1"] });
  expect((await adopt("h3", "acme/probe")).profile.id).toBe(A);
  expect(states()).toEqual([
    [B, "retired", 1],
    [A, "promoted", 2],
  ]);
  expect(await hub.versions.rollback(B)).toMatchObject({ devices: ["town/h1"] });
  expect(states()[1]).toEqual([A, "promoted", 3]);
  expect(await promote(A, "acme/other@1.0.0")).toMatchObject({ problem: "unknown" });
  expect(await promote(A, A)).toMatchObject({ problem: "same" });
});

it("keeps what a version said once it was used, whatever its file says later, and tells", async () => {
  await adopt("h1", A);
  const before = hub.library.get(A);
  write("1.0.0", 50);
  expect(hub.library.reload().problems[0].message).toContain("raise the version");
  expect(hub.library.get(A)).toBe(before);
  await restart();
  expect(hub.library.problems.map(({ message }) => message)).toEqual([
    `${A} changed while devices use it and stays as it was; raise the version`,
  ]);
  expect(hub.sources.get(A)?.text).toBe(text("1.0.0"));
  // comments and layout are not what it says
  writeFileSync(join(dir, "1.0.0.yaml"), `# the maker's first edition\n${text("1.0.0")}`);
  expect(hub.library.reload().problems).toEqual([]);
});

it("takes a version that comes by no file, for good, and refuses another text under its name", async () => {
  expect(hub.library.upload("profile: v1\nid: [", "integrator")).toMatchObject({ id: null, problems: [{ line: 2 }] });
  expect(hub.library.upload(text("1.0.0", 9), "integrator").problems.at(-1)?.message).toContain(
    "is already defined in",
  );
  expect(hub.library.upload(text("1.1.0", 5), "integrator")).toEqual({ id: B, problems: [] });
  expect(hub.library.upload(text("1.1.0", 2), "integrator").id).toBe(B); // nobody used it yet
  hub.library.reload();
  await restart();
  expect(hub.sources.get(B)).toMatchObject({ origin: "api", addedBy: "integrator", text: text("1.1.0", 2) });
  const { profile } = await adopt("h1", B);
  const { RecordBuffer } = await import("@gridhub/device-profiles/reading.ts");
  const out = new RecordBuffer();
  expect(profile.decodeFrame(Buffer.from("0003", "hex"), 0, out)).toBeNull();
  expect(out.num[0]).toBe(6);
  expect(hub.library.upload(text("1.1.0", 7), "integrator").problems.at(-1)?.message).toContain("is in use");
});

it("tries a version in the shadow without using it", async () => {
  const device = await adopt("h1", A);
  write("1.1.0", 0.01);
  hub.library.reload();
  const batch = emptyBatch(1);
  const frame = { edgeId: device.edge.id, boot: null, seq: null, part: 0, deviceId: device.id, port: 0 };
  const now = Date.now();
  batch.rawFrames.push({ ...frame, ts: now, rx: now, payload: Buffer.from("0003", "hex") });
  await store.commit(batch);
  const report = await hub.versions.shadow(A, B, 100);
  expect(report).toMatchObject({
    frames: 1,
    metrics: [{ metric: "pressure", changed: 1, examples: [{ from: 3, to: 0.03 }] }],
    alarms: [{ kind: "hydrant.low_pressure", from: 0, to: 1, gained: 1 }],
  });
  expect(states()[0]).toEqual([B, "shadow", 0]);
});
