import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen, type Scene, startScene } from "./api.testing.ts";
import type { AreaInfo, AreaPreview, GridDiff, GridReport, GridVersionInfo, MemberList, MembershipImported } from "./grid-schema.ts"; // prettier-ignore

let scene: Scene;
let admin: string;
let eastAdmin: string;
let viewer: string;
beforeAll(async () => {
  scene = await startScene();
  admin = await scene.account("chief", "admin");
  eastAdmin = await scene.account("east-admin", "admin", ["east"]);
  viewer = await scene.account("west-viewer", "viewer", ["west"]);
  await scene.edge("east", "edge1", ["d1", "d2", "d3"]);
});
afterAll(() => scene?.close());

const square = (x: number, y: number, size = 0.1) => ({
  type: "Polygon",
  coordinates: [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]], // prettier-ignore
});
const area = (more: object = {}) => ({ name: "禁航区", parent: "east", kind: "no_go", geometry: square(122.3, 30.2), ...more }); // prettier-ignore
type Changed = { area: AreaInfo; version: number };
const versionNow = async () => (await scene.call<{ active: number }>("GET", "/api/grids/versions?limit=1", { token: admin })).body.active; // prettier-ignore
const match = (tag: string | number) => ({ "if-match": `"${tag}"` });

describe("areas", () => {
  it("go from draft to force and back, each change a version with its author", async () => {
    const before = await versionNow();
    const made = await scene.call<Changed>("POST", "/api/areas", {
      token: eastAdmin,
      body: { id: "exercise", area: area({ hours: [{ from: "22:00", to: "05:00" }], gear: ["trawl"] }), state: "draft", note: "演习" }, // prettier-ignore
    });
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({ version: before, area: { state: "draft", area: null, holds: false } });
    expect(scene.context.grids().get("exercise")).toBeUndefined();

    const { etag } = made.body.area;
    const live = await scene.call<Changed>("POST", "/api/areas/exercise/activate", {
      token: eastAdmin,
      body: {},
      headers: match(etag),
    });
    expect(live.body.area).toMatchObject({ state: "active", draft: null, area: { kind: "no_go", gear: ["trawl"] } });
    expect(live.body.version).toBeGreaterThan(before);
    expect(scene.context.grids().locateArea(122.35, 30.25).gridId).toBe("exercise");

    const [line] = (await scene.call<{ items: GridVersionInfo[] }>("GET", "/api/grids/versions", { token: admin })).body
      .items;
    expect(line).toMatchObject({ what: "area", who: "east-admin", note: "演习", active: true, base: before });
    const { rows } = await scene.pool.query(
      "SELECT action, detail FROM audit WHERE target = 'area:exercise' ORDER BY seq",
    );
    expect(rows.map(({ action }) => action)).toEqual(["area_draft", "area_publish"]);
    expect(rows[1].detail).toMatchObject({ version: live.body.version, cells: 1 });

    const etag2 = live.body.area.etag;
    const moved = await scene.call<Changed>("PUT", "/api/areas/exercise", {
      token: eastAdmin,
      body: { area: area({ geometry: square(122.4, 30.2) }), state: "draft" },
      headers: match(etag2),
    });
    expect(moved.body.area).toMatchObject({ state: "changed" });
    const gone = await scene.call("DELETE", "/api/areas/exercise?what=draft", { token: eastAdmin, body: {}, headers: match(moved.body.area.etag) }); // prettier-ignore
    expect(gone.body).toMatchObject({ area: { state: "active" } });
    const removed = await scene.call<Changed>("DELETE", "/api/areas/exercise?note=over", { token: eastAdmin, body: {}, headers: match(etag2) }); // prettier-ignore
    expect(removed.body.area).toBeNull();
    expect(scene.context.grids().get("exercise")).toBeUndefined();
    // what happened on it keeps its place in the tree
    expect(scene.context.grids().path("exercise").map(({ id }) => id)).toEqual(["county", "east", "exercise"]); // prettier-ignore
  });

  it("says which field is wrong, and where on the map", async () => {
    const bowtie = { type: "Polygon", coordinates: [[[122.1, 30.1], [122.2, 30.2], [122.2, 30.1], [122.1, 30.2], [122.1, 30.1]]] }; // prettier-ignore
    const preview = await scene.call<AreaPreview>("POST", "/api/areas/preview", { token: eastAdmin, body: { area: area({ geometry: bowtie }) } }); // prettier-ignore
    const [problem] = preview.body.problems;
    expect(problem).toMatchObject({ code: "self_intersection" });
    expect([problem.lon, problem.lat]).toEqual([expect.closeTo(122.15, 6), expect.closeTo(30.15, 6)]);
    const post = (body: object) => scene.call("POST", "/api/areas", { token: eastAdmin, body: { area: area(body), state: "active" } }); // prettier-ignore
    expect((await post({ geometry: bowtie })).status).toBe(422);
    expect((await post({ kind: "speed_limit" })).body).toMatchObject({ code: "GRID_INVALID", problems: [{ field: "limitKn" }] }); // prettier-ignore
    expect((await post({ allow: ["nowhere"] })).body).toMatchObject({ problems: [{ field: "allow" }] });
    expect((await post({ validFrom: 5, validTo: 5 })).body).toMatchObject({ problems: [{ field: "validTo" }] });
    expect((await post({ hours: [{ from: "7", to: "8" }] })).status).toBe(400);
    const wide = { type: "Polygon", coordinates: [[[-179, 1], [179, 1], [179, 2], [-179, 2], [-179, 1]]] }; // prettier-ignore
    expect((await post({ geometry: wide })).body).toMatchObject({ problems: [{ code: "bad_geometry" }] });
  });

  it("keeps each administrator to his subtree, and two of them from overwriting each other", async () => {
    const west = { area: area({ parent: "west", geometry: square(123.3, 30.2) }), state: "active" };
    expect(await scene.refusal("POST", "/api/areas", { token: eastAdmin, body: west })).toBe("403 OUTSIDE_SCOPE");
    expect(await scene.refusal("POST", "/api/areas", { token: viewer, body: west })).toBe("403 FORBIDDEN");
    const made = await scene.call<Changed>("POST", "/api/areas", { token: admin, body: { ...west, id: "west-zone" } });
    expect(made.status).toBe(200);
    expect(await scene.refusal("GET", "/api/areas/west-zone", { token: eastAdmin })).toBe("404 NOT_FOUND");
    expect(await scene.refusal("DELETE", "/api/areas/west-zone", { token: eastAdmin, body: {}, headers: match(made.body.area.etag) })).toBe("404 NOT_FOUND"); // prettier-ignore
    const list = await scene.call<{ items: AreaInfo[] }>("GET", "/api/areas", { token: viewer });
    expect(list.body.items.map(({ id, mayEdit }) => [id, mayEdit])).toEqual([["west-zone", false]]);

    const put = (name: string, headers: Record<string, string>) =>
      scene.call<Changed & { code?: string }>("PUT", "/api/areas/west-zone", { token: admin, body: { area: { ...west.area, name }, state: "active" }, headers }); // prettier-ignore
    const tag = match(made.body.area.etag);
    const both = await Promise.all([put("one", tag), put("two", tag)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect((await put("three", {})).body.code).toBe("IF_MATCH_NEEDED");
    expect(await scene.refusal("POST", "/api/areas", { token: admin, body: { ...west, id: "west-zone" } })).toBe("409 ID_TAKEN"); // prettier-ignore
  });
});

// each import starts a thread that loads the room of grids: half a second, and ten times that on a busy machine
describe("versions", { timeout: 120_000 }, () => {
  const features = (...more: object[]) => ({ type: "FeatureCollection", features: more });
  const cell = (id: string, geometry: unknown, more: object = {}) => ({ type: "Feature", geometry, properties: { id, name: id, level: "micro_grid", category: "integrated", parent: "east-1", ...more } }); // prettier-ignore

  it("import with a dry run first, move devices at once, and go back", async () => {
    const before = await versionNow();
    const stream = await listen(scene, eastAdmin);
    const quay = features(cell("quay", square(122.49, 30.49, 0.014)));
    const body = { geojson: quay, mode: "merge", note: "码头" };
    const dry = await scene.call<{ version: null; diff: GridDiff }>("POST", "/api/grids/imports", { token: eastAdmin, body: { ...body, dry_run: true } }); // prettier-ignore
    expect(dry.body).toMatchObject({ version: null, diff: { counts: { added: 1, removed: 0, changed: 0 }, devices: { total: 1, items: [{ uid: "east/d1", from: "east-1", to: "quay" }] } } }); // prettier-ignore
    expect(await scene.refusal("POST", "/api/grids/imports", { token: eastAdmin, body })).toBe("428 IF_MATCH_NEEDED");
    expect(await scene.refusal("POST", "/api/grids/imports", { token: eastAdmin, body, headers: match(before - 1) })).toBe("412 CHANGED_MEANWHILE"); // prettier-ignore
    const done = await scene.call<{ version: number }>("POST", "/api/grids/imports", { token: eastAdmin, body, headers: match(before) }); // prettier-ignore
    expect(scene.registry.device("east/d1")?.gridId).toBe("quay");
    expect(scene.registry.device("east/d2")?.gridId).toBe("east-1");

    await stream.until("grids");
    expect(stream.of("grids")[0].data).toEqual({ version: done.body.version });
    stream.close();

    const version = await scene.call<{ diff: GridDiff }>("GET", `/api/grids/versions/${before}`, { token: eastAdmin });
    expect(version.body.diff.counts).toEqual({ added: 0, removed: 1, changed: 0 });
    const back = await scene.call("POST", `/api/grids/versions/${before}/activate`, { token: eastAdmin, body: { note: "回退" }, headers: match(done.body.version) }); // prettier-ignore
    expect(back.body).toMatchObject({ version: before, active: before });
    expect(scene.registry.device("east/d1")?.gridId).toBe("east-1");
    const again = await scene.call("POST", `/api/grids/versions/${done.body.version}/activate`, { token: eastAdmin, body: {}, headers: match(before) }); // prettier-ignore
    expect(again.status).toBe(200);
    expect(scene.registry.device("east/d1")?.gridId).toBe("quay");
  });

  it("refuse what is wrong with coordinates, and what lies elsewhere", async () => {
    const crossing = cell("east-x", square(122.2, 30.2, 0.2), { level: "grid", parent: "east" });
    const check = await scene.call<GridReport>("POST", "/api/grids/check", { token: admin, body: { geojson: features(crossing, cell("east-y", square(122.3, 30.3, 0.2), { level: "grid", parent: "east" })) } }); // prettier-ignore
    expect(check.body.problems.map(({ code }) => code)).toEqual(["orphan", "orphan", "overlap"]);
    expect(check.body.problems[2]).toMatchObject({ lon: expect.any(Number), lat: expect.any(Number) });
    const headers = match(await versionNow());
    const send = (token: string, ...cells: object[]) => scene.refusal("POST", "/api/grids/imports", { token, body: { geojson: features(...cells), mode: "merge" }, headers }); // prettier-ignore
    expect(await send(admin, crossing)).toBe("422 GRID_INVALID"); // it overlaps east-1
    expect(await send(eastAdmin, cell("west-2", square(123.2, 30.2), { parent: "west-1" }))).toBe("403 OUTSIDE_SCOPE");
    // the root of his account is not his own to change
    expect(await send(eastAdmin, cell("east", square(122, 30, 1), { name: "mine", level: "town", parent: "county" }))).toBe("403 OUTSIDE_SCOPE"); // prettier-ignore
    expect(await send(viewer)).toBe("403 FORBIDDEN");
    expect(await scene.refusal("GET", "/api/grids/versions", { token: viewer })).toBe("403 FORBIDDEN");
    expect(await scene.refusal("GET", "/api/grids/versions/99999", { token: admin })).toBe("404 NOT_FOUND");
  });

  it("convert GCJ-02 and are exported as they can be imported again", async () => {
    const headers = match(await versionNow());
    const shifted = features(cell("gcj", square(122.205, 30.605, 0.01)));
    const done = await scene.call<{ version: number }>("POST", "/api/grids/imports", { token: admin, body: { geojson: shifted, crs: "gcj02", mode: "merge" }, headers }); // prettier-ignore
    const set = scene.context.grids();
    const [lon, lat] = (set.get("gcj")?.geometry?.coordinates as number[][][])[0][0];
    expect(Math.abs(lon - 122.205) * 95_800).toBeGreaterThan(300);
    expect(Math.abs(lat - 30.605) * 111_000).toBeGreaterThan(150);
    const file = await scene.call("GET", `/api/grids/versions/${done.body.version}/geojson`, { token: admin });
    const same = await scene.call<{ version: null; diff: GridDiff }>("POST", "/api/grids/imports", { token: admin, body: { geojson: JSON.parse(String(file.body)) as object, dry_run: true } }); // prettier-ignore
    expect(same.body.diff).toMatchObject({ counts: { added: 0, removed: 0, changed: 0 }, devices: { total: 0 } });
  });
});

describe("memberships", () => {
  const url = "/api/formations/boats/members";
  const members = async (query = "") => (await scene.call<MemberList>("GET", url + query, { token: eastAdmin })).body;

  it("are imported with the line of every fault, dry or not, and exported the same", async () => {
    const csv =
      "mmsi,formation,from,to,name\n412000002,boats,2025-01-01,,浙嵊渔2\n12x,boats,,,\n412000003,nowhere,,,\n";
    const wrong = await scene.call<MembershipImported>("POST", "/api/memberships/import", { token: eastAdmin, body: { csv } }); // prettier-ignore
    expect(wrong.body.version).toBeNull();
    expect(wrong.body.problems.map(({ line, field }) => [line, field])).toEqual([[3, "mmsi"], [4, "formation"]]); // prettier-ignore
    const good = csv.split("\n").slice(0, 2).join("\n");
    const dry = await scene.call<MembershipImported>("POST", "/api/memberships/import", { token: eastAdmin, body: { csv: good, dry_run: true } }); // prettier-ignore
    expect(dry.body).toMatchObject({ version: null, problems: [], changes: { added: 1, removed: 0, changed: 0 } });
    expect((await members()).items).toHaveLength(1);
    const done = await scene.call<MembershipImported>("POST", "/api/memberships/import", { token: eastAdmin, body: { csv: good } }); // prettier-ignore
    expect(done.body.version).toBe(scene.context.grids().version);
    expect(scene.fleet.formationOf(412000002)).toBe("boats");
    expect((await members("?at=1000")).items.map(({ valid }) => valid)).toEqual([true, false]);
    const file = await scene.call<string>("GET", "/api/memberships.csv", { token: eastAdmin });
    expect(file.body).toContain("412000002,boats,2025-01-01T00:00:00.000Z,,浙嵊渔2,,");
    const same = await scene.call<MembershipImported>("POST", "/api/memberships/import", { token: eastAdmin, body: { csv: file.body, mode: "replace", dry_run: true } }); // prettier-ignore
    expect(same.body.changes).toEqual({ added: 0, removed: 0, changed: 0 });
    expect(await scene.refusal("POST", "/api/memberships/import", { token: viewer, body: { csv } })).toBe("403 FORBIDDEN"); // prettier-ignore
  });

  it("change one by one, with dates, and refuse who looked at an older state", async () => {
    const { etag } = await members();
    const add = (body: object, tag = etag) => scene.call<MemberList>("POST", url, { token: eastAdmin, body, headers: match(tag) }); // prettier-ignore
    const from = Date.parse("2026-01-01T00:00:00Z");
    expect((await add({ mmsi: 412000001 })).status).toBe(409);
    const added = await add({ mmsi: 412000009, from, gear: "gillnet" });
    expect(added.body.items.at(-1)).toMatchObject({ mmsi: 412000009, from, to: null, gear: "gillnet" });
    expect((await add({ mmsi: 412000010 })).status).toBe(412);
    const remove = (query: string, tag: string) => scene.call<MemberList>("DELETE", `${url}/412000009${query}`, { token: eastAdmin, body: {}, headers: match(tag) }); // prettier-ignore
    const ended = await remove(`?at=${from + 1000}`, added.body.etag);
    expect(ended.body.items.at(-1)).toMatchObject({ from, to: from + 1000, valid: false });
    const gone = await remove("", ended.body.etag);
    expect(gone.body.items.map(({ mmsi }) => mmsi)).not.toContain(412000009);
    expect((await remove("", gone.body.etag)).status).toBe(404);
    expect(await scene.refusal("GET", url, { token: viewer })).toBe("404 NOT_FOUND");
  });
});
