import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";
import type { EventDetail, EventInfo } from "./schema.ts";

interface Events {
  readonly items: EventInfo[];
  readonly next: string | null;
  readonly total?: number;
}

let scene: Scene;
let operator: string;
beforeAll(async () => {
  scene = await startScene();
  operator = await scene.account("operator", "operator");
  await scene.edge("east", "e1", ["d1", "d2"]);
  await scene.edge("west", "w1", ["d1"]);
  await scene.find({ subject: "device:east/d1", severity: 2, evidence: { temperature: 90 } });
  await scene.find({ subject: "device:west/d1" });
  await scene.find({ subject: "mmsi:412000001", kind: "vessel.straggler", gridId: "boats" });
});
afterAll(() => scene?.close());

const list = async (query: string) =>
  (await scene.call<Events>("GET", `/api/events?${query}`, { token: operator })).body;
const subjects = async (query: string) => (await list(query)).items.map(({ subject }) => subject);
const idOf = async (subject: string) => (await list(`q=${encodeURIComponent(subject)}`)).items[0].id;
const act = (id: string, action: string, note?: string) =>
  scene.call<EventDetail & { code?: string }>("POST", `/api/events/${id}/actions`, {
    token: operator,
    body: { action, note },
  });

describe("list of events", () => {
  it("says what happened in words, newest first", async () => {
    const { items, next, total } = await list("");
    expect([items.length, next, total]).toEqual([3, null, 3]);
    expect(items[2]).toMatchObject({
      kind: "bench.hot",
      titleZh: "过热",
      titleEn: "Too hot",
      subjectTitle: "设备 d1",
      gridId: "east-1",
      gridPath: ["名 county", "名 east", "名 east-1"],
      gridMatch: "bound",
      deviceUid: "east/d1",
      severity: 2,
      sensing: "active",
      handling: "new",
    });
    expect(items[0]).toMatchObject({ titleZh: "渔船离群", subjectTitle: "浙嵊渔1", gridMatch: "formation" });
    expect(items[0].codeName).toContain("provisional");
  });

  it.each([
    ["severity=2", ["device:east/d1"]],
    ["severity=1,2", ["device:east/d1"]],
    ["grid=west", ["device:west/d1"]],
    ["grid=east", ["mmsi:412000001", "device:east/d1"]],
    ["grid=nowhere", []],
    ["kind=vessel.straggler", ["mmsi:412000001"]],
    ["device=east/d1", ["device:east/d1"]],
    ["device=east/none", []],
    ["handling=closed,false_alarm", []],
    ["sensing=active&handling=new&severity=3&grid=west", ["device:west/d1"]],
    ["to=1000", []],
    ["q=%E8%BF%87%E7%83%AD", ["device:west/d1", "device:east/d1"]],
    ["q=straggler", ["mmsi:412000001"]],
    ["q=%E5%90%8D%20west", ["device:west/d1"]],
    ["q=100%25_", []],
    ["cursor=nonsense", []],
  ])("filters by %s", async (query, expected) => {
    expect(await subjects(query)).toEqual(expected);
  });

  it.each(["severity=5", "handling=finished", "sensing=maybe", "limit=0", "limit=501", "from=yesterday"])(
    "refuses %s with the field's name",
    async (query) => {
      const { status, body } = await scene.call<{ code: string; message: string }>("GET", `/api/events?${query}`, {
        token: operator,
      });
      expect([status, body.code]).toEqual([400, "INVALID"]);
      expect(body.message).toContain(query.split("=")[0]);
    },
  );

  it("pages without losing or doubling anything while events come in", async () => {
    const seen: string[] = [];
    const before = await subjects("");
    let cursor = "";
    for (let page = 0; ; page++) {
      const { items, next } = await list(`limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`);
      seen.push(...items.map(({ subject }) => subject));
      if (page === 0) await scene.find({ subject: "device:east/d2", kind: "bench.late_comer" });
      if (next === null) break;
      cursor = next;
    }
    expect(seen).toEqual(before);
    expect((await subjects(""))[0]).toBe("device:east/d2");
  });
});

