import { describe, expect, it } from "vitest";
import { loadText } from "./load.ts";

// Mistakes in what alarms and derived metrics can say, planted into a sound profile; lint must name the line and what to do.

const SOUND = `profile: v1
id: acme/gauge@1.0.0
kind: flood_gauge
title: {zh: 水位计, en: Gauge}
transport: {uplink: telemetry, expect_every: 10m}
metrics:
  water_level: {}
  volume: {}
  status: {}
  head: {unit: m, title: {zh: 水头, en: Head}}
  rising: {unit: cm/h, title: {zh: 上涨, en: Rising}}
derived:
  head: {formula: "water_level - 0.2", max_age: 1h}
  rising: {rate: water_level, window: 30m}
  flow: {rate: volume, counter: true, rollover: 100000}
alarms:
  high:
    event: flood.warning
    severity: 3
    when: water_level > limit
    limit: {attribute: warning_level, default: 3}
    escalate: [{after: 2h, to: 2}, {when: "water_level > limit + 1", clear: "water_level < limit + 0.9", to: 1}]
    latch: true
  night:
    event: flood.night
    severity: 3
    when: difference(water_level, 1h) > 0.5
    for: 10m
    schedule: [mon-fri 22:00-06:00, sat-sun]
    time_zone: Asia/Shanghai
    suppress_if: [edge_offline, high]
    clear_after_quiet: 1h
`;

/** [name, what stands there, what is written instead, where, advice] */
const PLANTED: readonly (readonly [string, string, string, string, RegExp])[] = [
  ["a window that is none", "mon-fri 22:00-06:00", "mon-fri 22-06", "29:alarms.night.schedule[0]", /such as "mon-fri 22:00-06:00"/],
  ["a day that is none", "sat-sun", "sat-son", "29:alarms.night.schedule[1]", /"sat-son" is no day/],
  ["a window without time", "22:00-06:00", "22:00-22:00", "29:alarms.night.schedule[0]", /never open/],
  ["a hold longer than every window", "for: 10m", "for: 3d", "29:alarms.night.schedule", /never raised: the longest window/],
  ["a schedule for nothing", "[mon-fri 22:00-06:00, sat-sun]", "daily", "29:alarms.night.schedule", /always open/],
  ["a time zone that is none", "Asia/Shanghai", "Asia/Shangri-La", "30:alarms.night.time_zone", /unknown time zone.*IANA/],
  ["a time zone without schedule", "    schedule: [mon-fri 22:00-06:00, sat-sun]\n", "", "29:alarms.night.time_zone", /belongs to schedule/],
  ["an alarm misspelt", "[edge_offline, high]", "[edge_offline, hihg]", "31:alarms.night.suppress_if", /no alarm "hihg"; did you mean "high"\?/],
  ["an alarm that suppresses itself", "[edge_offline, high]", "night", "31:alarms.night.suppress_if", /cannot suppress itself/],
  ["alarms that suppress each other", "    latch: true", "    suppress_if: night", "23:alarms.high.suppress_if", /suppress each other/],
  ["quiet shorter than the hold", "clear_after_quiet: 1h", "clear_after_quiet: 1m", "32:alarms.night.clear_after_quiet", /shorter than for/],
  ["a step by time and condition", "{after: 2h, to: 2}", "{after: 2h, when: water_level > 4, to: 2}", "22:alarms.high.escalate[0]", /either after or when/],
  ["a step downwards", "to: 1}", "to: 4}", "22:alarms.high.escalate[1].to", /higher severity than 3/],
  ["a step that flaps", "limit + 0.9", "limit + 1.5", "22:alarms.high.escalate[1].clear", /would flap/],
  ["a step on nothing", "water_level > limit + 1", "water_levl > 4", "22:alarms.high.escalate[1].when", /did you mean "water_level"/],
  ["a difference of nothing", "difference(water_level, 1h)", "difference(level, 1h)", "27:alarms.night.when", /no metric "level"/],
  ["a difference without window", "difference(water_level, 1h)", "difference(water_level)", "27:alarms.night.when", /difference\(level, 10m\)/],
  ["a formula on nothing", "water_level - 0.2", "water_levle - 0.2", "13:derived.head.formula", /did you mean "water_level"/],
  ["a sum of two kinds", "water_level - 0.2", "water_level - volume", "13:derived.head.formula", /subtracts m and m3/],
  ["a formula in another unit", 'formula: "water_level - 0.2"', 'formula: "volume - 0.2"', "13:derived.head.formula", /gives m3, but head is in m/],
  ["a formula of words", "water_level - 0.2", "water_level - status", "13:derived.head.formula", /status is a text/],
  ["a formula that is a constant", "water_level - 0.2", "3 - 0.2", "13:derived.head.formula", /a constant/],
  ["a formula of itself", "water_level - 0.2", "head2 - 0.2", "13:derived.head.formula", /no metric "head2"/],
  ["a rate in another unit", "rate: water_level", "rate: volume", "14:derived.rising.rate", /rate of volume \(m3\) cannot be given in rising's unit, cm\/h/],
  ["a rollover of no counter", "counter: true", "counter: false", "15:derived.flow.rollover", /only a counter rolls over/],
  ["two ways at once", "window: 30m", "formula: water_level", "14:derived.rising", /exactly one of rate, difference, formula/],
  ["an age where none counts", "window: 30m", "max_age: 30m", "14:derived.rising.max_age", /no meaning for rate/],
]; // prettier-ignore

describe("a planted mistake is found:", () => {
  it("none in the sound profile", () => {
    expect(loadText(SOUND, "sound").problems).toEqual([]);
  });

  it.each(PLANTED)("%s", (_name, from, to, where, advice) => {
    expect(SOUND).toContain(from);
    const { problems } = loadText(SOUND.replace(from, to), "planted");
    expect(problems.map(({ line, path }) => `${line}:${path}`)).toContain(where);
    expect(problems.filter(({ line, path }) => `${line}:${path}` === where).map((p) => p.message).join("\n")).toMatch(advice); // prettier-ignore
  });
});
