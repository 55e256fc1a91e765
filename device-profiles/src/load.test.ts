import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadFile, loadProfiles, loadText } from "./load.ts";

const GOOD = `profile: v1
id: acme/gauge@1.2.0
kind: flood_gauge
title: {zh: 水位计, en: Gauge}
use: [battery]
transport: {uplink: telemetry, expect_every: 10m, grace: 3}
metrics:
  water_level: {range: [0, 10]}
  battery_percent: {}
  slope: {unit: "1", title: {zh: 坡度, en: Slope}}
quality:
  water_level: {max_step: 0.3/1m, stuck: 48h}
alarms:
  high:
    title: {zh: 水位高, en: Water high}
    event: flood.warning
    severity: 3
    when: water_level > limit
    limit: {attribute: warning_level, default: 3}
    clear: water_level < limit - 0.05
    for: 1m
    escalate: [{after: 2h, to: 2}, {after: 4h, to: 1}]
  silent: {event: device.silent, severity: 4, no_data: water_level, suppress_if: edge_offline}
`;

/** Problems of GOOD after a change, as `line:path: message`. */
function problemsOf(from: string, to: string): string[] {
  expect(GOOD).toContain(from);
  return loadText(GOOD.replace(from, to), "x.yaml").problems.map((p) => `${p.line}:${p.path}: ${p.message}`);
}

describe("loadText", () => {
  it("compiles metrics, qualities and alarms", () => {
    const { profile, problems } = loadText(GOOD, "x.yaml");
    expect(problems).toEqual([]);
    const p = profile?.compiled;
    expect(p).toMatchObject({
      id: "acme/gauge@1.2.0",
      titleZh: "水位计",
      expectEveryMs: 600_000,
      grace: 3,
      sequenced: true,
      keepRaw: false,
      uplink: "telemetry",
      positions: false,
    });
    expect(p?.metrics.map((m) => m.name)).toEqual(["water_level", "battery_percent", "slope", "battery"]);
    expect(p?.metricIndex.get("slope")).toBe(2);
    expect(p?.metrics[0]).toMatchObject({
      unit: "m",
      range: [0, 10],
      maxStep: { by: 0.3, ms: 60_000 },
      stuckMs: 172_800_000,
      titleZh: "水位",
    });
    expect(p?.alarms.map((a) => a.name)).toEqual(["high", "silent", "low_battery"]);
    expect(p?.alarms[0]).toEqual({
      name: "high",
      event: "flood.warning",
      severity: 3,
      when: [
        { metric: 0, fn: "value", windowMs: 0, op: ">", limit: { attribute: "warning_level", default: 3 }, offset: 0 },
      ],
      clear: [
        {
          metric: 0,
          fn: "value",
          windowMs: 0,
          op: "<",
          limit: { attribute: "warning_level", default: 3 },
          offset: -0.05,
        },
      ],
      forMs: 60_000,
      clearForMs: 0,
      repeat: null,
      noData: null,
      noDataMs: 0,
      escalate: [
        { afterMs: 7_200_000, to: 2 },
        { afterMs: 14_400_000, to: 1 },
      ],
      levels: [],
      suppressIf: null,
      suppressedBy: [],
      schedule: null,
      latch: false,
      quietMs: 0,
    });
    expect(p?.alarms[1]).toMatchObject({ noData: 0, noDataMs: 1_800_000, suppressIf: "edge_offline", when: [] });
    expect(p?.alarms[2]).toMatchObject({ event: "device.low_battery", repeat: { m: 2, n: 3 } });
  });

  it.each([
    ["kind: flood_gauge", "knd: flood_gauge", '3:knd: unknown field; did you mean "kind"?'],
    ["kind: flood_gauge\n", "", "1:: missing: kind"],
    ["id: acme/gauge@1.2.0", "id: acme/gauge", "2:id: expected maker/model@1.2.3"],
    ["uplink: telemetry", "uplink: telemetri", "6:transport.uplink: expected one of telemetry, raw, frame"],
    ["expect_every: 10m", "expect_every: 10", "6:transport.expect_every: expected string, found 10"],
    ["expect_every: 10m", "expect_every: ten", "6:transport.expect_every: expected a duration"],
    ["severity: 3", "severity: 5", "17:alarms.high.severity: expected one of 1, 2, 3, 4, found 5"],
    [
      "water_level > limit",
      "water_leve > limit",
      '18:alarms.high.when: no metric "water_leve" in this profile; did you mean "water_level"?',
    ],
    ["water_level > limit", "water_level >< limit", "18:alarms.high.when: column 14"],
    ["    limit: {attribute: warning_level, default: 3}\n", "", "18:alarms.high.when: the expression uses limit"],
    ["water_level < limit - 0.05", "water_level < limit + 0.05", "20:alarms.high.clear: holds while"],
    ["default: 3}", "default: 12}", "18:alarms.high.when: never true: water_level is within 0 and 10"],
    ["{after: 4h, to: 1}", "{after: 4h, to: 3}", "22:alarms.high.escalate[1].to: expected a higher severity than 2"],
    [
      "no_data: water_level",
      'when: "water_level < 1", no_data: water_level',
      "23:alarms.silent: expected either when or no_data",
    ],
    ["expect_every: 10m, ", "", "23:alarms.silent.no_data: expected after:"],
    ["  battery_percent: {}", "  batery_percent: {}", "9:metrics.batery_percent: a metric of your own needs a unit"],
    ['unit: "1"', "unit: furlong", "10:metrics.slope.unit: unknown unit"],
    ["range: [0, 10]", "unit: cm", "8:metrics.water_level.unit: water_level is stored in m everywhere"],
    ["range: [0, 10]", "range: [10, 0]", "8:metrics.water_level.range: expected [low, high]"],
    ["use: [battery]", "use: [batteries]", "5:use[0]: expected one of battery"],
    ["uplink: telemetry", "uplink: raw", "6:transport.uplink: raw frames need a codec"],
    ["  water_level: {max", "  level: {max", '12:quality.level: no metric "level"'],
    ["title: {zh: 水位计, en: Gauge}", "title: [", "not YAML"],
  ])("reports %j -> %j", (from, to, expected) => {
    expect(problemsOf(from, to).join("\n")).toContain(expected);
  });

  it("gives line and column", () => {
    const [problem] = loadText(GOOD.replace("kind: flood_gauge", "kind: 5"), "x.yaml").problems;
    expect(problem).toMatchObject({ file: "x.yaml", line: 3, column: 1, path: "kind", level: "error" });
  });

  it("survives what is no profile at all", () => {
    for (const text of ["", "5", "[]", "null", "a: &a [*a]", `x: ${"[".repeat(5000)}`])
      expect(loadText(text, "x").profile, text.slice(0, 20)).toBeNull();
  });
});

