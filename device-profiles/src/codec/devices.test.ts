import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { requireOrSkip, SHARED_DATA } from "../../../test/support/require.ts";
import type { CompiledProfile } from "../compiled.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { loadProfiles } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { toReadings } from "../vector.ts";
import { agrees, leaves, type Mapping, type Testcase, testcases } from "./testcase.testing.ts";

// Published frames of real devices, decoded by codecs written from their layout. Every published value is accounted for: it is equal,
// it is in DEVIATIONS with the right value and the reason, or its device is in NEEDS_CODE.

interface Example {
  readonly input: { readonly fPort?: number; readonly hex: string };
  readonly expected: { readonly data?: Readonly<Record<string, unknown>>; readonly errors?: readonly string[] };
}
interface Deviation {
  readonly file: string;
  readonly example: number;
  /** published field, or a pattern of several; "" = the whole frame */
  readonly field: string | RegExp;
  /** what is right: null = not available */
  readonly right: "refused" | number | null;
  readonly because: string;
}

const DEVIATIONS: readonly Deviation[] = [
  {
    ...{ file: "ttn/dragino__ldds75", example: 0, field: "", right: "refused" },
    because: "4 of the layout's 8 bytes; the published words come from reading beyond the end",
  },
  {
    ...{ file: "ttn/dragino__lwl02", example: 0, field: "", right: "refused" },
    because: "7 of the layout's 10 bytes; the published values read missing bytes as 0",
  },
  {
    ...{ file: "ttn/netvox__r720g", example: 1, field: "Latitude", right: null },
    because: "FFFFFFFF means that there is no fix; published as that text",
  },
  {
    ...{ file: "chirpstack/decentlab__dl-smtp", example: 0, field: /_at_depth_[67]$/, right: null },
    because: "no probe at this depth sends 0; published as -327.68 Cel and a moisture of -5",
  },
  {
    ...{ file: "chirpstack/decentlab__dl-tp", example: 0, field: /_at_level_1[1-5]$/, right: null },
    because: "no probe at this level sends 0; published as -327.68 Cel",
  },
  {
    ...{ file: "chirpstack/yobiiq__em4301", example: 10, field: "", right: "refused" },
    because: "no layout for this port; published as an error in words",
  },
];

/** Devices that are decoded by a script of our own, which gives what their frames prove. */
const NEEDS_CODE: Readonly<Record<string, string>> = {
  "ttn/strega__smart-valve":
    "an ASCII frame; which further bit of the status character means what depends on the valve's type and is not published",
};
/** Published fields of the one frame of such a device that nothing in it proves. */
const UNPROVEN = /^(Ana|Cable|Class|DI0|DI1|Fraud|Leak|Power|counterValue|vt)$/;

/** Published beside the values: names of the decoder and the maker, not of anything in the frame. */
const ABOUT_THE_DECODER = /^(codecVersion|genericModel|productCode|manufacturer|fPort)$|\.(name|alias)$/;

const CTD: Mapping = {
  water_depth: ["water_depth", 0.001],
  conductivity: ["electrical_conductivity"],
  freezing: ["freezing_flag", { 0: false, 1: true }],
  battery: ["battery_voltage"],
};
/** Shipped profiles of published devices, against the same frames; what they leave out is not theirs to give. */
const SHIPPED: readonly (readonly [file: string, profile: string, map: Mapping])[] = [
  ["ttn/decentlab__dl-ctd10", "decentlab/dl-ctd10", CTD],
  ["chirpstack/decentlab__dl-ctd10", "decentlab/dl-ctd10", CTD],
  ["ttn/ellenex__pts2-l", "ellenex/pts2-l", { pressure: ["pressure", 0.1], battery: ["batteryVoltage"] }],
  [
    "ttn/milesight-iot__em500-swl",
    "milesight/em500-swl",
    { battery_percent: ["battery"], water_depth: ["distance", 0.01] },
  ],
];

const absent = requireOrSkip("shared codec examples", { path: join(SHARED_DATA, "codecs") });

function examplesOf(file: string): readonly Example[] {
  const text = readFileSync(join(SHARED_DATA, "codecs", `${file}.json`), "utf8");
  return (JSON.parse(text) as { examples: Example[] }).examples;
}

/** Decoded values by metric, earlier samples as past.0.metric; null = refused. */
function decode(profile: CompiledProfile, { input }: Example): Map<string, unknown> | null {
  const out = new RecordBuffer();
  if (profile.decodeFrame(Buffer.from(input.hex, "hex"), input.fPort ?? 0, out) !== null) return null;
  const found = new Map<string, unknown>(toReadings(profile, out).map((r) => [r.metric, r.value]));
  for (let i = 0; i < out.pasts; i++) {
    found.set(`past.${i}.ts`, out.past[i].ts);
    for (const r of toReadings(profile, out.past[i])) found.set(`past.${i}.${r.metric}`, r.value);
  }
  return found;
}

