import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../finding.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import { RuleCounters } from "../rule-counts.ts";
import { brief, device, MINUTE, profile, T0 } from "../rule-scene.ts";
import { checkAgainstProfiles, loadAreaRules } from "./area-rule.ts";
import { AreaRules } from "./area-rules.ts";

const HEAD = "rules: v1\narea:\n";
const RULE = `  spread:
    title: {zh: 多点积水, en: Flooding spreads}
    event: flood.spread
    severity: 2
    grid: town
    for: 5m
    clear_for: 10m
    all:
      - {sensors: hydrant, when: "pressure > 3", at_least: 2, within: 30m}
`;
const TREE: Record<string, string | null> = {
  county: null,
  town: "county",
  a: "town",
  b: "town",
  other: "county",
  c: "other",
};
const LEVEL: Record<string, string> = { county: "county", town: "town", other: "town", a: "village", b: "village", c: "village" }; // prettier-ignore
const grids = {
  path(id: string) {
    const path: { id: string; level: string }[] = [];
    for (let at: string | null = Object.hasOwn(TREE, id) ? id : null; at !== null; at = TREE[at])
      path.unshift({ id: at, level: LEVEL[at] });
    return path;
  },
  locate: () => ({ gridId: "a" }),
};

class Scene {
  readonly rows = new Map<string, unknown>();
  readonly of = profile([]);
  #rules;
  area: AreaRules;
  constructor(text: string) {
    const { rules, problems } = loadAreaRules(HEAD + text, "rules.yaml", (id) => id in TREE);
    expect(problems).toEqual([]);
    this.#rules = rules;
    this.area = this.#make();
    this.tick(0);
  }
  #make(): AreaRules {
    const area = new AreaRules({ rules: this.#rules, grids, durationScale: 1, allowedLatenessMs: 2 * MINUTE, counters: new RuleCounters() }); // prettier-ignore
    area.load([...this.rows].map(([key, state]): FoldStateRow => ({ room: "rules", key, state })));
    return area;
  }
  read(minute: number, id: number, gridId: string | null, pressure: number, late = false): string[] {
    return brief(this.sampled(minute, minute, id, gridId, pressure, late));
  }
  /** A record that arrives at `minute`. */
  sampled(minute: number, at: number, id: number, gridId: string | null, pressure: number, late = false): Finding[] {
    const out: Finding[] = [];
    this.tick(minute, out);
    const record = new RecordBuffer();
    record.push(0, pressure, 0);
    this.area.observe({ ...device(this.of, id), gridId }, T0 + at * MINUTE, record, late, out);
    return out;
  }
  tick(minute: number, out: Finding[] = []): Finding[] {
    this.area.tick(T0 + minute * MINUTE, out);
    return out;
  }
  find(minute: number, kind: string, phase: Finding["phase"], gridId: string, subject = "place:cam"): string[] {
    const out: Finding[] = [];
    this.tick(minute, out);
    const rest = {
      severity: 3 as const,
      device: null,
      lon: null,
      lat: null,
      source: "vision:x",
      evidence: {},
      late: false,
    };
    this.area.found([{ kind, phase, ts: T0 + minute * MINUTE, subject, gridId, ...rest }], out);
    return brief(out);
  }
  flag(minute: number, value: string, grid = "", until: number | null = null): string[] {
    const out: Finding[] = [];
    this.area.setFlag(
      { name: "weather.rain", grid, value, until: until === null ? null : T0 + until * MINUTE },
      T0 + minute * MINUTE,
      out,
    );
    return brief(out);
  }
  /** Other rules in force. @param found kinds and grids of what is active now */
  rules(minute: number, text: string, found: readonly (readonly [kind: string, grid: string])[] = []): string[] {
    const { rules, problems } = loadAreaRules(HEAD + text, "rules.yaml", (id) => id in TREE);
    expect(problems).toEqual([]);
    const out = this.tick(minute, []);
    this.#rules = rules;
    const rest = { phase: "raise" as const, severity: 3 as const, device: null, lon: null, lat: null, source: "vision:x", evidence: {}, late: false }; // prettier-ignore
    this.area.setRules(
      rules,
      found.map(([kind, gridId]) => ({ kind, gridId, subject: "place:cam", ts: T0 + minute * MINUTE, ...rest })),
      T0 + minute * MINUTE,
      out,
    );
    return brief(out);
  }
  restart(): void {
    const out: FoldStateRow[] = [];
    this.area.drain(out);
    for (const { key, state } of out) {
      if (state === null) this.rows.delete(key);
      else this.rows.set(key, JSON.parse(JSON.stringify(state)));
    }
    this.area = this.#make();
  }
}

describe("M of N sensors of a grid", () => {
  it("one event on the grid, by timers and over restarts, with who made it", () => {
    const s = new Scene(RULE);
    s.read(0, 1, "a", 5);
    s.read(1, 9, "c", 5); // another town
    s.restart();
    expect(s.read(2, 2, "b", 5)).toEqual([]);
    s.restart();
    const [raise] = s.tick(7);
    expect(raise).toMatchObject({ kind: "flood.spread", phase: "raise", severity: 2, ts: T0 + 7 * MINUTE, gridId: "town", subject: "grid:town", source: "area:spread" }); // prettier-ignore
    expect(raise.evidence.conditions).toEqual([
      { what: "sensors", when: "pressure > 3", at_least: 2, count: 2, by: ["town/hydrant-1", "town/hydrant-2"] },
    ]);
    expect(s.read(8, 3, "b", 5)).toEqual([]); // one event, not another
    expect(s.read(9, 1, "a", 1)).toEqual([]); // two are left
    expect(s.read(10, 2, "b", 1)).toEqual([]);
    s.restart();
    expect(brief(s.tick(20))).toEqual([`clear@${20 * MINUTE}/2`]);
    s.read(21, 3, "b", 1);
    s.restart();
    expect(s.rows.size).toBe(0);
  });

  it("a sensor counts for the window only, without a message", () => {
    const s = new Scene(RULE);
    s.read(0, 1, "a", 5);
    s.read(29, 2, "a", 5);
    expect(s.tick(60)).toEqual([]); // one minute together, five were asked for
    s.read(61, 1, "a", 5);
    s.read(62, 2, "a", 5);
    expect(brief(s.tick(120))).toEqual([`raise@${67 * MINUTE}/2`, `clear@${101 * MINUTE}/2`]);
  });

  it("late and repeated records raise nothing", () => {
    const s = new Scene(RULE);
    s.tick(60);
    expect(s.read(60, 1, "a", 5)).toEqual([]);
    s.read(60, 1, "a", 5);
    s.read(60, 2, "a", 5, true);
    expect(s.tick(80)).toEqual([]);
  });

  it("one event for each grid of a level", () => {
    const s = new Scene(
      RULE.replace("grid: town", "each: village").replace("for: 5m", "for: 0s").replace("at_least: 2", "at_least: 1"),
    );
    expect(s.read(0, 1, "a", 5)).toEqual(["raise@0/2"]);
    expect(s.read(1, 2, "c", 5)).toEqual([`raise@${MINUTE}/2`]);
    expect(s.area.activeOf(s.area.rules[0])).toEqual(["a", "c"]);
  });
});

describe("conditions together", () => {
  const both = (condition: string) =>
    RULE.replace("for: 5m", "for: 0s").replace("clear_for: 10m", "clear_for: 0s").replace("at_least: 2", "at_least: 1") + `      - ${condition}\n`; // prettier-ignore

  it("a camera's finding and a sensor", () => {
    const s = new Scene(both("{finding: vision.fire, within: 5m}"));
    expect(s.find(0, "vision.fire", "raise", "b")).toEqual([]);
    expect(s.find(1, "vision.fire", "clear", "b")).toEqual([]);
    expect(s.read(2, 1, "a", 5)).toEqual([`raise@${2 * MINUTE}/2`]);
    expect(brief(s.tick(10))).toEqual([`clear@${6 * MINUTE}/2`]);
    expect(s.find(11, "vision.fire", "raise", "c")).toEqual([]); // elsewhere
    expect(s.find(12, "vision.fire", "raise", "a")).toEqual([`raise@${12 * MINUTE}/2`]);
  });

  it("a sensor and another device", () => {
    const s = new Scene(both('{device: town/hydrant-7, when: "pressure < 1"}'));
    s.read(0, 1, "a", 5);
    expect(s.read(1, 7, "c", 0.5)).toEqual([`raise@${MINUTE}/2`]);
    expect(s.read(2, 7, "c", 2)).toEqual([`clear@${2 * MINUTE}/2`]);
  });

  it("a sensor and a flag, which ends by itself and counts below its grid only", () => {
    const s = new Scene(both("{flag: weather.rain, is: [orange, red]}"));
    s.read(0, 1, "a", 5);
    expect(s.flag(1, "red", "other")).toEqual([]);
    expect(s.flag(2, "yellow")).toEqual([]);
    s.restart();
    expect(s.flag(3, "red", "county", 20)).toEqual([`raise@${3 * MINUTE}/2`]);
    s.restart();
    expect(brief(s.tick(19))).toEqual([]);
    expect(brief(s.tick(20))).toEqual([`clear@${20 * MINUTE}/2`]);
  });
});

it("a rule that is configured no more ends its event", () => {
  const s = new Scene(RULE.replace("for: 5m", "for: 0s").replace("at_least: 2", "at_least: 1"));
  s.read(0, 1, "a", 5);
  s.restart();
  const area = new AreaRules({
    rules: [],
    grids,
    durationScale: 1,
    allowedLatenessMs: 0,
    counters: new RuleCounters(),
  });
  area.load([...s.rows].map(([key, state]): FoldStateRow => ({ room: "rules", key, state })));
  const out: Finding[] = [];
  area.tick(T0 + MINUTE, out);
  expect(out).toMatchObject([{ phase: "clear", kind: "flood.spread", subject: "grid:town", gridId: "town" }]);
  const rows: FoldStateRow[] = [];
  area.drain(rows);
  expect(rows).toEqual([{ room: "rules", key: "@area spread|town", state: null }]);
});

describe("what is wrong with a file is said with line, field and expectation:", () => {
  it.each([
    ["severity: 2", "severity: 5", "6:area.spread.severity", /expected one of 1, 2, 3, 4/],
    ["grid: town", "grid: twon", "7:area.spread.grid", /no grid "twon"/],
    ["    grid: town\n", "", "3:area.spread.grid", /expected grid/],
    ["for: 5m", "for: 5", "8:area.spread.for", /a duration such as/],
    ["for: 5m", "fro: 5m", "8:area.spread.fro", /unknown field; expected title, event/],
    ['when: "pressure > 3", ', "", "11:area.spread.all[0]", /expected when/],
    ["pressure > 3", "pressure >", "11:area.spread.all[0].when", /column 11/],
    ["pressure > 3", "pressure > limit", "11:area.spread.all[0].when", /write the number/],
    ["sensors: hydrant", "sensors: hydrant, flag: x", "11:area.spread.all[0]", /exactly one of sensors, device/],
    ["within: 30m", "is: red", "11:area.spread.all[0].is", /no meaning for sensors; expected when, at_least, within/],
  ] as const)("%s -> %s", (from, to, where, message) => {
    const { rules, problems } = loadAreaRules((HEAD + RULE).replace(from, to), "r.yaml", (id) => id in TREE);
    expect(rules).toEqual([]);
    expect(problems.map(({ line, path }) => `${line}:${path}`)).toContain(where);
    expect(problems.map((p) => p.message).join("\n")).toMatch(message);
  });

  it("kinds and metrics that no profile has are warned of", () => {
    const { rules } = loadAreaRules(HEAD + RULE.replace("pressure", "presure"), "r.yaml");
    expect(checkAgainstProfiles(rules, "r.yaml", [profile([])])).toMatchObject([
      { path: "area.spread.all[0].when", level: "warning" },
    ]);
    expect(checkAgainstProfiles(rules, "r.yaml", [])).toMatchObject([
      { message: 'no profile of kind or name "hydrant"' },
    ]);
  });
});

describe("rules that change while the hub runs", () => {
  const edited = RULE.replace("at_least: 2", "at_least: 1");
  const started = (text: string) => {
    const s = new Scene(text);
    s.read(0, 1, "a", 5);
    s.read(1, 2, "b", 5);
    return s;
  };

  it("a rule that says the same goes on with its hold, whoever comes or goes beside it", () => {
    const s = started(RULE);
    const other = RULE.replace("spread:", "other:").replace("flood.spread", "flood.other");
    expect(s.rules(3, RULE + other)).toEqual([]);
    s.read(4, 3, "b", 1); // the values that are known are still known
    expect(s.read(6, 3, "b", 5)).toEqual([`raise@${6 * MINUTE}/2`]);
    s.restart();
    expect(s.rules(8, RULE)).toEqual([]);
    expect(s.area.activeOf(s.area.rules[0])).toEqual(["town"]);
  });

  it("a new rule counts from its activation: readings that come, flags and findings that are there", () => {
    const s = started(RULE);
    const wet = `  wet:
    title: {zh: 雨, en: wet}
    event: flood.wet
    severity: 1
    grid: town
    for: 2m
    all:
      - {flag: weather.rain, is: red}
      - {finding: vision.fire, within: 5m}
`;
    s.flag(2, "red", "county");
    expect(s.rules(3, RULE + wet, [["vision.fire", "a"]])).toEqual([]);
    expect(brief(s.tick(5))).toEqual([`raise@${5 * MINUTE}/1`]);
    expect(s.find(6, "vision.fire", "clear", "a")).toEqual([`raise@${6 * MINUTE}/2`]); // the other rule's
    expect(brief(s.tick(12)).filter((line) => line.endsWith("/1"))).toEqual([`clear@${11 * MINUTE}/1`]);
  });

  it("an edited rule keeps its event and those who satisfy what it still asks for", () => {
    const s = started(RULE);
    expect(brief(s.tick(6))).toEqual([`raise@${6 * MINUTE}/2`]);
    expect(s.rules(7, RULE.replace("for: 5m", "for: 1m"))).toEqual([]);
    expect(s.area.activeOf(s.area.rules[0])).toEqual(["town"]);
    // another condition: nobody is known to satisfy it, so the all-clear runs, over a restart, too
    expect(s.rules(8, edited.replace("pressure > 3", "pressure > 4"))).toEqual([]);
    s.restart();
    expect(brief(s.tick(18))).toEqual([`clear@${18 * MINUTE}/2`]);
  });

  it("what a rule that was taken away had raised ends with the next tick, and leaves no row", () => {
    const s = started(RULE);
    s.tick(6);
    s.restart();
    expect(s.rules(7, RULE.replace("spread:", "renamed:"))).toEqual([]);
    expect(brief(s.tick(8))).toEqual([`clear@${8 * MINUTE}/4`]);
    s.restart();
    expect([...s.rows.keys()].filter((key) => key.includes("spread"))).toEqual([]);
  });
});

describe("records that come late, within the lateness", () => {
  const quick = RULE.replace("for: 5m", "for: 20s").replace("clear_for: 10m", "clear_for: 0s");
  const at = (seconds: number) => seconds / 60;

  it("what was true together and is over when it is seen is a late finding, with who made it", () => {
    const s = new Scene(quick);
    s.read(0, 1, "a", 5);
    s.read(at(60), 1, "a", 1);
    const out = s.sampled(at(90), at(10), 2, "b", 5);
    expect(out.map(({ phase, ts, late }) => [phase, (ts - T0) / 1000, late])).toEqual([
      ["raise", 30, true],
      ["clear", 60, true],
    ]);
    expect(out[0].evidence.conditions).toMatchObject([{ count: 2, by: ["town/hydrant-1", "town/hydrant-2"] }]);
  });

  it("a hold begins when the last of them began, whoever was heard first", () => {
    const s = new Scene(quick);
    s.read(at(50), 1, "a", 5);
    expect(s.sampled(at(60), at(40), 2, "b", 5)).toEqual([]);
    expect(brief(s.tick(at(75)))).toEqual(["raise@70000/2"]);
  });

  it("what is older than the lateness changes nothing", () => {
    const s = new Scene(quick);
    s.read(0, 1, "a", 5);
    s.read(at(60), 1, "a", 1);
    expect(s.sampled(at(200), at(10), 2, "b", 5)).toEqual([]);
  });
});