describe("loadProfiles", () => {
  let dir = "";
  beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), "profiles-"))));
  afterEach(() => rmSync(dir, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);

  it("finds the exact and the newest version by number", () => {
    write("a.yaml", GOOD.replace("1.2.0", "1.9.0"));
    write("b.yml", GOOD.replace("1.2.0", "1.10.0").replace("水位高", "水位过高"));
    write("c.txt", "not a profile");
    const { profiles, problems } = loadProfiles([dir]);
    expect(problems).toEqual([]);
    expect(profiles.get("acme/gauge")?.id).toBe("acme/gauge@1.10.0");
    expect(profiles.get("acme/gauge@1.9.0")?.id).toBe("acme/gauge@1.9.0");
    expect(profiles.get("acme/gauge@2.0.0")).toBeUndefined();
    expect(profiles.get("acme")).toBeUndefined();
    expect(profiles.all().map((p) => p.id)).toEqual(["acme/gauge@1.10.0", "acme/gauge@1.9.0"]);
    expect(profiles.eventTitles().get("flood.warning")).toEqual({ zh: "水位过高", en: "Water high" });
    expect(profiles.eventTitles().get("device.low_battery")?.zh).toBe("设备电量低");
  });

  it("leaves out what has an error, keeps the rest, and reports a double id and a missing folder", () => {
    write("a.yaml", GOOD);
    write("b.yaml", GOOD);
    write("c.yaml", "profile: v2");
    const { profiles, problems } = loadProfiles([dir, join(dir, "none")]);
    expect(profiles.size).toBe(1);
    expect(problems.map((p) => p.file.slice(dir.length + 1))).toEqual(
      expect.arrayContaining(["b.yaml", "c.yaml", "none"]),
    );
    expect(problems.find((p) => p.file.endsWith("b.yaml"))?.message).toContain("already defined");
  });

  it("refuses a file of unreasonable size", () => {
    write("a.yaml", " ".repeat(1_100_000));
    expect(loadFile(join(dir, "a.yaml")).problems[0].message).toContain("at most");
  });
});
