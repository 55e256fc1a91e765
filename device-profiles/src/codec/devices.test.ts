import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { requireOrSkip, SHARED_DATA } from "../../../test/support/require.ts";
import type { CompiledProfile } from "../compiled.ts";
import { loadProfiles, loadText } from "../load.ts";
import { decodeVector } from "../vector.ts";

// Published frames of real devices, decoded by profiles written from their layout: shipped ones, and short ones of this test.

interface Example {
  readonly input: { readonly fPort?: number; readonly hex: string };
  readonly expected: { readonly data?: Readonly<Record<string, unknown>>; readonly errors?: readonly string[] };
}
/** metric -> published field, and what one published unit is in the metric's unit (or the published words) */
type Mapping = Readonly<Record<string, readonly [field: string, unit?: number | Readonly<Record<string, boolean>>]>>;

interface Case {
  readonly file: string;
  readonly profile: string;
  readonly map: Mapping;
}

const head = (model: string) => `profile: v1
id: test/${model}@1.0.0
kind: sensor
title: {zh: ${model}, en: ${model}}
transport: {uplink: raw}
`;

const CTD: Mapping = {
  water_depth: ["water_depth", 0.001],
  temperature: ["temperature"],
  conductivity: ["electrical_conductivity"],
  freezing: ["freezing_flag", { 0: false, 1: true }],
  battery: ["battery_voltage"],
};
const CASES: readonly Case[] = [
  { file: "ttn/decentlab__dl-ctd10", profile: "decentlab/dl-ctd10", map: CTD },
  { file: "chirpstack/decentlab__dl-ctd10", profile: "decentlab/dl-ctd10", map: CTD },
  {
    file: "ttn/ellenex__pts2-l",
    profile: "ellenex/pts2-l",
    map: { pressure: ["pressure", 0.1], battery: ["batteryVoltage"] },
  },
  {
    file: "ttn/milesight-iot__em500-swl",
    profile: "milesight/em500-swl",
    map: { battery_percent: ["battery"], water_depth: ["distance", 0.01] },
  },
  {
    file: "ttn/milesight-iot__em400-mud",
    profile: `${head("mud")}codec:
  tlv:
    endian: le
    id: {t: u16}
    items:
      0x0175: [{n: battery_percent}]
      0x0367: [{n: temperature, t: i16, scale: 0.1}]
      0x0482: [{n: distance, t: u16, unit: mm}]
      0x0500: [{n: motion}]
`,
    map: {
      battery_percent: ["battery"],
      temperature: ["temperature"],
      distance: ["distance", 0.001],
      motion: ["position", { normal: false, tilt: true }],
    },
  },
  {
    file: "ttn/mclimate__flood-sensor",
    profile: `${head("flood")}codec:
  fixed:
    frame: {length: 2}
    fields:
      - {n: tamper, at: 0, bit: 3}
      - {n: leak, at: 0, bit: 4}
      - {n: battery, at: 1, scale: 0.016}
`,
    map: { tamper: ["boxTamper"], leak: ["flood"], battery: ["battery"] },
  },
  {
    file: "ttn/netvox__ra02a",
    profile: `${head("smoke")}codec:
  fixed:
    frame: {length: 11}
    select: {by: port}
    cases:
      6:
        select: {at: 2}
        cases:
          0x00: []
          0x01:
            - {n: battery, at: 3, bits: [0, 6], scale: 0.1}
            - {n: smoke, at: 4}
            - {n: fire, at: 5}
            - {n: temperature, at: 6, t: i16, scale: 0.1}
      7: []
`,
    map: {
      battery: ["Volt"],
      smoke: ["FireAlarm", { Alarm: true }],
      fire: ["HighTempAlarm", { Alarm: true }],
      temperature: ["Temp"],
    },
  },
  {
    file: "ttn/elv__elv-lw-gps1",
    profile: `${head("tracker")}codec:
  tlv:
    start: 4
    header: [{skip: 2}, {n: voltage, t: u16, unit: mV}]
    id: {t: u8}
    items: {}
    unknown: stop
`,
    map: { voltage: ["Supply_Voltage", 0.001] },
  },
  {
    file: "chirpstack/decentlab__dl-dlr2-010",
    profile: `${head("pulse")}metrics:
  pulses: {unit: "1", title: {zh: 脉冲, en: Pulses}}
codec:
  bitmap:
    frame: {start: "02"}
    mask: {at: 3}
    groups:
      0: [{skip: 4}, {n: count, t: u32_lowword}]
      1: [{skip: 4}, {n: pulses, t: u32_lowword}]
      2: [{n: battery, t: u16, scale: 0.001}]
`,
    map: {
      count: ["ch0_cumulative_pulse_count"],
      pulses: ["ch1_cumulative_pulse_count"],
      battery: ["battery_voltage"],
    },
  },
  {
    file: "chirpstack/decentlab__dl-pm",
    profile: `${head("pm")}codec:
  bitmap:
    frame: {start: "02"}
    mask: {at: 3}
    groups:
      0: [{n: battery, t: u16, scale: 0.001}]
      1: [{skip: 2}, {n: pm2_5, t: u16, scale: 0.1}, {skip: 2}, {n: pm10, t: u16, scale: 0.1}, {skip: 12}]
      2: [{n: air_temperature, t: u16, scale: 0.0026812744140625, offset: -46.85}, {n: humidity, t: u16, scale: 0.0019073486328125, offset: -6}]
      3: [{n: air_pressure, t: u16, scale: 2, unit: Pa}]
`,
    map: {
      battery: ["battery_voltage"],
      pm2_5: ["pm2_5_mass_concentration"],
      pm10: ["pm10_mass_concentration"],
      air_temperature: ["air_temperature"],
      humidity: ["air_humidity"],
      air_pressure: ["barometric_pressure", 0.01],
    },
  },
];

