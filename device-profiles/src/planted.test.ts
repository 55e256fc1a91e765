import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { profileCommand } from "./cli/profile.ts";
import { loadText } from "./load.ts";
import type { Problem } from "./problem.ts";
import { testProfile } from "./vector.ts";

// What an integrator gets wrong on a first evening. Each mistake is planted into a sound profile; the linter must name file, line and
// what to do instead.

const SOUND = `profile: v1
id: acme/gauge@1.0.0
kind: flood_gauge
title: {zh: 水位计, en: Gauge}
use: [battery]
transport: {uplink: raw, expect_every: 10m}
metrics:
  echo: {unit: dB, title: {zh: 回波, en: Echo}}
codec:
  fixed:
    frame: {start: "68", length: 12, check: {crc16_modbus: [-2, -1]}}
    select: {at: 1}
    cases:
      0x01:
        - {n: distance, at: 2, t: u16, unit: mm, range: [0, 5000]}
        - {n: echo, t: u8}
        - {n: leak, at: 5, bit: 0}
        - {n: battery, at: 6, t: u16, unit: mV}
        - {n: _raw, at: 8, t: u8}
        - {n: temperature, calc: _raw - 40}
        - {n: tilt, at: 9, t: i8}
quality:
  distance: {max_step: 1/1m}
alarms:
  high:
    title: {zh: 水位高, en: Water high}
    event: flood.warning
    severity: 3
    when: distance < limit
    limit: {attribute: min_distance, default: 1}
    clear: distance > limit + 0.1
    escalate: [{after: 2h, to: 2}]
  silent: {event: device.silent, severity: 4, no_data: distance}
simulate:
  distance: {walk: [2, 0.1]}
vectors:
  - {hex: "68 01 07 d0 14 01 0e 10 3c 02 c2 d0", out: {distance: 2, echo: 20, leak: true, battery: 3.6, temperature: 20, tilt: 2}}
`;

