import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openAreaRules } from "../load-area-rules.ts";
import { silentLog } from "../log.ts";
import { type Scene, startScene } from "./api.testing.ts";
import type { AreaRuleSourceInfo } from "./rules-schema.ts";

interface Taken {
  readonly taken: boolean;
  readonly source: AreaRuleSourceInfo | null;
  readonly problems: { readonly line: number; readonly path: string; readonly message: string }[];
}

const rule = (id: string, event: string, more = "") => `  ${id}:
    title: {zh: 试验, en: Trial}
    event: ${event}
    severity: 2
    grid: east
    all: [{sensors: sensor, when: "temperature > 50", at_least: 2, within: 30m}]
${more}`;
const text = (...rules: string[]) => `rules: v1\narea:\n${rules.join("")}`;

let scene: Scene;
let admin: string;
let operator: string;
let west: string;
beforeAll(async () => {
  scene = await startScene();
  admin = await scene.account("chief", "admin");
  operator = await scene.account("operator", "operator");
  west = await scene.account("westerner", "admin", ["west"]);
  await scene.edge("east", "e1", ["d1", "d2"]);
});
afterAll(() => scene?.close());

const list = async () => (await scene.call<{ items: AreaRuleSourceInfo[] }>("GET", "/api/rules/areas", { token: operator })).body.items; // prettier-ignore
const put = async (name: string, body: object) => (await scene.call<Taken>("PUT", `/api/rules/areas/${name}`, { token: admin, body })).body; // prettier-ignore
const read = (temperature: number) =>
  Promise.all(
    ["d1", "d2"].map((device) =>
      scene.send(
        `gridhub/v1/east/e1/d/${device}/t`,
        JSON.stringify({ v: 1, r: [{ ts: Date.now(), m: { temperature } }] }),
      ),
    ),
  );
const active = async (kind: string) =>
  (await scene.call<{ items: unknown[] }>("GET", `/api/events?sensing=active&kind=${kind}`, { token: admin })).body
    .items.length;

it("a rule that is handed in finds what comes from then on, and ends with its text, all without a restart", async () => {
  const first = await put("heat", { text: text(rule("heat", "area.heat")), note: "summer" });
  expect(first).toMatchObject({ taken: true, source: { name: "heat", origin: "api", rules: ["heat"], revision: 1, who: "chief", note: "summer" } }); // prettier-ignore
  await read(60);
  await vi.waitFor(async () => expect(await active("area.heat")).toBe(1));
  const shown = await scene.call<{ items: { titleZh: string }[] }>("GET", "/api/events?q=试验", { token: admin });
  expect(shown.body.items.map(({ titleZh }) => titleZh)).toEqual(["试验"]); // by the rule's words
  // edited: another rule beside it, and the event goes on
  const second = await put("heat", { text: text(rule("heat", "area.heat"), rule("heat_2", "area.more")), revision: 1 });
  expect(second.source).toMatchObject({ rules: ["heat", "heat_2"], revision: 2 });
  await read(60);
  await vi.waitFor(async () => expect(await active("area.more")).toBe(1));
  expect(await active("area.heat")).toBe(1);
  expect(await scene.refusal("DELETE", "/api/rules/areas/heat?revision=1", { token: admin, body: {} })).toBe(
    "409 CHANGED",
  );
  await scene.call("DELETE", "/api/rules/areas/heat?revision=2", { token: admin, body: {} });
  await vi.waitFor(async () => expect([await active("area.heat"), await active("area.more")]).toEqual([0, 0]));
  expect((await list()).map(({ origin }) => origin)).toEqual(["file"]);
  expect(await scene.refusal("DELETE", "/api/rules/areas/heat?revision=2", { token: admin, body: {} })).toBe(
    "404 NOT_FOUND",
  );
});

it("a text with a mistake is not taken and says where; what ran goes on", async () => {
  await put("good", { text: text(rule("good", "area.good")) });
  const broken = await put("good", { text: text(rule("good", "area.good")).replace("grid: east", "grid: eats"), revision: 1 }); // prettier-ignore
  expect(broken).toMatchObject({ taken: false, source: null, problems: [{ line: 7, path: "area.good.grid" }] });
  const twice = await put("other", { text: text(rule("storm", "area.storm")) });
  expect(twice.problems[0].message).toMatch(/area\.yaml has a rule of this name/);
  expect(await scene.refusal("PUT", "/api/rules/areas/good", { token: admin, body: { text: text(rule("good", "area.b")) } })).toBe("409 CHANGED"); // prettier-ignore
  expect((await list()).find(({ name }) => name === "good")).toMatchObject({ revision: 1, rules: ["good"] });
});

it("is for who sees everything", async () => {
  expect(await scene.refusal("GET", "/api/rules/areas", { token: west })).toBe("403 FORBIDDEN");
  const body = { text: text(rule("x", "area.x")) };
  expect(await scene.refusal("PUT", "/api/rules/areas/x", { token: west, body })).toBe("403 FORBIDDEN");
  expect(await scene.refusal("PUT", "/api/rules/areas/x", { token: operator, body })).toBe("403 FORBIDDEN");
  expect(await scene.refusal("PUT", "/api/rules/areas/..%2Fx", { token: admin, body })).toMatch(/^40[04]/);
});

it("a file that changes comes into force; one that breaks is told and changes nothing; stored texts are there after a start", async () => {
  const { sources } = scene.context.rules;
  const [{ name: file }] = sources.sources();
  const before = readFileSync(file, "utf8");
  sources.watch();
  // as editors do it: another file in its place
  writeFileSync(join(file, "../area.yaml.new"), before + rule("filed", "area.filed"));
  renameSync(join(file, "../area.yaml.new"), file);
  await vi.waitFor(async () => expect((await list())[0].rules).toEqual(["storm", "filed"]));
  await read(70);
  await vi.waitFor(async () => expect(await active("area.filed")).toBe(1));
  writeFileSync(file, before.replace("severity: 2", "severity: 7"));
  await vi.waitFor(async () => expect((await list())[0].problems).toHaveLength(1));
  expect((await list())[0].rules).toEqual(["storm", "filed"]);
  expect(await active("area.filed")).toBe(1);
  writeFileSync(file, before);
  await vi.waitFor(async () => expect(await active("area.filed")).toBe(0));
  const { pool, context } = scene;
  const flow = () => ({ pipeline: scene.pipeline, stages: { setAreaRules: () => {} } });
  const again = await openAreaRules([file], { pool, grids: context.grids, profiles: context.profiles, flow, log: silentLog }); // prettier-ignore
  expect(again.rules.map(({ id }) => id)).toEqual(["storm", "good"]);
});
