import { join } from "node:path";
import { loadProfiles } from "@gridhub/device-profiles/load.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import { silentLog } from "../log.ts";
import { openStore, type PostgresStore } from "../store/postgres.ts";
import { newToken, tokenMatches, hashToken } from "./credential.ts";
import { Registry } from "./registry.ts";

const { profiles } = loadProfiles([join(import.meta.dirname, "../../../device-profiles/profiles")]);
const locator = {
  locate: (lon: number) => ({ gridId: lon > 122 ? "east" : null }),
  get: (id: string) => (id === "east" || id === "west" ? {} : undefined),
};

describe("registry", () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let store: PostgresStore;
  let registry: Registry;
  const fresh = async (autoRegister = true): Promise<Registry> => {
    const made = new Registry({ store, profiles, locator, autoRegister, maxDevicesPerEdge: 3 });
    await made.load(await store.loadSnapshot());
    return made;
  };

  beforeEach(async () => {
    database = await testDatabase();
    store = await openStore({ connection: database.connection, log: silentLog });
    registry = await fresh();
  });
  afterEach(async () => {
    await store.close();
    await database.close();
  });

  const declare = (edge: string, devices: readonly object[]) =>
    registry.declare(registry.edge("town", edge)!, { agent: "test", devices: devices as never });

  it("knows an edge by its token, also after a restart, and a new token replaces the old one", async () => {
    const { token } = await registry.createEdge("town", "e");
    expect(registry.authenticate("town/e", token)).toEqual({ site: "town", edge: "e" });
    expect(registry.authenticate("town/e", newToken())).toBeNull();
    expect(registry.authenticate("town/other", token)).toBeNull();
    const again = await registry.createEdge("town", "e");
    expect(registry.authenticate("town/e", token)).toBeNull();
    expect((await fresh()).authenticate("town/e", again.token)).not.toBeNull();
  });

  it("keeps no token, only its hash", async () => {
    const token = newToken();
    expect(tokenMatches(token, hashToken(token))).toBe(true);
    expect(hashToken(token).toString("hex")).not.toContain(token);
  });

  it("registers what an edge declares, with series of all metrics and the grid of its position", async () => {
    await registry.createEdge("town", "e");
    const { changed, refused } = await declare("e", [
      { id: "g", profile: "generic/flood-gauge-json", lon: 122.5, lat: 30.7, attributes: { warning_level: 3 } },
    ]);
    expect(refused).toEqual([]);
    expect(changed.map((d) => d.uid)).toEqual(["town/g"]);
    const device = registry.device("town/g")!;
    expect(device.gridId).toBe("east");
    expect([...device.series].every((id) => id > 0)).toBe(true);
    const again = (await fresh()).device("town/g")!;
    expect([...again.series]).toEqual([...device.series]);
    expect(again.attributes).toEqual({ warning_level: 3 });
  });

  it("moves devices to other grids at once, but not those that are bound to one that stays", async () => {
    await registry.createEdge("town", "e");
    const at = { profile: "generic/flood-gauge-json", lon: 122.5, lat: 30.7 };
    await declare("e", [{ id: "free", ...at }, { id: "bound", ...at, grid: "west" }, { id: "nowhere", profile: at.profile }]); // prettier-ignore
    const other = { locate: () => ({ gridId: "new" }), get: (id: string) => (id === "west" ? {} : undefined) };
    expect(registry.relocate(other).map(({ name, gridId }) => [name, gridId])).toEqual([["free", "new"]]);
    // the grid that it is bound to is gone: where it stands, until that grid is back
    const without = { ...other, get: () => undefined };
    expect(registry.relocate(without).map(({ name, gridId }) => [name, gridId])).toEqual([["bound", "new"]]);
    await declare("e", [{ id: "free", ...at, title: "again" }]);
    expect(registry.device("town/free")?.gridId).toBe("new");
    registry.relocate(locator);
    const now = () => ["free", "bound", "nowhere"].map((name) => registry.device(`town/${name}`)?.gridId);
    expect(now()).toEqual(["east", "west", null]);
    await registry.load(await store.loadSnapshot());
    expect(now()).toEqual(["east", "west", null]);
  });

  it("asks the database once for a birth of any size, and not at all where nothing changed", async () => {
    const made = new Registry({ store, profiles, locator, autoRegister: true, maxDevicesPerEdge: 5000 });
    await made.load(await store.loadSnapshot());
    const { edge } = await made.createEdge("town", "big");
    const asked: string[] = [];
    const query = store.pool.query.bind(store.pool) as (...args: unknown[]) => Promise<unknown>;
    store.pool.query = ((...args: unknown[]) => {
      asked.push(String(args[0]));
      return query(...args);
    }) as never;
    const devices = Array.from({ length: 1000 }, (_, i) => ({
      id: `d${i}`,
      profile: i % 2 === 0 ? "generic/flood-gauge-json" : "generic/hydrant-tlv",
      title: `No. ${i}`,
      lon: 122.5,
      lat: 30.7,
    }));
    const birth = { agent: "test", devices: [...devices, { ...devices[3], title: "twice" }] };
    const { changed, refused } = await made.declare(edge, birth);
    expect(refused).toEqual([]);
    expect(changed).toHaveLength(1000);
    expect(asked).toHaveLength(1);
    expect(made.device("town/d3")?.title).toBe("twice");
    expect((await made.declare(edge, { agent: "test", devices })).changed).toEqual([]);
    expect(asked).toHaveLength(2); // the title is changed back
    await made.declare(edge, { agent: "test", devices });
    expect(asked).toHaveLength(2);
    const ids = new Set([...made.devices()].flatMap((device) => [...device.series]));
    expect(ids.has(0)).toBe(false);
    expect(ids.size).toBe([...made.devices()].reduce((n, device) => n + device.series.length, 0));
    const again = new Registry({ store, profiles, locator, autoRegister: true, maxDevicesPerEdge: 5000 });
    await again.load(await store.loadSnapshot());
    for (const device of made.devices()) expect([...again.device(device.uid)!.series]).toEqual([...device.series]);
  });

  it("keeps one object a device when it is declared again or reloaded", async () => {
    await registry.createEdge("town", "e");
    await declare("e", [{ id: "g", profile: "generic/flood-gauge-json" }]);
    const device = registry.device("town/g");
    const revisions = [registry.places.of("flood_gauge")];
    const moved = { id: "g", profile: "generic/flood-gauge-json", title: "Pier", lon: 122.4, lat: 30.7 };
    expect((await declare("e", [moved])).changed).toEqual([]);
    revisions.push(registry.places.of("flood_gauge"));
    await declare("e", [moved]);
    revisions.push(registry.places.of("flood_gauge"));
    // who indexes devices by place hears of a move, and of nothing else
    expect(revisions.map((n) => n - revisions[0])).toEqual([0, 1, 1]);
    await registry.load(await store.loadSnapshot());
    expect(registry.device("town/g")).toBe(device);
    expect(device?.title).toBe("Pier");
  });

  it.each([
    [{ id: "a/b", profile: "generic/flood-gauge-json" }, /not a name/],
    [{ id: "g", profile: "no/such" }, /no profile no\/such/],
    [{ id: "g", profile: 7 }, /profile must be text/],
    [{ id: "g", profile: "generic/flood-gauge-json", lon: 200, lat: 3 }, /lon must be degrees/],
    [{ id: "g", profile: "generic/flood-gauge-json", lon: 3 }, /lon and lat come together/],
    [{ id: "g", profile: "generic/flood-gauge-json", grid: "nowhere" }, /no grid nowhere/],
    [{ id: "g", profile: "generic/flood-gauge-json", attributes: { a: {} } }, /attribute a must be/],
  ])("refuses %j with a reason and registers the others", async (bad, reason) => {
    await registry.createEdge("town", "e");
    const { refused } = await declare("e", [bad, { id: "good", profile: "generic/flood-gauge-json" }]);
    expect(refused).toHaveLength(1);
    expect(refused[0].detail).toMatch(reason);
    expect(registry.device("town/good")).toBeDefined();
  });

  it("lets no edge take a device of another one", async () => {
    await registry.createEdge("town", "e");
    await registry.createEdge("town", "f");
    await declare("e", [{ id: "g", profile: "generic/flood-gauge-json" }]);
    const { refused } = await declare("f", [{ id: "g", profile: "generic/flood-gauge-json" }]);
    expect(refused[0]).toMatchObject({
      reason: "device_unknown",
      detail: expect.stringContaining("town/e") as unknown,
    });
    expect(registry.device("town/g")?.edge.name).toBe("e");
  });

  it("bounds the devices of an edge, and registers none where that is off", async () => {
    await registry.createEdge("town", "e");
    const many = ["a", "b", "c", "d"].map((id) => ({ id, profile: "generic/flood-gauge-json" }));
    expect((await declare("e", many)).refused[0].detail).toMatch(/at most 3/);
    expect(registry.size).toBe(3);
    registry = await fresh(false);
    expect((await declare("e", [{ id: "z", profile: "generic/flood-gauge-json" }])).refused[0].detail).toMatch(
      /auto_register is off/,
    );
  });

  it("registers one device by hand, with its series before it can be seen", async () => {
    registry = await fresh(false);
    const { edge } = await registry.createEdge("town", "e");
    const declared = { id: "g", profile: "generic/flood-gauge-json", lon: 122.5, lat: 30.7 };
    const device = await registry.adopt(edge, declared);
    expect(device).toBe(registry.device("town/g"));
    expect(await registry.adopt(edge, declared)).toBe(device);
    expect([...registry.device("town/g")!.series].every((id) => id > 0)).toBe(true);
    const { edge: other } = await registry.createEdge("town", "f");
    expect(await registry.adopt(other, declared)).toMatchObject({ reason: "device_unknown" });
    expect(await registry.adopt(edge, { id: "x", profile: "no/such" })).toMatchObject({ reason: "profile_unknown" });
    const tlv = { ...declared, profile: "generic/hydrant-tlv" };
    expect(await registry.adopt(edge, tlv)).toMatchObject({ reason: "device_unknown" });
    expect((await fresh(false)).device("town/g")?.profile.id).toBe(registry.device("town/g")?.profile.id);
  });

  it("moves devices to another version only once that is durable, all at one moment", async () => {
    await registry.createEdge("town", "e");
    await declare("e", [
      { id: "a", profile: "generic/flood-gauge-json" },
      { id: "b", profile: "generic/flood-gauge-json" },
    ]);
    const devices = ["a", "b"].map((id) => registry.device(`town/${id}`)!);
    const before = devices[0].profile;
    const next = { ...before, id: "generic/flood-gauge-json@9.0.0" };
    await expect(registry.rebind(devices, next, () => Promise.reject(new Error("not stored")))).rejects.toThrow();
    expect(devices.map(({ profile }) => profile)).toEqual([before, before]);
    await registry.rebind(devices, next, async () => {
      expect(devices.map(({ profile }) => profile)).toEqual([before, before]);
    });
    expect(devices.map(({ profile }) => profile)).toEqual([next, next]);
    expect(registry.boundTo(next.id)).toEqual(devices);
    expect([...devices[1].series].every((id) => id > 0)).toBe(true);
  });
});