/** [name, what stands there, what is written instead, line, path, advice] */
const PLANTED: readonly (readonly [string, string, string, number, string, RegExp])[] = [
  ["a key misspelt", "kind: flood", "knid: flood", 3, "knid", /did you mean "kind"/],
  ["an id without a version", "gauge@1.0.0", "gauge", 2, "id", /maker\/model@1\.2\.3/],
  ["a duration without a unit", "expect_every: 10m", "expect_every: 10", 6, "transport.expect_every", /expected string/],
  ["a metric misspelt", "n: tilt", "n: tillt", 21, "codec.fixed.cases.1[6].n", /did you mean "tilt"/],
  ["a metric of its own undeclared", "  echo: {unit: dB, title: {zh: 回波, en: Echo}}", "  hum: {unit: dB, title: {zh: 噪声, en: Hum}}", 16, "codec.fixed.cases.1[1].n", /declared under metrics/], // prettier-ignore
  ["a unit that is none", "unit: mm", "unit: milimeter", 15, "codec.fixed.cases.1[0].unit", /unknown unit "milimeter".*UCUM/],
  ["a unit of another kind", "unit: mm", "unit: kPa", 15, "codec.fixed.cases.1[0].unit", /cannot be converted to distance's unit, m/],
  ["a range turned round", "range: [0, 5000]", "range: [5000, 0]", 15, "codec.fixed.cases.1[0].range", /low < high/],
  ["a bit that the byte lacks", "bit: 0}", "bit: 8}", 17, "codec.fixed.cases.1[2].bit", /u8 has bits 0 to 7/],
  ["a value read over another", "battery, at: 6", "battery, at: 3", 18, "codec.fixed.cases.1[3]", /reads bytes of distance again/],
  ["a value beyond the frame", "tilt, at: 9, t: i8", "tilt, at: 9, t: i16", 14, "codec.fixed.cases.1", /need 11 bytes, the frame's length leaves 10/],
  ["check bytes in the wrong place", "[-2, -1]}", "[-3, -1]}", 11, "codec.fixed.frame.check.crc16_modbus", /neighbouring positions/],
  ["a case that cannot come", "0x01:", "0x101:", 14, "codec.fixed.cases.257", /never reached: the selector has 8 bits/],
  ["a metric twice", "n: echo, t: u8", "n: tilt, t: u8", 21, "codec.fixed.cases.1[6]", /tilt stands twice/],
  ["a formula with a typo", "calc: _raw - 40", "calc: _rav - 40", 20, "codec.fixed.cases.1[5].calc", /column 1 .* no value "_rav" stands before/],
  ["a hidden value for nothing", "calc: _raw - 40", "calc: tilt - 40", 20, "codec.fixed.cases.1[5].calc", /no value "tilt" stands before/],
  ["an alarm on nothing", "when: distance <", "when: water_level <", 29, "alarms.high.when", /no metric "water_level".* it has: distance/],
  ["an alarm on what never comes", "no_data: distance", "no_data: battery_percent", 33, "alarms.silent", /never raised: no field of the codec gives battery_percent/],
  ["an alarm that flaps", "clear: distance > limit + 0.1", "clear: distance > limit - 0.1", 31, "alarms.high.clear", /would flap/],
  ["an alarm that cannot be", "default: 1}", "default: -2}", 29, "alarms.high.when", /never true: distance is within 0 and 5/],
  ["an escalation downwards", "to: 2}", "to: 4}", 32, "alarms.high.escalate[0].to", /higher severity than 3/],
  ["silence that nobody expects", ", expect_every: 10m", "", 33, "alarms.silent.no_data", /expected after:/],
  ["a simulation out of range", "walk: [2, 0.1]", "walk: [2000, 1]", 35, "simulate.distance", /2000 lies outside distance's range, 0 to 5/],
  ["a vector that says nothing", ", out: {distance: 2, echo: 20, leak: true, battery: 3.6, temperature: 20, tilt: 2}", "", 37, "vectors[0]", /either out or reject/],
  ["an arrival without a zone", "vectors:\n  - {hex", 'vectors:\n  - {at: "2026-01-31T08:00:00", hex', 37, "vectors[0].at", /a time with a zone/],
  ["no vector", SOUND.slice(SOUND.indexOf("vectors:")), "", 1, "vectors", /give at least one frame/],
]; // prettier-ignore

/** A list of earlier samples, and what goes wrong with one. */
const LOGGER = `profile: v1
id: acme/logger@1.0.0
kind: flood_gauge
title: {zh: 自记水位计, en: Logger}
transport: {uplink: raw}
codec:
  fixed:
    frame: {length: 11}
    fields:
      - {n: water_level, t: u16, unit: mm}
      - {n: _interval, t: u8, scale: 60}
    past:
      count: 4
      every: _interval
      order: oldest
      fields:
        - {n: water_level, t: u16, unit: mm}
vectors:
  - {hex: "04 b0 0f 00 01 00 02 00 03 00 04", out: {water_level: 1.2}}
`;

const PLANTED_PAST: typeof PLANTED = [
  ["samples without a time", "      every: _interval\n      order: oldest\n", "", 12, "codec.fixed.past", /need their time/],
  ["samples with two times", "- {n: water_level, t: u16, unit: mm}\nvectors", "- {n: sampled_at, t: unix_s}\nvectors", 12, "codec.fixed.past", /expected one of/],
  ["an interval misspelt", "every: _interval", "every: _intervall", 14, "codec.fixed.past.every", /no value "_intervall" stands before/],
  ["an interval without a unit", "every: _interval", "every: 15", 14, "codec.fixed.past.every", /expected string/],
  ["a count that is read nowhere", "count: 4", "count: _count", 13, "codec.fixed.past.count", /no value "_count" stands before/],
  ["more samples than the frame holds", "count: 4", "count: 5", 12, "codec.fixed.past", /13 bytes, the frame's length leaves 11/],
  ["more samples than any frame may bring", "count: 4", "count: 4000", 13, "codec.fixed.past.count", /500/],
  ["samples nearer than they are long", "count: 4", "size: 1\n      count: 4", 13, "codec.fixed.past.size", /need 2 bytes/],
  ["a list within the fields", "count: 4", "at: 2\n      count: 4", 13, "codec.fixed.past.at", /within the fields before it, which end at byte 3/],
  ["an order of what has its own time", "every: _interval", "age: _interval", 15, "codec.fixed.past.order", /no meaning without every/],
  ["an order that a cut frame turns round", "{length: 11}\n", "{length: [5, 99]}\n", 14, "codec.fixed.past.order", /date the others wrongly/],
  ["a position before the sample", "- {n: water_level, t: u16, unit: mm}\nvectors", "- {n: water_level, at: -2, t: u16, unit: mm}\nvectors", 17, "codec.fixed.past.fields[0].at", /count from its start/],
  ["a word of the list misspelt", "order: oldest", "ordre: oldest", 15, "codec.fixed.past.ordre", /order/],
]; // prettier-ignore

const ALL = [...PLANTED.map((p) => [SOUND, ...p] as const), ...PLANTED_PAST.map((p) => [LOGGER, ...p] as const)];

describe("a planted mistake is found:", () => {
  const found = new Map<string, readonly Problem[]>();
  let sound: readonly Problem[] = [];
  let dir = "";
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "planted-"));
    const lint = async (file: string, text: string): Promise<readonly Problem[]> => {
      writeFileSync(join(dir, file), text);
      const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
      await profileCommand(["lint", join(dir, file), "--json"]);
      const printed = String(log.mock.calls[0][0]);
      log.mockRestore();
      return (JSON.parse(printed) as { problems: Problem[] }).problems;
    };
    sound = await lint("sound.yaml", SOUND);
    sound = [...sound, ...(await lint("logger.yaml", LOGGER))];
    for (const [whole, name, from, to] of ALL) {
      // an order of a list without a count is told only where nothing counts it
      const text = name.includes("turns round") ? whole.replace("      count: 4\n", "") : whole;
      found.set(name, await lint(`${name.replaceAll(" ", "-")}.yaml`, text.replace(from, to)));
    }
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it("none in the sound profile", () => {
    expect(sound).toEqual([]);
    for (const text of [SOUND, LOGGER]) {
      const { profile } = loadText(text, "sound");
      expect(profile === null ? null : testProfile(profile).failures).toEqual([]);
    }
    expect(PLANTED.length).toBeGreaterThanOrEqual(20);
  });

  it.each(ALL.map(([whole, name, ...rest]) => [name, whole, ...rest] as const))(
    "%s",
    (name, whole, from, _to, line, path, advice) => {
      expect(whole).toContain(from);
      const problems = found.get(name) ?? [];
      const problem = problems.find((p) => p.path === path && advice.test(p.message));
      expect(problem, JSON.stringify(problems, null, 1)).toBeDefined();
      expect(problem?.line).toBe(line);
      expect(problem?.file).toBe(join(dir, `${name.replaceAll(" ", "-")}.yaml`));
    },
  );
});
