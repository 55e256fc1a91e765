import { describe, expect, it } from "vitest";
import { loadText } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { decodeVector, toReadings } from "../vector.ts";
import { joined, js, quoted, Source } from "./source.ts";

// Layouts become code. Nothing that a profile or a device says may become code with them.

/** Would leave a string, a template, a comment, a regular expression or an identifier, were it written there as it is. */
const HOSTILE = [
  '"]; globalThis.stolen = 1; m["',
  "'; globalThis.stolen = 1; '",
  "`${globalThis.stolen = 1}`",
  "${globalThis.stolen = 1}",
  "*/ globalThis.stolen = 1 /*",
  '\\"; globalThis.stolen = 1; //',
  "\u2028globalThis.stolen = 1\u2029",
  "a\nglobalThis.stolen = 1",
  "</script>",
  "constructor",
  "__proto__",
  "toString",
] as const;

describe("code", () => {
  it("prints numbers so that they stay what they are", () => {
    for (const x of [0, -0, 1, -1, 0.1, -1e-7, 1e21, 5e-324, 2 ** 53, Infinity, -Infinity, Number.NaN]) {
      const src = new Source();
      const run = src.build<() => number>(src.define(js``, js`return 3 - ${x} - ${x};`));
      expect(Object.is(run(), 3 - x - x)).toBe(true);
      const same = new Source();
      expect(same.build<() => number>(same.define(js``, js`return ${x};`))()).toBe(x);
    }
  });

  it.each(HOSTILE)("quotes %j", (text) => {
    const src = new Source();
    expect(src.build<() => string>(src.define(js``, js`return ${quoted(text)};`))()).toBe(text);
  });

  it("takes no string, whatever the types say", () => {
    const text = "globalThis.stolen = 1" as unknown as number;
    expect(() => js`${text}`).toThrow("string is no code");
    expect(() => js`${[js`1`, text] as never}`).toThrow("string is no code");
    expect(() => js`${{ text: "1" } as never}`).toThrow("object is no code");
  });

  it("binds what is no number as a constant, once", () => {
    const src = new Source();
    const list = [1, 2];
    const name = src.bind(list);
    expect(src.bind(list)).toBe(name);
    expect(src.build<() => unknown>(src.define(js``, js`return ${name};`))()).toBe(list);
    expect(joined([], "||", js`false`)).toEqual(js`false`);
  });
});

describe("a profile full of code", () => {
  const title = { zh: "测", en: "Test" };
  const metrics = { word: { type: "text", title }, other: { type: "text", title }, a: { unit: "1", title } };
  const load = (codec: object, uplink = "raw") => {
    const text = JSON.stringify({ profile: "v1", id: "t/t@1.0.0", kind: "sensor", title, transport: { uplink }, metrics, codec }); // prettier-ignore
    const { profile, problems } = loadText(text, "hostile");
    if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
    return profile.compiled;
  };
  const values = (decoded: ReturnType<typeof decodeVector>) =>
    decoded.kind === "readings" ? Object.fromEntries(decoded.readings.map((r) => [r.metric, r.value])) : decoded;

  it.each(HOSTILE)("runs none of it: %j", (text) => {
    // a sentinel, a value of a map, a key of a map
    const frame = load({ fixed: { fields: [{ n: "word", map: { 1: text.slice(0, 64), [text]: "x" } }, { n: "other", t: "ascii", len: "rest", invalid: text.slice(0, 64) }] } }); // prettier-ignore
    expect(values(decodeVector(frame, { hex: "01 6f 6b" }))).toEqual({ word: text, other: "ok" });
    const printable = /^[ -~]*$/.test(text);
    const hex = Buffer.from(`\u0001${text}`).toString("hex");
    if (printable) expect(values(decodeVector(frame, { hex }))).toEqual({ word: text, other: null });

    // a path, where it is one: read as the record's own key, never as what objects inherit
    if (!/[.[\]]/.test(text)) {
      const json = load({ json: { fields: [{ n: "a", path: [text, "b"] }] } }, "telemetry");
      const record = JSON.parse(`{${JSON.stringify(text)}: 5}`) as Record<string, unknown>;
      expect(values(decodeVector(json, { json: record }))).toEqual({ a: 5 });
      expect(values(decodeVector(json, { json: { b: 6 } }))).toEqual({ a: 6 });
    }
    // a key and a value of a device's record
    const canonical = load({}, "telemetry");
    const out = new RecordBuffer();
    expect(canonical.decodeJson({ [text]: 1, word: text }, out)).toBeNull();
    expect(toReadings(canonical, out).map((r) => r.value)).toEqual([text]);
    expect("stolen" in globalThis).toBe(false);
  });

  it("cannot name a metric, an item or a case so", () => {
    for (const text of HOSTILE) {
      // a name that begins with _ is a value for formulas: it has a slot, and stands in no code
      if (!text.startsWith("_"))
        expect(() => load({ fixed: { fields: [{ n: text }] } })).toThrow(/no canonical metric/);
      expect(() => load({ tlv: { items: { [text]: [{ n: "a" }] } } })).toThrow();
      expect(() => load({ fixed: { select: { at: 0 }, cases: { [text]: [{ n: "a" }] } } })).toThrow();
      expect(() => load({ bitmap: { mask: { at: 0 }, groups: { [text]: [{ n: "a" }] } } })).toThrow();
      for (const key of ["at", "len", "scale", "bias", "offset", "bit"])
        expect(() => load({ fixed: { fields: [{ n: "a", [key]: text }] } })).toThrow();
    }
    expect("stolen" in globalThis).toBe(false);
  });
});
