import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";
import type { PostureChangeInfo, PostureInfo, TownPostureInfo, WarningInfo } from "./posture-schema.ts";

const HOUR = 3_600_000;
let scene: Scene;
let admin: string;
let west: string;
let viewer: string;
beforeAll(async () => {
  scene = await startScene();
  admin = await scene.account("chief", "operator");
  west = await scene.account("westerner", "operator", ["west"]);
  viewer = await scene.account("watcher", "viewer");
  await scene.edge("east", "e1", ["d1"]);
});
afterAll(() => scene?.close());

const raise = (level: string, hours = 1) => ({ level, until: Date.now() + hours * HOUR, reason: "台风" });
const cap = (change: object = {}) => ({
  identifier: "w-1",
  sender: "weather.example",
  sent: new Date(Date.now() - 1000).toISOString(),
  status: "Actual",
  msgType: "Alert",
  info: {
    event: "台风",
    severity: "Severe",
    headline: "台风橙色预警",
    expires: new Date(Date.now() + 6 * HOUR).toISOString(),
    area: { areaDesc: "east", polygon: "30.4,122.4 30.6,122.4 30.6,122.6 30.4,122.4" },
  },
  ...change,
});

describe("posture by the API", () => {
  it("is raised by who may, seen with its edges, kept in the history, and lowered", async () => {
    const { body } = await scene.call<TownPostureInfo>("PUT", "/api/posture/east", { token: admin, body: raise("II") });
    expect(body).toMatchObject({ town: "east", level: "II", change: { from: "normal", who: "chief", reason: "台风" } });
    expect(body.edges.total).toBe(1);
    const { body: all } = await scene.call<PostureInfo>("GET", "/api/posture", { token: viewer });
    expect(all.towns.map(({ town, level }) => `${town} ${level}`)).toEqual(["east II", "west normal"]);
    expect(all.effects.II.escalation).toBeLessThan(1);
    await scene.call("PUT", "/api/posture/east", { token: admin, body: { level: "normal" } });
    const { body: history } = await scene.call<{ items: PostureChangeInfo[] }>("GET", "/api/posture/east/history", {
      token: viewer,
    });
    expect(history.items.map(({ from, to }) => `${from}>${to}`)).toEqual(["II>normal", "normal>II"]);
  });

  it("is refused outside one's towns, to viewers, for what is no town, and without reason or end", async () => {
    const put = (town: string, token: string, body: object) =>
      scene.refusal("PUT", `/api/posture/${town}`, { token, body });
    expect(await put("east", west, raise("I"))).toMatch(/^404/);
    expect(await put("east-1", admin, raise("I"))).toMatch(/^404/);
    expect(await put("east", viewer, raise("I"))).toMatch(/^403/);
    expect(await put("east", admin, { level: "I", reason: "x" })).toBe("422 UNTIL_NEEDED");
    expect(await put("east", admin, { ...raise("I"), reason: " " })).toBe("422 REASON_NEEDED");
    expect(await put("east", admin, raise("I", 100))).toBe("422 UNTIL_TOO_LATE");
    expect(await put("east", admin, raise("V"))).toMatch(/^400/);
    const { body } = await scene.call<PostureInfo>("GET", "/api/posture", { token: west });
    expect(body.towns.map(({ town }) => town)).toEqual(["west"]);
  });

  it("is suggested by a weather warning, which is an event of the towns that it concerns", async () => {
    const { body } = await scene.call<{ taken: boolean; warning: WarningInfo }>("POST", "/api/warnings", {
      token: admin,
      body: { cap: cap() },
    });
    expect(body).toMatchObject({ taken: true, warning: { colour: "orange", towns: ["east"], endedAt: null } });
    await scene.pipeline.submit(() => {});
    await vi.waitFor(async () => {
      const { body: events } = await scene.call<{ items: { kind: string; gridId: string; severity: number }[] }>(
        "GET",
        "/api/events?kind=weather.warning",
        { token: viewer },
      );
      expect(events.items).toMatchObject([{ kind: "weather.warning", gridId: "east", severity: 2 }]);
    });
    const { body: posture } = await scene.call<PostureInfo>("GET", "/api/posture", { token: viewer });
    expect(posture.towns.map(({ suggestion }) => suggestion?.level ?? null)).toEqual(["II", null]);
    await scene.call("PUT", "/api/posture/east", { token: admin, body: raise("I") });
    const { body: graver } = await scene.call<PostureInfo>("GET", "/api/posture", { token: viewer });
    expect(graver.towns[0].suggestion).toBeNull();
  });

  it("takes a warning once, as XML too, and says what is wrong with what is none", async () => {
    const again = await scene.call<{ taken: boolean }>("POST", "/api/warnings", {
      token: admin,
      body: { cap: JSON.stringify(cap()) },
    });
    expect(again.body.taken).toBe(false);
    const post = (body: object, token = admin) => scene.refusal("POST", "/api/warnings", { token, body });
    expect(await post({ cap: "<alert></alert>" })).toMatch(/^422 CAP_INVALID/);
    expect(await post({ cap: "<!DOCTYPE x>" })).toBe("422 CAP_UNREADABLE");
    expect(await post({ cap: cap() }, west)).toMatch(/^403/);
    expect(await post({ cap: cap() }, viewer)).toMatch(/^403/);
    const { body } = await scene.call<{ items: WarningInfo[] }>("GET", "/api/warnings", { token: west });
    expect(body.items).toEqual([]);
  });
});
