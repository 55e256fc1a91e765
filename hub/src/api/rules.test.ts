import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { rulesCommand } from "../cli/rules.ts";
import { type Scene, startScene } from "./api.testing.ts";
import type { RuleInfo } from "./rules-schema.ts";

const MINUTE = 60_000;
const NOW = Date.now();
/** the hour that is run again */
const [FROM, TO] = [NOW - 61 * MINUTE, NOW - MINUTE];

interface Rules {
  readonly items: RuleInfo[];
  readonly flags: { readonly name: string; readonly grid: string; readonly value: string }[];
}
interface DryRun {
  readonly events: {
    kind: string;
    rule: string;
    device: string | null;
    from: number;
    to: number | null;
    severity: number;
  }[];
  readonly total: number;
  readonly readings: number;
  readonly devices: number;
}

const alarmProfile = (more: string) => `profile: v1
id: PROFILE@9.0.0
kind: hydrant
title: {zh: 试验, en: Trial}
transport: {uplink: telemetry}
metrics:
  temperature: {}
  swing: {unit: Cel, title: {zh: 温差, en: Swing}}
derived:
  swing: {difference: temperature, counter: false}
alarms:
  hot: {event: bench.hot, severity: 3, when: "temperature > 50", for: 5m, escalate: [{when: "temperature > 80", to: 1}]}
  leap: {event: bench.leap, severity: 4, when: "swing > 35"}
${more}`;

let scene: Scene;
let operator: string;
let west: string;
let model: string;
beforeAll(async () => {
  scene = await startScene();
  operator = await scene.account("operator", "operator");
  west = await scene.account("westerner", "operator", ["west"]);
  await scene.edge("east", "e1", ["d1", "d2"]);
  model = scene.registry.device("east/d1")?.profile.id.replace(/@.*/, "") ?? "";
  const values = [20, 60, 60, 90, 20];
  for (const [i, temperature] of values.entries()) {
    const record = { ts: FROM + i * 10 * MINUTE, m: { temperature } };
    await scene.send("gridhub/v1/east/e1/d/d1/t", JSON.stringify({ v: 1, r: [record] }));
  }
});
afterAll(() => scene?.close());

const rules = async (token = operator) => (await scene.call<Rules>("GET", "/api/rules", { token })).body;
const dryRun = (body: object, token = operator) => scene.call<DryRun & { message?: string }>("POST", "/api/rules/dry-run", { token, body }); // prettier-ignore
const profile = (more = "") => alarmProfile(more).replace("PROFILE", model);

describe("a dry run", () => {
  it("tells the events that new alarms would have raised, and writes nothing", async () => {
    const before = await scene.pool.query("SELECT count(*) FROM event");
    const { status, body } = await dryRun({ profile: profile(), from: FROM, to: TO });
    expect([status, body.message]).toEqual([200, undefined]);
    expect(body).toMatchObject({ total: 2, devices: 2, readings: 5 });
    const of = { device: "east/d1", grid: "east-1" };
    const at = (minute: number) => FROM + minute * MINUTE;
    expect(body.events).toEqual([
      { kind: "bench.leap", rule: `rule:${model}@9.0.0#leap`, ...of, from: at(10), to: at(20), severity: 4 },
      { kind: "bench.hot", rule: `rule:${model}@9.0.0#hot`, ...of, from: at(15), to: at(40), severity: 1 },
    ]);
    expect((await scene.pool.query("SELECT count(*) FROM event")).rows).toEqual(before.rows);
  });

  it("is asked for from the command line, too", async () => {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    const complained = vi.spyOn(console, "error").mockImplementation(() => {});
    vi.stubEnv("GRIDHUB_TOKEN", operator);
    onTestFinished(() => {
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    });
    const file = join(scene.folder, "trial.yaml");
    const run = (text: string) => {
      writeFileSync(file, text);
      const time = [FROM, TO].map((ts) => new Date(ts).toISOString());
      return rulesCommand(["dry-run", "--profile", file, "--from", time[0], "--to", time[1], "--url", scene.address]);
    };
    expect(await run(profile())).toBe(0);
    expect(said.mock.calls.flat().at(-1)).toBe("2 events of 2 devices, 5 readings");
    expect(await run(profile("bad: 1"))).toBe(1);
    expect(complained.mock.calls.flat().join("\n")).toMatch(/^gridhub rules: profile line \d+: bad: unknown field/);
  });

  it("of rules that join devices", async () => {
    const text = `rules: v1
area:
  heat:
    title: {zh: 热, en: Heat}
    event: area.heat
    severity: 2
    each: town
    all: [{sensors: ${model}, when: "temperature > 50", within: 15m}]
`;
    const { body } = await dryRun({ rules: text, from: FROM, to: TO });
    expect(body.events).toMatchObject([{ kind: "area.heat", grid: "east", device: null, from: FROM + 10 * MINUTE, to: FROM + 40 * MINUTE }]); // prettier-ignore
  });

  it("stays within the caller's grids and sane limits, and says what is wrong with a text", async () => {
    expect((await dryRun({ profile: profile(), from: FROM, to: TO }, west)).body).toMatchObject({
      total: 0,
      devices: 0,
    });
    expect((await dryRun({ profile: profile(), from: FROM, to: TO, limit: 1 })).body.events).toHaveLength(1);
    for (const [body, message] of [
      [{ profile: profile("bad: 1"), from: FROM, to: TO }, /^profile line \d+: bad: unknown field/],
      [{ profile: profile(), from: TO, to: FROM }, /at most 31 days/],
      [{ from: FROM, to: TO }, /either profile or rules/],
    ] as const) {
      const answer = await dryRun(body);
      expect([answer.status, answer.body.message]).toEqual([400, expect.stringMatching(message)]);
    }
  });
});

describe("the list of rules", () => {
  it("counts what each did, and how often people found it right", async () => {
    const before = (await rules()).items.find(({ rule }) => rule === "area:storm");
    expect(before).toMatchObject({ event: "weather.storm", precision: null, devices: 0, active: 0 });
    const { status } = await scene.call("PUT", "/api/rules/flags/weather.rain", {
      token: operator,
      body: { value: "red" },
    });
    expect(status).toBe(200);
    const { items, flags } = await rules();
    expect(flags).toEqual([{ name: "weather.rain", grid: "", value: "red", until: null }]);
    expect(items.find(({ rule }) => rule === "area:storm")).toMatchObject({ active: 1, raised: 1, events: 1 });
    const { body } = await scene.call<{ items: { id: string }[] }>("GET", "/api/events?kind=weather.storm", {
      token: operator,
    });
    await scene.call("POST", `/api/events/${body.items[0].id}/actions`, {
      token: operator,
      body: { action: "false_alarm" },
    });
    expect((await rules()).items.find(({ rule }) => rule === "area:storm")).toMatchObject({
      falseAlarms: 1,
      precision: 0,
    });
    expect((await rules(west)).items.find(({ rule }) => rule === "area:storm")).toMatchObject({ active: 0, events: 0 });
  });

  it("a flag needs a grid of one's own", async () => {
    const set = (grid?: string) =>
      scene.refusal("PUT", "/api/rules/flags/weather.rain", { token: west, body: { value: "red", grid } });
    expect(await set()).toBe("403 FORBIDDEN");
    expect(await set("east")).toBe("404 NOT_FOUND");
  });

  it("is on /metrics by rule", async () => {
    const { body } = await scene.call<string>("GET", "/metrics");
    expect(body).toContain('gridhub_rule_raised_total{rule="area:storm"} 1');
  });
});
