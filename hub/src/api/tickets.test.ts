import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";
import type { EventInfo } from "./schema.ts";

let scene: Scene;
let operator: string;
beforeAll(async () => {
  scene = await startScene();
  operator = await scene.account("ope", "operator");
  await scene.edge("east", "e1", ["h1", "h2"]);
});
afterAll(() => scene.close());

const TICKET = { kind: "device.repair", severity: 3, text: " 闷盖丢失 ", key: "key-0001" };
interface Answer {
  event: EventInfo;
  made: boolean;
  code: string;
}
const send = (device: string, body: object, token = operator) =>
  scene.call<Answer>("POST", `/api/devices/${device}/tickets`, { token, body });

describe("maintenance tickets", () => {
  it("are events on the device's grid in the person's name, handed off and closed like any, and end with that", async () => {
    const { status, body } = await send("east/h1", TICKET);
    expect([status, body.made]).toEqual([201, true]);
    const { event } = body;
    expect(event).toMatchObject({ kind: "device.repair", titleZh: "设备报修", subjectTitle: "设备 h1", deviceUid: "east/h1", severity: 3, sensing: "active", handling: "new" }); // prettier-ignore
    expect(event.gridPath.length).toBeGreaterThan(0);
    const path = `/api/events/${event.id}`;
    const detail = await scene.call<{ timeline: object[]; life: object; evidence: object }>("GET", path, { token: operator }); // prettier-ignore
    expect(detail.body).toMatchObject({
      timeline: [{ what: "open", who: "ope", note: "闷盖丢失" }],
      evidence: { said: "闷盖丢失", who: "ope" },
      life: { whyActive: { code: "report" } },
    });
    await scene.call("POST", `${path}/actions`, { token: operator, body: { action: "close", note: "已补盖" } });
    const closed = await scene.call<{ event: EventInfo }>("GET", path, { token: operator });
    expect(closed.body.event).toMatchObject({ handling: "closed", sensing: "cleared" });
  });

  it("are one for each key, also at once and after they were closed; a key of another ticket is refused", async () => {
    const body = { ...TICKET, key: "key-0002" };
    const answers = await Promise.all([send("east/h2", body), send("east/h2", body), send("east/h2", body)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    const ids = new Set(answers.map((answer) => answer.body.event.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    await scene.call("POST", `/api/events/${id}/actions`, { token: operator, body: { action: "close" } });
    // the same as after a restart: the database alone knows it
    const again = await send("east/h2", body);
    expect([again.status, again.body.made, again.body.event.id]).toEqual([200, false, id]);
    const other = await send("east/h2", { ...body, text: "另一件事" });
    expect([other.status, other.body.code]).toEqual([409, "TICKET_KEY_USED"]);
    const admin = await scene.account("eva", "admin");
    const audit = await scene.call<{ items: { action: string; target: string }[] }>("GET", "/api/audit?limit=50", { token: admin }); // prettier-ignore
    const made = audit.body.items.filter(
      ({ action, target }) => action === "device_ticket" && target === "device:east/h2",
    );
    expect(made).toHaveLength(1);
  });

  it.each<[string, object]>([
    ["a kind that is no ticket", { kind: "fire.alarm" }],
    ["no text", { text: " \u0001 " }],
    ["a short key", { key: "1" }],
    ["a severity that is none", { severity: 5 }],
  ])("are refused: %s", async (_name, change) => {
    const { status, body } = await send("east/h1", { ...TICKET, ...change });
    expect([status, body.code]).toEqual([400, "INVALID"]);
  });

  it("are opened by operators, of devices that they see", async () => {
    const west = await scene.account("wes", "operator", ["west"]);
    expect((await send("east/h1", TICKET, west)).status).toBe(404);
    const viewer = await scene.account("vie", "viewer");
    expect((await send("east/h1", TICKET, viewer)).status).toBe(403);
  });
});
