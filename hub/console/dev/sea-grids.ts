import { createHash } from "node:crypto";
import type { AreaInfo, AreaPreview, GridDiff, GridVersionInfo, MemberList } from "../../src/api/grid-schema.ts";
import type { User } from "../../src/api/schema.ts";
import type { World } from "./world.ts";

// Areas, memberships and versions of the grids, as the hub answers, over the invented fleet.

type Answer = [status: number, body: unknown];
type Body = NonNullable<AreaInfo["area"]>;
type Member = MemberList["items"][number];
const DAY = 86_400_000;
const fail = (status: number, code: string, message: string, more: object = {}): Answer => [status, { code, message, ...more }]; // prettier-ignore
const etagOf = (x: unknown) => createHash("sha1").update(JSON.stringify(x)).digest("hex").slice(0, 12);
const NO_DIFF: GridDiff = {
  counts: { added: 0, removed: 0, changed: 0 },
  changes: [],
  devices: { total: 0, items: [] },
};

/** @param tell announces the version in force to the stream */
export function makeSeaGrids(world: World, started: number, tell: (version: number) => void) {
  const box = (lon: number, lat: number, w: number, h: number) => ({ type: "Polygon" as const, coordinates: [[[lon, lat], [lon + w, lat], [lon + w, lat - h], [lon, lat - h], [lon, lat]]] }); // prettier-ignore
  interface Kept {
    id: string;
    area: Body | null;
    draft: AreaInfo["draft"];
  }
  const kept = new Map<string, Kept>();
  const add = (id: string, area: Body | null, draft: Body | null = null) =>
    kept.set(id, {
      id,
      area,
      draft: draft === null ? null : { area: draft, who: "admin", at: started - DAY, note: "" },
    });
  for (const g of world.grids.filter(({ level }) => level === "area"))
    add(g.id, { name: g.name, parent: g.parent ?? "", kind: "aquaculture", geometry: g.geometry, transitKn: 4, allow: ["m-006"] }); // prettier-ignore
  add("n-1", { name: "军事禁航区 东段", parent: "330922", kind: "no_go", geometry: box(122.42, 30.86, 0.09, 0.05), toleranceM: 200 }); // prettier-ignore
  const season: Body = { name: "马鞍列岛伏季休渔", parent: "330922", kind: "closed_season", geometry: box(122.6, 30.62, 0.16, 0.08), gear: ["trawl", "stow_net"], dates: [{ from: "05-01", to: "09-16" }], transitKn: 4 }; // prettier-ignore
  add("s-1", season, { ...season, gear: ["trawl"], geometry: box(122.58, 30.64, 0.2, 0.1) });
  add("v-1", { name: "泗礁水道限速", parent: "330922", kind: "speed_limit", geometry: box(122.3, 30.78, 0.1, 0.05), limitKn: 8, weekdays: [1, 2, 3, 4, 5], hours: [{ from: "06:00", to: "20:00" }] }); // prettier-ignore
  add("d-1", null, {
    name: "新航道警戒区",
    parent: "330922100",
    kind: "no_go",
    geometry: box(122.2, 30.6, 0.06, 0.04),
  });

  const members = new Map<string, Member[]>();
  const membersOf = (id: string) => {
    if (!members.has(id)) {
      const boats = world.vessels.filter((v) => v.formationId === id);
      members.set(id, boats.map(({ mmsi, name }, i) => ({ mmsi, name, role: i === 0 ? "lead" : "", gear: "trawl", from: i === 1 ? started - 90 * DAY : null, to: null, valid: true }))); // prettier-ignore
    }
    return members.get(id) ?? [];
  };
  const versions: GridVersionInfo[] = [];
  let active = 0;
  const publish = (what: string, who: string, note: string, inForce = true): number => {
    const version = versions.length + 1;
    const now = version < 5 ? started - (5 - version) * 3 * DAY : Date.now();
    const live = inForce ? { activatedAt: now, activatedBy: who, activationNote: note } : { activatedAt: null, activatedBy: null, activationNote: null }; // prettier-ignore
    versions.push({ version, active: false, base: version === 1 ? null : version - 1, what, who, note, grids: world.grids.length + version, madeAt: now, ...live }); // prettier-ignore
    if (inForce) active = version;
    if (inForce && version > 4) tell(version);
    return version;
  };
  publish("file", "hub", "");
  publish("import", "admin", "2026 年网格调整");
  publish("area", "admin", "养殖区 A3 外扩");
  publish("members", "admin", "", false);

  function inside(body: Body): Set<number> {
    const polygons = (body.geometry.type === "Polygon" ? [body.geometry.coordinates] : body.geometry.coordinates) as number[][][][]; // prettier-ignore
    const within = (x: number, y: number, ring: number[][]) => {
      let odd = false;
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [[ax, ay], [bx, by]] = [ring[i], ring[j]] as [[number, number], [number, number]];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
      }
      return odd;
    };
    const hit = world.vessels.filter((v) => polygons.some((rings) => rings.filter((ring) => within(v.lon, v.lat, ring)).length % 2 === 1)); // prettier-ignore
    return new Set(hit.map(({ mmsi }) => mmsi));
  }
  const infoOf = (k: Kept, user: User): AreaInfo => {
    const parent = (k.draft?.area ?? k.area)?.parent ?? "";
    return {
      ...k,
      state: k.draft === null ? "active" : k.area === null ? "draft" : "changed",
      etag: etagOf([k.area, k.draft]),
      parentName: world.grids.find((g) => g.id === parent)?.name ?? parent,
      holds: k.area !== null && k.area.kind !== "ground" && k.area.kind !== "closed_season",
      vessels: k.area === null ? 0 : inside(k.area).size,
      mayEdit: user.role === "admin",
    };
  };

  function areas(
    method: string,
    parts: readonly string[],
    body: Record<string, unknown>,
    user: User,
    etag: string,
    q: URLSearchParams,
  ): Answer {
    // prettier-ignore
    const [, id] = parts;
    if (method === "GET") return [200, { version: active, items: [...kept.values()].map((k) => infoOf(k, user)) }];
    if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
    if (method === "POST" && id === "preview") return [200, preview(body.area as Body, body.id as string | undefined)];
    const known = kept.get(id ?? "");
    if (method !== "POST" && known === undefined) return fail(404, "NOT_FOUND", "no such area");
    if (known !== undefined && etag !== infoOf(known, user).etag) return fail(412, "CHANGED_MEANWHILE", "somebody changed it"); // prettier-ignore
    const name = id ?? `area-${kept.size + 1}`;
    if (method === "DELETE") {
      if (q.get("what") === "draft") {
        if (known!.area === null) kept.delete(name);
        else known!.draft = null;
      } else {
        kept.delete(name);
        publish("area", user.username, q.get("note") ?? "");
      }
    } else if (body.state === "draft")
      kept.set(name, { id: name, area: known?.area ?? null, draft: { area: body.area as Body, who: user.username, at: Date.now(), note: String(body.note ?? "") } }); // prettier-ignore
    else {
      kept.set(name, { id: name, area: body.area as Body, draft: null });
      publish("area", user.username, String(body.note ?? ""));
    }
    const now = kept.get(name);
    return [200, { area: now === undefined ? null : infoOf(now, user), version: active }];
  }

  function preview(area: Body, id: string | undefined): AreaPreview {
    const before = kept.get(id ?? "")?.area;
    const was = before == null ? new Set<number>() : inside(before);
    const now = inside(area);
    const vessels = world.vessels.filter(({ mmsi }) => now.has(mmsi)).map(({ mmsi, name, formationId, lon, lat, ts }) => ({ mmsi, name, formationId, lon, lat, ts, wasInside: was.has(mmsi) })); // prettier-ignore
    return { problems: [], squareMetres: 9.4e6, holds: area.dates === undefined, total: now.size, vessels, leaves: [...was].filter((m) => !now.has(m)).length }; // prettier-ignore
  }

  function memberList(id: string, at: number, user: User): Answer {
    const grid = world.grids.find((g) => g.id === id && g.level === "formation");
    if (grid === undefined) return fail(404, "NOT_FOUND", "no such formation");
    const items = membersOf(id).map((m) => ({ ...m, valid: (m.from ?? 0) <= at && at < (m.to ?? Infinity) }));
    const list: MemberList = { formation: id, name: grid.name, etag: etagOf(membersOf(id)), version: active, at, mayEdit: user.role === "admin", items }; // prettier-ignore
    return [200, list];
  }

  function formation(
    method: string,
    parts: readonly string[],
    body: Record<string, unknown>,
    user: User,
    etag: string,
    q: URLSearchParams,
  ): Answer {
    // prettier-ignore
    const [, id = "", , mmsi] = parts;
    const own = membersOf(id);
    if (method !== "GET") {
      if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
      if (etag !== etagOf(own)) return fail(412, "CHANGED_MEANWHILE", "somebody changed it");
      if (method === "POST") {
        const other = world.vessels.find((v) => v.mmsi === body.mmsi && v.formationId !== null && v.formationId !== id);
        if (other !== undefined && body.move !== true) return fail(409, "ELSEWHERE", `in ${other.formationId}`);
        own.push({ name: "", role: "", gear: null, from: null, to: null, valid: true, ...body } as Member);
      } else {
        const i = own.findIndex((m) => m.mmsi === Number(mmsi));
        if (q.has("at") && own[i] !== undefined) own[i] = { ...own[i], to: Number(q.get("at")) };
        else own.splice(i, 1);
      }
      publish("members", user.username, "");
    }
    return memberList(id, Number(q.get("at") ?? Date.now()), user);
  }

  function importMembers(body: Record<string, unknown>, user: User, etag: string): Answer {
    if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
    if (body.dry_run !== true && etag !== String(active)) return fail(412, "CHANGED_MEANWHILE", "another version");
    const rows = String(body.csv).trim().split(/\r?\n/u).map((line) => line.split(",")); // prettier-ignore
    const problems = rows.slice(1).flatMap((row, i) => [
      ...(/^\d{9}$/u.test(row[0] ?? "") ? [] : [{ line: i + 2, field: "mmsi", code: "bad_field", expected: "expected nine digits" }]),
      ...(world.grids.some((g) => g.id === row[1]) ? [] : [{ line: i + 2, field: "formation", code: "orphan", expected: `expected a formation; there is no "${row[1]}"` }]),
    ]); // prettier-ignore
    const done = body.dry_run !== true && problems.length === 0;
    const changes = { added: 1, removed: 0, changed: Math.max(0, rows.length - 2) };
    return [200, { lines: rows.length - 1 - new Set(problems.map((p) => p.line)).size, version: done ? publish("members", user.username, "") : null, active, changes, problems }]; // prettier-ignore
  }

  function diffTo(n: number): GridDiff {
    if (n === active) return NO_DIFF;
    const cells = world.grids.filter(({ level }) => level === "grid").slice(n, n + 3);
    const changes = cells.map(({ id, name, level }, i) => ({ change: (["changed", "removed", "added"] as const)[i]!, id, name, level, fields: i === 0 ? ["geometry", "name"] : [], areaBefore: i === 2 ? null : 812_000, areaAfter: i === 1 ? null : 790_400 })); // prettier-ignore
    const devices = world.devices.filter((d) => cells.some((c) => c.id === d.gridId)).slice(0, 6);
    return { counts: { added: 1, removed: 1, changed: 1 }, changes, devices: { total: devices.length, items: devices.map(({ uid, gridId }) => ({ uid, from: gridId, to: cells[0]?.id ?? null })) } }; // prettier-ignore
  }

  function grids(
    method: string,
    parts: readonly string[],
    body: Record<string, unknown>,
    user: User,
    etag: string,
  ): Answer {
    // prettier-ignore
    const [, room, n, verb] = parts;
    const shown = (v: GridVersionInfo) => ({ ...v, active: v.version === active });
    if (user.role === "viewer") return fail(403, "FORBIDDEN", "operators only");
    if (method === "GET") {
      if (n === undefined) return [200, { active, items: versions.toReversed().map(shown), next: null }];
      const found = versions.find((v) => v.version === Number(n));
      return found === undefined ? fail(404, "NOT_FOUND", "version") : [200, { info: shown(found), diff: diffTo(found.version) }]; // prettier-ignore
    }
    if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
    const report = (problems: object[]) => ({ grids: world.grids.length, levels: { grid: 70 }, errors: problems.filter((p) => (p as { severity: string }).severity === "error").length, warnings: problems.length, problems }); // prettier-ignore
    if (room === "imports") {
      const features = ((body.geojson as { features?: { properties?: { id?: string } }[] }).features ?? []).map((f) => f.properties?.id ?? ""); // prettier-ignore
      const cell = world.grids.find(({ level }) => level === "grid")!;
      const [lon, lat] = (cell.geometry as { coordinates: [number, number][][] }).coordinates[0]![0]!;
      const problem = (id: string, i: number) => ({ file: "body", feature: i, id, field: "geometry", code: i === 0 ? "overlap" : "gap", expected: i === 0 ? "expected siblings beside each other; it overlaps by 14.2 m or more" : "0.4 % is in none of them", severity: i === 0 ? "error" : "warning", lon: lon + i * 0.02, lat }); // prettier-ignore
      const problems = features.slice(0, 2).map(problem);
      const stops = body.accept_shapes !== true && problems.length > 0;
      if (body.dry_run !== true && stops) return fail(422, "GRID_INVALID", "1 error", { problems });
      if (body.dry_run !== true && etag !== String(active)) return fail(412, "CHANGED_MEANWHILE", "another version");
      const version = body.dry_run === true ? null : publish("import", user.username, String(body.note ?? ""), body.activate !== false); // prettier-ignore
      return [200, { version, active, report: report(problems), diff: diffTo(0) }];
    }
    if (verb !== "activate") return fail(404, "NOT_FOUND", "route");
    if (etag !== String(active)) return fail(412, "CHANGED_MEANWHILE", "another version");
    const diff = diffTo(Number(n));
    active = Number(n);
    tell(active);
    const found = versions.find((v) => v.version === active)!;
    Object.assign(found, {
      activatedAt: Date.now(),
      activatedBy: user.username,
      activationNote: String(body.note ?? ""),
    });
    return [200, { version: active, active, report: report([]), diff }];
  }

  return {
    active: () => active,
    /** null = not a question for this room */
    answer(
      method: string,
      url: URL,
      body: Record<string, unknown>,
      user: User,
      tag: string | undefined,
    ): Answer | null {
      const parts = url.pathname.split("/").slice(2).map(decodeURIComponent);
      const etag = (tag ?? "").replaceAll('"', "");
      if (parts[0] === "areas") return areas(method, parts, body, user, etag, url.searchParams);
      if (parts[0] === "formations" && parts[2] === "members") return formation(method, parts, body, user, etag, url.searchParams); // prettier-ignore
      if (parts[0] === "memberships") return importMembers(body, user, etag);
      if (parts[0] === "grids" && parts.length > 1) return grids(method, parts, body, user, etag);
      return null;
    },
  };
}