const absent = requireOrSkip("shared codec examples", { path: join(SHARED_DATA, "codecs") });
const shipped = loadProfiles([join(import.meta.dirname, "../../profiles")]).profiles;

function profileOf(text: string): CompiledProfile {
  const known = shipped.get(text);
  if (known !== undefined) return known;
  const { profile, problems } = loadText(text, "test");
  if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
  return profile.compiled;
}

function expectedOf(data: Readonly<Record<string, unknown>>, map: Mapping): Map<string, unknown> {
  const result = new Map<string, unknown>();
  for (const [metric, [field, unit]] of Object.entries(map)) {
    const entry = data[field];
    if (entry === undefined) continue;
    const value = typeof entry === "object" && entry !== null && "value" in entry ? entry.value : entry;
    result.set(
      metric,
      typeof unit === "object" ? unit[String(value)] : typeof value === "number" ? value * (unit ?? 1) : value,
    );
  }
  return result;
}

describe.skipIf(absent)(`published frames ${absent}`, () => {
  it.each(CASES.map((c) => [c.file, c] as const))("%s", (file, { profile: text, map }) => {
    const profile = profileOf(text);
    const { examples } = JSON.parse(readFileSync(join(SHARED_DATA, "codecs", `${file}.json`), "utf8")) as {
      examples: Example[];
    };
    expect(examples.length).toBeGreaterThan(0);
    for (const { input, expected } of examples) {
      const decoded = decodeVector(profile, { hex: input.hex, port: input.fPort });
      if (expected.data === undefined) {
        expect(decoded.kind, input.hex).toBe("rejection");
        continue;
      }
      if (decoded.kind !== "readings") throw new Error(`${input.hex}: ${JSON.stringify(decoded)}`);
      const found = new Map(decoded.readings.map((r) => [r.metric, r.value]));
      for (const [metric, value] of expectedOf(expected.data, map)) {
        if (typeof value === "number") expect(found.get(metric), `${input.hex} ${metric}`).toBeCloseTo(value, 6);
        else expect(found.get(metric), `${input.hex} ${metric}`).toBe(value);
      }
    }
  });
});
