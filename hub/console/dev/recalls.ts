import type { NewRecallRequest, RecallBoardInfo } from "../../src/api/recall-schema.ts";
import { printCss, printPage } from "../../src/api/recall-print.ts";
import { RecallView } from "../../src/api/recall-view.ts";
import type { Scope } from "../../src/api/scope.ts";
import type { User } from "../../src/api/schema.ts";
import type { SeaArea } from "../../src/fleet/membership.ts";
import type { Said } from "../../src/fleet/recall/recall.ts";
import { RecallBook } from "../../src/fleet/recall/recall-book.ts";
import type { VesselView } from "../../src/fleet/view.ts";
import type { Grid } from "../../src/grids/grid.ts";
import type { World } from "./world.ts";

type Answer = [status: number, body: unknown];
const EVERYTHING = { everything: true, has: () => true } as unknown as Scope;
const HARBOURS: readonly (readonly [id: string, name: string, lon: number, lat: number])[] = [
  ["h-1", "菜园渔港", 122.46, 30.72],
  ["h-2", "枸杞渔港", 122.77, 30.71],
  ["h-3", "嵊山渔港", 122.82, 30.73],
  ["h-4", "大洋山渔港", 122.08, 30.59],
];

/** The hub's own book of recalls over the invented fleet. Four boats in five lie in port there. */
export function makeRecalls(world: World, started: number) {
  const grids = new Map(world.grids.map((grid) => [grid.id, grid]));
  for (const [id, name] of HARBOURS) grids.set(id, { ...world.grids[0]!, id, name, level: "area", parent: null });
  const formations = world.grids.filter(({ level }) => level === "formation").map(({ id }) => id);
  const members = (id: string) => world.vessels.filter((v) => v.formationId === id).map(({ mmsi }) => mmsi);
  const byMmsi = new Map(world.vessels.map((v) => [v.mmsi, v]));
  const path = (id: string) => {
    const line = [];
    for (let g = grids.get(id); g !== undefined; g = grids.get(g.parent ?? "")) line.unshift(g);
    return line as unknown as Grid[];
  };
  const areas = HARBOURS.map(([id, name, lon, lat]): SeaArea => ({ id, name, rule: "harbour", polygons: [], sea: { ports: [[lon, lat]] } })); // prettier-ignore
  const vessel = (mmsi: number): VesselView | null => {
    const v = byMmsi.get(mmsi);
    if (v === undefined || mmsi % 97 === 0) return null;
    const { course: _course, speed: _speed, ...shown } = v;
    const home = mmsi % 11 < 8 ? HARBOURS[mmsi % HARBOURS.length]! : null;
    const state = home === null && mmsi % 13 === 0 ? "dark" : v.freshness;
    return { ...shown, at: v.ts, areas: [], flags: [], inHarbour: home?.[0] ?? null, state } as unknown as VesselView;
  };
  const book = new RecallBook({
    membership: () => ({ formationOf: (mmsi) => byMmsi.get(mmsi)?.formationId ?? null, members, formations: () => formations, areas: () => areas }), // prettier-ignore
    vessel,
    nameOf: (mmsi) => byMmsi.get(mmsi)?.name ?? "",
    subtree: (id) => new Set([...grids.keys()].filter((each) => path(each).some((g) => g.id === id))),
  });
  const view = new RecallView(book, () => ({ get: (id) => grids.get(id) as unknown as Grid, path }));
  const county = world.grids.find(({ level }) => level === "county")!;
  const plan = {
    id: "r1",
    title: "第 14 号台风 · III 级",
    grids: [county.id],
    shelters: [],
    raiseBy: "vessel",
  } as const;
  book.open({ ...plan, deadline: started + 25_000_000, remindMin: [120, 30] }, "operator", started - 7_200_000);
  let trend: RecallBoardInfo["trend"] = [];
  const board = (id: string): RecallBoardInfo | null => {
    const found = view.board(id, EVERYTHING, Date.now());
    if (found === null) return null;
    const { in_port, total } = found.recall.counts;
    trend = Array.from({ length: 40 }, (_, i) => [started - (40 - i) * 180_000, Math.round(in_port * (0.3 + 0.7 * (i / 39) ** 0.6)), 0, 0, 0, total]); // prettier-ignore
    return { ...found, trend };
  };
  const answer = (id: string): Answer => {
    const found = board(id);
    return found === null ? [404, { code: "NOT_FOUND", message: "no such recall" }] : [200, found];
  };

  return {
    /** paper, or null when the path is another */
    page(path: string): { type: string; text: string } | null {
      if (path === "/api/recalls/print.css") return { type: "text/css", text: printCss };
      const id = /^\/api\/recalls\/([^/]+)\/print$/u.exec(path)?.[1];
      const found = id === undefined ? null : board(id);
      return found === null ? null : { type: "text/html; charset=utf-8", text: printPage(found, "Asia/Shanghai") };
    },
    get(parts: readonly string[]): Answer {
      if (parts.length === 1)
        return [200, { items: book.recalls().flatMap(({ id }) => view.info(id, EVERYTHING, Date.now()) ?? []) }];
      if (parts[1] !== "options") return answer(parts[1] ?? "");
      const called = world.grids.filter(({ level }) => level === "county" || level === "town");
      const vessels = (id: string) => formations.filter((f) => path(f).some((g) => g.id === id)).reduce((n, f) => n + members(f).length, 0); // prettier-ignore
      return [200, { grids: called.map(({ id, name, level }) => ({ id, name, level, vessels: vessels(id) })), shelters: HARBOURS.map(([id, name]) => ({ id, name })) }]; // prettier-ignore
    },
    change(parts: readonly string[], body: Record<string, unknown>, user: User): Answer {
      if (user.role === "viewer") return [403, { code: "FORBIDDEN", message: "operators only" }];
      const [, id = `r${book.recalls().length + 1}`, verb, mmsi] = parts;
      const note = String(body.note ?? "");
      const now = Date.now();
      const wish = body as unknown as NewRecallRequest;
      const done =
        verb === undefined ? book.open({ shelters: [], raiseBy: "vessel", remindMin: [], ...wish, id }, user.username, now)
        : verb === "deadline" ? book.extend(id, Number(body.deadline), user.username, note, now)
        : verb === "end" ? book.end(id, body.what as "close", user.username, note, now)
        : book.acknowledge(id, Number(mmsi), body.said as Said | null, user.username, note, now); // prettier-ignore
      return typeof done === "object" && "code" in done ? [409, done] : answer(id);
    },
  };
}
