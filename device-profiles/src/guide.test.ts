import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { skeleton } from "./cli/skeleton.ts";
import { type LoadedProfile, loadText } from "./load.ts";
import { testProfile } from "./vector.ts";

type Node = Readonly<Record<string, unknown>>;

const guide = readFileSync(join(import.meta.dirname, "../NEW-DEVICE.md"), "utf8");
const blocks = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text);
const [written, ...later] = blocks;
const parts = later.filter((text) => !text.startsWith("profile:"));
const whole = later.filter((text) => text.startsWith("profile:"));
const bytes = /write `(.. ..)` for `CC CC`/.exec(guide)?.[1] ?? "";
const start = /^.*?kind: .*?\n/s.exec(skeleton("acme/wp-7", "pressure_sensor", "fixed"))?.[0];

function load(text: string): LoadedProfile {
  const { profile, problems } = loadText(text, "guide.yaml");
  expect(problems).toEqual([]);
  if (profile === null) throw new Error("a profile of the guide does not load");
  return profile;
}

const failuresOf = (text: string) => testProfile(load(text)).failures.map((f) => f.message);

/** Keys of the same name are joined, all else is replaced, as an author would do it. */
function joined(a: unknown, b: unknown): unknown {
  if (!isNode(a) || !isNode(b)) return b;
  return { ...a, ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, joined(a[key], value)])) };
}

function isNode(x: unknown): x is Node {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}

describe("NEW-DEVICE.md", () => {
  const complete = start + written.replace("CC CC", bytes);

  it("says what the first test says, and what makes it pass", () => {
    const refused = /`(refused with .*?\))`/s.exec(guide)?.[1] ?? "";
    expect(failuresOf(start + written)).toEqual([`${refused}, expected readings`]);
    expect(failuresOf(complete)).toEqual([]);
    expect(guide).toContain(`ac07010dac0e200024b4${bytes.replace(" ", "").toLowerCase()}`);
  });

  it.each(parts)("has a part that joins the profile:\n%s", (part) => {
    expect(failuresOf(stringify(joined(parse(complete), parse(part))))).toEqual([]);
  });

  it("has parts that go together, and shows what it speaks of", () => {
    const all = parts.reduce<unknown>((sum, part) => joined(sum, parse(part)), parse(complete));
    const { alarms } = load(stringify(all)).compiled;
    const one = (name: string) => alarms.find((alarm) => alarm.name === name);
    expect(one("opened_at_night")?.schedule?.windows.length).toBeGreaterThan(0);
    expect(one("opened")?.latch).toBe(true);
    expect(one("leaking")?.quietMs).toBeGreaterThan(0);
    expect(one("low_pressure")).toMatchObject({ severity: 3, levels: [{ to: 2 }, { to: 1 }], escalate: [{ to: 2 }] });
    expect([one("pressure_drop")?.when[0].fn, one("cooling")?.when[0].fn]).toEqual(["rate", "difference"]);
  });

  it("has a meter whose samples and derived values hold", () => {
    expect(whole).toHaveLength(1);
    const meter = load(whole[0]);
    expect(testProfile(meter).failures).toEqual([]);
    expect(meter.compiled.derived?.map((d) => d.how.fn)).toEqual(["rate", "difference", "formula"]);
    const [vector] = meter.source.vectors ?? [];
    expect([vector.at, vector.past?.length]).toEqual(["2026-01-31T08:00:00Z", 2]);
    const shifted = whole[0].replace("2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z");
    expect(failuresOf(shifted).join()).toMatch(/past\[0\]: ts is 2026-01-31T08:45/);
  });
});