describe("an event", () => {
  it("comes with timeline, evidence, deliveries and what is near", async () => {
    const id = await idOf("device:east/d1");
    const { body } = await scene.call<EventDetail>("GET", `/api/events/${id}`, { token: operator });
    expect(body.evidence).toEqual({ temperature: 90 });
    expect(body.timeline.map(({ what, who }) => [what, who])).toEqual([["open", "hub"]]);
    expect(body.deliveries).toEqual([]);
    // d2 is a hundredth of a degree further east, at 30.5 north
    expect(body.nearby.map(({ uid, metres }) => [uid, metres])).toEqual([
      ["east/d1", 0],
      ["east/d2", expect.closeTo(958, -1)],
    ]);
  });

  it("is not found under an id that is none or nobody's", async () => {
    for (const id of ["x", "00000000-0000-7000-8000-000000000000", "%27%20or%201=1"]) {
      expect(await scene.refusal("GET", `/api/events/${id}`, { token: operator }), id).toBe("404 NOT_FOUND");
      expect((await act(id, "comment")).status, id).toBe(404);
    }
  });

  it("takes the legal steps, says who took them, and refuses the others", async () => {
    const id = await idOf("device:east/d1");
    expect((await act(id, "acknowledge", "seen")).body.event.handling).toBe("acknowledged");
    const twice = await act(id, "acknowledge");
    expect([twice.status, twice.body.code]).toEqual([409, "ILLEGAL_TRANSITION"]);
    expect((await act(id, "comment", "a\u0001b\ud800c")).status).toBe(200);
    const handed = await act(id, "hand_off");
    expect(handed.body.event).toMatchObject({ handling: "handed_off", sensing: "active" });
    expect(handed.body.deliveries).toMatchObject([{ target: "platform", state: "pending" }]);
    const closed = await act(id, "close", "reset by the watch");
    expect(closed.body.event).toMatchObject({ handling: "closed", revision: 5 });
    expect(closed.body.timeline.map(({ what, who, note }) => [what, who, note])).toEqual([
      ["open", "hub", "test"],
      ["acknowledge", "operator", "seen"],
      ["comment", "operator", "a b\ufffdc"],
      ["hand_off", "operator", ""],
      ["close", "operator", "reset by the watch"],
    ]);
    expect((await act(id, "explode")).status).toBe(400);
    const { rows } = await scene.pool.query("select action from audit where target = $1 order by seq", [id]);
    expect(rows.map((row) => row.action)).toEqual([
      "event_acknowledge",
      "event_comment",
      "event_hand_off",
      "event_close",
    ]);
  });

  it("can be acted on after it left the hub's memory", async () => {
    const id = await idOf("device:west/d1");
    await scene.find({ subject: "device:west/d1", phase: "clear" });
    scene.events.load([]);
    expect(scene.events.get(id)).toBeUndefined();
    const { body } = await act(id, "false_alarm", "sun on the housing");
    expect(body.event).toMatchObject({ handling: "false_alarm", sensing: "cleared" });
    expect(body.timeline.at(-1)).toMatchObject({ what: "false_alarm", note: "sun on the housing" });
  });

  it("is acted on once by two people at once", async () => {
    await scene.find({ subject: "device:east/d2", kind: "bench.race" });
    const id = await idOf("bench.race");
    const answers = await Promise.all([act(id, "acknowledge"), act(id, "acknowledge"), act(id, "acknowledge")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it("counts in the overview", async () => {
    const { body } = await scene.call("GET", "/api/overview", { token: operator });
    expect(body).toMatchObject({ devices: 3, edges: { total: 2 }, today: { closed: 2 }, county: "名 county" });
    expect((body.today as { opened: number }).opened).toBeGreaterThanOrEqual(4);
  });
});

describe("an event that ended", () => {
  it("still shows the pictures of what it was about", async () => {
    const subject = "place:west/d1";
    const frame = { hash: "a".repeat(64), w: 640, h: 360, ts: 1, boxes: [] };
    const seen = { subject, kind: "vision.stall", gridId: "west-1" };
    await scene.find({ ...seen, evidence: { frames: [frame], dwellMs: 5000 } });
    await scene.find({ ...seen, phase: "clear", evidence: { frames: [], dwellMs: 9000 } });
    const ended = (await list("kind=vision.stall")).items[0];
    expect(ended.sensing).toBe("cleared");
    const { body } = await scene.call<EventDetail>("GET", `/api/events/${ended.id}`, { token: operator });
    expect(body.evidence).toMatchObject({ frames: [frame], dwellMs: 9000 });
  });
});