function lookUp(found: ReadonlyMap<string, unknown>, metric: string): unknown {
  if (!metric.includes("+")) return found.get(metric);
  const parts = metric.split("+").map((name) => found.get(name));
  return parts.every((part) => typeof part === "string") ? parts.join("") : undefined;
}

interface Account {
  values: number;
  equal: number;
  deviating: number;
  readonly wrong: string[];
}

function account({ file, profile, map, ignore }: Testcase): Account {
  const sum: Account = { values: 0, equal: 0, deviating: 0, wrong: [] };
  examplesOf(file).forEach((example, index) => {
    const found = decode(profile, example);
    const refusal = DEVIATIONS.find((d) => d.file === file && d.example === index && d.right === "refused");
    if (example.expected.data === undefined || refusal !== undefined) {
      sum.values++;
      if (found !== null) sum.wrong.push(`${example.input.hex}: decoded, expected to be refused`);
      else if (refusal === undefined) sum.equal++;
      else sum.deviating++;
      return;
    }
    for (const [path, published] of leaves(example.expected.data)) {
      // several metrics may be published under one name, in different frames
      const candidates = Object.entries(map).filter(([, [paths = []]]) => [paths].flat().includes(path));
      if (ignore.has(path.slice(path.lastIndexOf(".") + 1))) continue;
      if (candidates.length === 0 && ABOUT_THE_DECODER.test(path)) continue;
      if (candidates.length === 0 && file in NEEDS_CODE && UNPROVEN.test(path)) continue;
      sum.values++;
      const present = candidates.find(([metric]) => found !== null && lookUp(found, metric) !== undefined);
      const [metric, [, meaning]]: readonly [string, Mapping[string]] = present ?? [path, []];
      const value = found === null ? undefined : lookUp(found, metric);
      const deviation = DEVIATIONS.find(
        (d) =>
          d.file === file && d.example === index && (d.field instanceof RegExp ? d.field.test(path) : d.field === path),
      );
      if (deviation !== undefined && value === deviation.right) sum.deviating++;
      else if (deviation === undefined && agrees(value, published, meaning)) sum.equal++;
      else sum.wrong.push(`${example.input.hex} ${path}: ${String(value)}, published ${JSON.stringify(published)}`);
    }
  });
  return sum;
}

// profiles with a script load only after its engine
if (absent === "") await loadScriptEngine();

describe.skipIf(absent)(`published frames ${absent}`, () => {
  const cases = absent === "" ? testcases() : [];
  const accounts = new Map(cases.map((c) => [c.file, account(c)]));

  it.each(cases.map((c) => c.file))("%s", (file) => {
    expect(accounts.get(file)?.wrong).toEqual([]);
    expect(accounts.get(file)?.values).toBeGreaterThan(0);
  });

  it("are those of every device, nine in ten as data, 98 values in a hundred as published or better", () => {
    const all = [...accounts.values()];
    const total = (key: "values" | "equal" | "deviating") => all.reduce((n, a) => n + a[key], 0);
    expect(accounts.size).toBe(87);
    expect(all.filter((a) => a.wrong.length === 0).length / accounts.size).toBeGreaterThan(0.9);
    expect((total("equal") + total("deviating")) / total("values")).toBeGreaterThan(0.98);
    // a deviation that no longer occurs must go
    expect(total("deviating")).toBeGreaterThanOrEqual(DEVIATIONS.length);
    expect(all.filter((a) => a.wrong.length === 0)).toHaveLength(87);
    // as data: all but those that are named with the reason
    const folder = join(import.meta.dirname, "../../testcases");
    const written = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    expect(written.join("\n").match(/^\s+script:/gm)).toHaveLength(Object.keys(NEEDS_CODE).length);
  });

  it.each(SHIPPED)("%s by the shipped %s", (file, id, map) => {
    const profile = loadProfiles([join(import.meta.dirname, "../../profiles")]).profiles.get(id);
    if (profile === undefined) throw new Error(`no profile ${id}`);
    for (const example of examplesOf(file)) {
      const found = decode(profile, example);
      if (example.expected.data === undefined) expect(found, example.input.hex).toBeNull();
      else
        for (const [metric, [path = metric, meaning]] of Object.entries(map)) {
          const published = leaves(example.expected.data).get(String(path));
          if (published !== undefined)
            expect([metric, agrees(found?.get(metric), published, meaning)]).toEqual([metric, true]);
        }
    }
  });
});
