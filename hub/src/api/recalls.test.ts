import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecallBoardInfo, RecallInfo, RecallOptionsInfo } from "./recall-schema.ts";
import { listen, type Scene, startScene } from "./api.testing.ts";

const HOUR = 3_600_000;
const BOAT = 412_000_001;

let scene: Scene;
let operator: string;
let east: string;
let west: string;
beforeAll(async () => {
  scene = await startScene();
  operator = await scene.account("operator", "operator");
  east = await scene.account("east", "operator", ["east"]);
  west = await scene.account("west", "operator", ["west"]);
});
afterAll(() => scene?.close());

const plan = () => ({ title: "台风<14>号", grids: ["east"], deadline: Date.now() + HOUR });
const open = (token: string, body: object = plan()) =>
  scene.call<RecallBoardInfo>("POST", "/api/recalls", { token, body });

describe("recalls over HTTP", () => {
  it("says which grids can be called and where the harbours are", async () => {
    const { body } = await scene.call<RecallOptionsInfo>("GET", "/api/recalls/options", { token: east });
    expect(body.grids.map(({ id, vessels }) => `${id} ${vessels}`).sort()).toEqual(["boats 1", "east 1"]);
    expect(body.shelters.map(({ id }) => id)).toEqual(["west"]);
  });

  it("is opened by who sees all of its grids, seen by who sees a formation, ended by neither of the others", async () => {
    const viewer = await scene.account("viewer", "viewer");
    expect(await scene.refusal("POST", "/api/recalls", { token: viewer, body: plan() })).toBe("403 FORBIDDEN");
    expect(await scene.refusal("POST", "/api/recalls", { token: west, body: plan() })).toBe("404 NOT_FOUND");
    expect(await scene.refusal("POST", "/api/recalls", { token: operator, body: { ...plan(), grids: ["west"] } })).toBe(
      "422 NO_FORMATIONS",
    );
    const stream = await listen(scene, east);
    const { status, body } = await open(operator, { ...plan(), grids: ["county"], shelters: ["west"] });
    expect(status).toBe(200);
    await stream.until("recall");
    stream.close();
    expect(body.recall).toMatchObject({ state: "open", whole: true, raiseBy: "vessel", remindMin: [120, 30] });
    expect(body.recall.counts).toMatchObject({ total: 1, silent: 1 });
    expect(body.formations).toMatchObject([{ name: "编组一", vessels: [{ mmsi: BOAT, name: "浙嵊渔1" }] }]);
    expect(body.areas.map(({ gridId }) => gridId)).toEqual(["county", "east"]);

    const { id } = body.recall;
    expect(await scene.refusal("POST", "/api/recalls", { token: operator, body: plan() })).toBe("409 RECALL_OVERLAPS");
    const seen = await scene.call<RecallBoardInfo>("GET", `/api/recalls/${id}`, { token: east });
    expect(seen.body.recall.whole).toBe(false);
    expect(seen.body.areas.map(({ gridId }) => gridId)).toEqual(["east"]);
    expect(await scene.refusal("GET", `/api/recalls/${id}`, { token: west })).toBe("404 NOT_FOUND");
    for (const token of [east, west])
      expect(await scene.refusal("POST", `/api/recalls/${id}/end`, { token, body: { what: "close" } })).toBe(
        "404 NOT_FOUND",
      );
    const list = await scene.call<{ items: RecallInfo[] }>("GET", "/api/recalls", { token: west });
    expect(list.body.items).toEqual([]);
  });

  it("takes the word of the radio room, exports, extends and ends, all of it in the audit", async () => {
    const { body: list } = await scene.call<{ items: RecallInfo[] }>("GET", "/api/recalls", { token: operator });
    const { id } = list.items[0];
    const ack = await scene.call<RecallBoardInfo>("PUT", `/api/recalls/${id}/vessels/${BOAT}`, {
      token: east,
      body: { said: "in_port", note: "=靠泊<枸杞>" },
    });
    expect(ack.body.recall.counts).toMatchObject({ in_port: 1, silent: 0 });
    expect(await scene.refusal("PUT", `/api/recalls/${id}/vessels/1`, { token: east, body: { said: "coming" } })).toBe(
      "404 NOT_FOUND",
    );
    await scene.call("PUT", `/api/recalls/${id}/vessels/${BOAT}`, {
      token: east,
      body: { said: "coming", note: "=靠泊<枸杞>" },
    });
    const file = await scene.call<string>("GET", `/api/recalls/${id}/board.csv`, { token: east });
    expect(file.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(file.body.split("\r\n")).toHaveLength(3);
    expect(file.body).toContain("名 east,编组一,412000001,浙嵊渔1,silent,,coming,");
    expect(file.body).toContain("'=靠泊<枸杞>");
    const page = await scene.call<string>("GET", `/api/recalls/${id}/print`, { token: east });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.body).toContain("靠泊&lt;枸杞&gt;");
    expect(page.body).not.toContain("<枸杞>");
    expect(page.body).not.toMatch(/style=|<script/);

    const deadline = Date.now() + 2 * HOUR;
    const later = await scene.call<RecallBoardInfo>("POST", `/api/recalls/${id}/deadline`, {
      token: operator,
      body: { deadline, note: "风缓" },
    });
    expect(later.body.recall.deadline).toBe(deadline);
    const past = { token: operator, body: { deadline: 1 } };
    expect(await scene.refusal("POST", `/api/recalls/${id}/deadline`, past)).toBe("422 DEADLINE_PAST");
    const end = { token: operator, body: { what: "close", note: "解除" } };
    const over = await scene.call<RecallBoardInfo>("POST", `/api/recalls/${id}/end`, end);
    expect(over.body.recall).toMatchObject({ state: "closed", changes: [{}, { what: "extend" }, { note: "解除" }] });
    expect(await scene.refusal("POST", `/api/recalls/${id}/end`, end)).toBe("409 RECALL_ENDED");
    const { rows } = await scene.pool.query<{ action: string; who: string }>(
      "select action, who from audit where action like 'recall%' order by seq",
    );
    expect(rows.map(({ action, who }) => `${action} ${who}`)).toEqual([
      "recall_open operator",
      "recall_ack east",
      "recall_ack east",
      "recall_deadline operator",
      "recall_close operator",
    ]);
  });

  it("is durable: what was answered stands in the database", async () => {
    const { body } = await open(operator);
    const { rows } = await scene.pool.query<{ key: string }>("select key from fold_state where room = 'recall'");
    expect(rows.map(({ key }) => key)).toContain(`recall:${body.recall.id}`);
  });
});
