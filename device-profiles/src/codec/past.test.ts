import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LoadedProfile, loadText } from "../load.ts";
import { Quality, RecordBuffer } from "../reading.ts";
import { REJECTION_REASONS } from "../rejection.ts";
import { testProfile, toReadings } from "../vector.ts";
import { encodeFrame } from "./encode.ts";
import type { PastInput } from "./encode-fields.ts";
import { EncodeFault } from "./encode-value.ts";
import { MAX_PAST } from "./past-schema.ts";

// Lists of earlier samples behind a fixed layout.

const title = "title: {zh: 测, en: Test}";
const HEAD = `profile: v1
id: test/past@1.0.0
kind: sensor
${title}
transport: {uplink: raw}
metrics:
  a: {unit: "1", ${title}}
  b: {unit: "1", ${title}}
codec:
`;
const NOW = Date.UTC(2025, 10, 22, 2, 0, 0);
const MINUTE = 60_000;

const load = (codec: string) => loadText(`${HEAD}  fixed: ${codec}\n`, "test");
const errorsOf = (codec: string) => load(codec).problems.map((p) => `${p.path}: ${p.message}`).join("\n"); // prettier-ignore
function profileOf(codec: string): LoadedProfile {
  const { profile, problems } = load(codec);
  if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
  return profile;
}

function valuesOf({ compiled }: LoadedProfile, out: RecordBuffer): Record<string, unknown> {
  const readings = toReadings(compiled, out);
  return Object.fromEntries(readings.map((r) => [r.metric, r.quality === 0 ? r.value : [r.value, r.quality]]));
}

/** Values of the frame, and of its samples with their minutes before NOW; or why it was refused. */
function decoder(codec: string, at: number | null = NOW): (hex: string, port?: number) => unknown {
  const profile = profileOf(codec);
  const out = new RecordBuffer();
  return (hex, port = 0) => {
    const frame = Buffer.from(hex.replaceAll(" ", ""), "hex");
    const rejection = profile.compiled.decodeFrame(frame, port, out, at ?? undefined);
    if (rejection !== null) return rejection.reason;
    const past = out.past.slice(0, out.pasts).map((p) => [(NOW - p.ts) / MINUTE, valuesOf(profile, p)]);
    return { ...valuesOf(profile, out), past };
  };
}

describe("a list of earlier samples", () => {
  it("takes as many as the frame holds, newest first, at a fixed interval before the frame's arrival", () => {
    const decode = decoder("{fields: [{n: a}], past: {every: 15m, fields: [{n: a, t: u16}]}}");
    expect(decode("05")).toEqual({ a: 5, past: [] });
    expect(decode("05 0006 0007")).toEqual({ a: 5, past: [[15, { a: 6 }], [30, { a: 7 }]] }); // prettier-ignore
    expect(decode("05 0006 00")).toBe("frame_short");
  });

  it("counts back from the frame's own time, where it has one", () => {
    const decode = decoder("{fields: [{n: sampled_at, t: unix_s, invalid: 0}], past: {every: 1h, fields: [{n: a}]}}");
    expect(decode("6921186c 0607")).toEqual({ past: [[63, { a: 6 }], [123, { a: 7 }]] }); // prettier-ignore
    // it has none: its arrival counts; it has nonsense: the samples are marked as well
    expect(decode("00000000 06")).toEqual({ past: [[60, { a: 6 }]] });
    expect(decode("00000001 06")).toEqual({ past: [[60, { a: [6, Quality.clock] }]] });
  });

  it("goes by the clock where nobody knows when the frame arrived", () => {
    const profile = profileOf("{fields: [{n: a}], past: {every: 1h, fields: [{n: b}]}}");
    const out = new RecordBuffer();
    const before = Date.now();
    expect(profile.compiled.decodeFrame(Uint8Array.of(1, 2), 0, out)).toBeNull();
    expect(out.past[0].ts + 60 * MINUTE).toBeGreaterThanOrEqual(before);
    expect(out.past[0].ts + 60 * MINUTE).toBeLessThanOrEqual(Date.now());
  });

  it("may begin with the oldest, or with the present moment", () => {
    const oldest = decoder("{fields: [{n: a}], past: {count: 3, every: 10m, order: oldest, fields: [{n: b}]}}");
    expect(oldest("01 020304")).toEqual({ a: 1, past: [[30, { b: 2 }], [20, { b: 3 }], [10, { b: 4 }]] }); // prettier-ignore
    const present = decoder("{fields: [{n: a}], past: {count: 2, every: 10m, newest: 0, fields: [{n: b}]}}");
    expect(present("01 0203")).toEqual({ a: 1, past: [[0, { b: 2 }], [10, { b: 3 }]] }); // prettier-ignore
  });

  it("takes count and interval from the frame", () => {
    const decode = decoder(
      "{frame: {trailing: reject}, fields: [{n: _n}, {n: _s, scale: 60}, {n: a}], past: {count: _n, every: _s, fields: [{n: b}]}}",
    );
    expect(decode("02 0f 01 0203")).toEqual({ a: 1, past: [[15, { b: 2 }], [30, { b: 3 }]] }); // prettier-ignore
    expect(decode("00 0f 01")).toEqual({ a: 1, past: [] });
    expect(decode("02 0f 01 02")).toBe("frame_short");
    expect(decode("02 0f 01 020304")).toBe("frame_trailing");
    // an interval of nothing dates nothing: the samples are dropped, the present value stays
    expect(decode("02 00 01 0203")).toEqual({ a: 1, past: [] });
  });

  it("takes a sample's own time or age, and drops empty places and times to come", () => {
    const own = decoder(
      "{fields: [{n: a}], past: {count: 2, fields: [{n: sampled_at, t: unix_s, invalid: 0}, {n: b}]}}",
    );
    expect(own("01 69211920 02 00000000 ff")).toEqual({ a: 1, past: [[0, { b: 2 }]] });
    const age = decoder("{fields: [{n: a}], past: {age: _age, fields: [{n: _age, t: i16, scale: 60}, {n: b}]}}");
    expect(age("01 000a 02 0005 03 ffff 04")).toEqual({ a: 1, past: [[10, { b: 2 }], [5, { b: 3 }]] }); // prettier-ignore
  });

  it("has its own place, distance and values worked out", () => {
    const decode = decoder(
      "{fields: [{n: a}], past: {at: 3, size: 4, every: 1m, fields: [{n: _zero, at: 2}, {n: a, at: 0, t: u16, invalid: 0xFFFF}, {n: b, calc: a - _zero}]}}",
    );
    expect(decode("01 ee ee 0064 0a ee ffff 0b ee")).toEqual({
      a: 1,
      past: [[1, { a: 100, b: 90 }], [2, { a: [null, Quality.invalid], b: [null, Quality.invalid] }]], // prettier-ignore
    });
    expect(decode("01 ee")).toBe("frame_short");
    expect(decode("01 ee ee 00")).toBe("frame_short");
  });

  it("keeps complete samples of a short frame where the profile says so, dated by the whole list", () => {
    const decode = decoder(
      "{frame: {short: partial}, fields: [{n: a}, {n: _n}], past: {count: _n, every: 1m, order: oldest, fields: [{n: b, t: u16}]}}",
    );
    expect(decode("01 03 0001 0002 00")).toEqual({ a: 1, past: [[3, { b: 1 }], [2, { b: 2 }]] }); // prettier-ignore
    expect(decode("01")).toEqual({ a: 1, past: [] });
  });

  it("stands in a case, and never reads check bytes", () => {
    const decode = decoder(
      "{frame: {check: {sum8: [-1]}}, select: {at: 0}, cases: {1: [{n: a, at: 1}], 2: {fields: [{n: a, at: 1}], past: {every: 1m, fields: [{n: b}]}}}}",
    );
    expect(decode("01 05 06")).toEqual({ a: 5, past: [] });
    expect(decode("02 05 06 0d")).toEqual({ a: 5, past: [[1, { b: 6 }]] });
  });

  it("bounds what one frame may bring", () => {
    const decode = decoder("{fields: [{n: a}, {n: _n, t: u16}], past: {count: _n, every: 1m, fields: [{n: b}]}}");
    expect(decode(`01 ffff ${"00".repeat(4)}`)).toBe("frame_trailing");
    const rest = decoder("{fields: [{n: a}], past: {every: 1m, fields: [{n: b}]}}");
    expect(rest("01" + "02".repeat(MAX_PAST + 1))).toBe("frame_trailing");
    expect((rest("01" + "02".repeat(MAX_PAST)) as { past: unknown[] }).past).toHaveLength(MAX_PAST);
    const broken = decoder(
      "{fields: [{n: a}, {n: _n, t: bcd, len: 1}], past: {count: _n, every: 1m, fields: [{n: b}]}}",
    );
    expect(broken("01 1f 02")).toBe("value_invalid");
  });

  it.each([
    ["{fields: [{n: a}], past: {fields: [{n: b}]}}", "fixed.past: earlier samples need their time"],
    ["{fields: [{n: a}], past: {every: 1m, fields: [{n: sampled_at, t: unix_s}, {n: b}]}}", "expected one of sampled_at"],
    ["{fields: [{n: a}], past: {every: 0s, fields: [{n: b}]}}", "past.every: expected a duration"],
    ["{fields: [{n: a}], past: {every: 15, fields: [{n: b}]}}", "past.every: expected string"],
    ["{fields: [{n: a}], past: {count: _n, every: 1m, fields: [{n: b}]}}", 'past.count: no value "_n" stands before'],
    ["{fields: [{n: a}], past: {age: _age, fields: [{n: b}]}}", 'past.age: no value "_age" stands before'],
    ["{fields: [{n: a}], past: {every: 1m, size: 1, fields: [{n: b, t: u16}]}}", "past.size: the fields need 2 bytes"],
    ["{fields: [{n: a, t: u16}], past: {at: 1, every: 1m, fields: [{n: b}]}}", "past.at: the list begins within"],
    ["{fields: [{n: a}], past: {every: 1m, fields: [{n: b, at: -1}]}}", "fields[0].at: positions inside a sample"],
    ["{fields: [{n: a}], past: {order: oldest, fields: [{n: sampled_at, t: unix_s}]}}", "past.order: order has no meaning"],
    ["{fields: [{n: a}], past: {every: 1m, order: oldest, fields: [{n: b}]}}", "past.order: a frame cut short"],
    ["{frame: {length: 4}, fields: [{n: a}], past: {count: 4, every: 1m, fields: [{n: b}]}}", "past: with the samples 5 bytes, the frame's length leaves 4"],
    ["{fields: [{n: a}], past: {every: 1m, fields: [{n: c}]}}", 'past.fields[0].n: "c" is no canonical metric'],
    ["{select: {at: 0}, cases: {1: [{n: a}]}, past: {every: 1m, fields: [{n: b}]}}", "fixed.past: the list stands behind fields"],
  ])("reports %s", (codec, words) => expect(errorsOf(codec)).toContain(words)); // prettier-ignore
});

/** Layouts with one sound encoding: what is encoded must decode to the same. */
const LAYOUTS: readonly (readonly [codec: string, spacing: "even" | "free"])[] = [
  ["{fields: [{n: sampled_at, t: unix_s}, {n: a}], past: {every: 15m, fields: [{n: a}, {n: b, t: i16, invalid: -1}]}}", "even"],
  ["{frame: {start: '68', end: '16', check: {crc16_modbus: [-3, -2]}}, fields: [{n: a, at: 1}, {n: _n}], past: {count: _n, every: 15m, order: oldest, size: 5, fields: [{n: a, at: 1}, {n: b, t: i16, invalid: -1}]}}", "even"],
  ["{endian: le, frame: {trailing: reject}, fields: [{n: _n}, {n: _s, t: u16, scale: 60}, {n: a}], past: {at: 6, count: _n, every: _s, newest: 0, fields: [{n: a}, {n: b, t: i16, invalid: -1}]}}", "even"],
  ["{fields: [{n: a}], past: {count: 12, fields: [{n: sampled_at, t: unix_s, endian: le, invalid: 0}, {n: a, invalid: 255}, {n: b, t: i16, invalid: -1}]}}", "free"],
  ["{select: {at: 0}, cases: {7: {fields: [{n: a, at: 1}], past: {age: _age, fields: [{n: _age, t: u24, scale: 60}, {n: a}, {n: b, t: i16, invalid: -1}]}}}}", "free"],
]; // prettier-ignore

describe.each(LAYOUTS)("there and back: %s", (codec, spacing) => {
  const profile = profileOf(codec);
  const metrics = new Map(profile.compiled.metrics.map((m) => [m.name, m]));
  const newest = codec.includes("newest: 0") ? 0 : 1;
  const sample = fc.tuple(fc.integer({ min: 0, max: 250 }), fc.option(fc.integer({ min: 0, max: 30_000 })));
  const frames = fc.tuple(fc.array(sample, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 12, maxLength: 12 })); // prettier-ignore

  it("gives the samples that were put in; cut or broken it gives samples or a known reason", () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), ([samples, gaps], at, flip) => {
        let minutes = 0;
        const past: PastInput[] = samples.map(([a, b], i) => {
          minutes = spacing === "even" ? (i + newest) * 15 : minutes + gaps[i];
          return { ts: NOW - minutes * MINUTE, values: { a, b } };
        });
        const encoded = encodeFrame(profile.source.codec ?? {}, { values: { a: 5 }, ts: NOW, metrics, past });
        if (encoded instanceof EncodeFault) throw new Error(encoded.message);
        const out = new RecordBuffer();
        expect(profile.compiled.decodeFrame(encoded.frame, 0, out, NOW)).toBeNull();
        expect(valuesOf(profile, out)).toEqual({ a: 5 });
        const found = out.past.slice(0, out.pasts).map((p) => ({ ts: p.ts, values: valuesOf(profile, p) }));
        const expected = past.map(({ ts, values: { a, b } }) => ({ ts, values: { a, b: b === null ? [null, Quality.invalid] : b } })); // prettier-ignore
        expect(found.sort((x, y) => y.ts - x.ts)).toEqual(expected);

        const broken = Uint8Array.from(encoded.frame);
        broken[at % broken.length] ^= flip;
        for (const bytes of [broken, encoded.frame.subarray(0, at % encoded.frame.length)]) {
          const rejection = profile.compiled.decodeFrame(bytes, 0, out, NOW);
          if (rejection !== null) expect(Object.keys(REJECTION_REASONS)).toContain(rejection.reason);
          else for (const p of out.past.slice(0, out.pasts)) expect(p.ts).toBeGreaterThan(0);
        }
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it("survives arbitrary bytes", () => {
    const out = new RecordBuffer();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (frame) => {
        const rejection = profile.compiled.decodeFrame(Uint8Array.of(7, ...frame), 0, out, NOW);
        return rejection === null ? out.pasts <= 60 : Object.hasOwn(REJECTION_REASONS, rejection.reason);
      }),
    );
    expect(testProfile(profile).failures).toEqual([]);
  });
});

describe("encoding a list", () => {
  const encode = (codec: string, past: readonly PastInput[], values = { a: 5 }) => {
    const profile = profileOf(codec);
    const metrics = new Map(profile.compiled.metrics.map((m) => [m.name, m]));
    const encoded = encodeFrame(profile.source.codec ?? {}, { values, ts: NOW, metrics, past });
    return encoded instanceof EncodeFault ? encoded.message : Buffer.from(encoded.frame).toString("hex");
  };
  const before = (minutes: number, b: number) => ({ ts: NOW - minutes * MINUTE, values: { b } });

  it.each([
    ["{fields: [{n: a}], past: {every: 15m, fields: [{n: b}]}}", [before(15, 1), before(30, 2)], "050102"],
    ["{fields: [{n: a}], past: {every: 15m, fields: [{n: b}]}}", [before(15, 1), before(31, 2)], "not evenly spaced"],
    ["{fields: [{n: a}], past: {count: 2, every: 1m, fields: [{n: b, invalid: 255}]}}", [before(1, 1)], "0501ff"],
    ["{fields: [{n: a}], past: {count: 2, every: 1m, fields: [{n: b}]}}", [before(1, 1)], 'no way to say "not available"'],
    ["{fields: [{n: a}], past: {count: 1, every: 1m, fields: [{n: b}]}}", [before(1, 1), before(2, 1)], "2 earlier samples, the list holds 1"],
    ["{fields: [{n: a}, {n: _s, scale: 3600}], past: {every: _s, fields: [{n: b}]}}", [before(1, 1)], "60 has no raw value"],
  ] as const)("%s", (codec, past, expected) => {
    expect(encode(codec, past)).toContain(expected);
  }); // prettier-ignore

  it("writes items of earlier samples, too", () => {
    const text = `${HEAD}  tlv: {items: {1: [{n: a}], 2: {past: true, fields: [{n: sampled_at, t: unix_s}, {n: b}]}}}\n`;
    const { profile } = loadText(text, "test");
    if (profile === null) throw new Error("not loaded");
    const metrics = new Map(profile.compiled.metrics.map((m) => [m.name, m]));
    const give = (past: readonly PastInput[]) => encodeFrame(profile.source.codec ?? {}, { values: { a: 5 }, ts: NOW, metrics, past }); // prettier-ignore
    expect(give([before(0, 9)])).toEqual({ frame: Uint8Array.from(Buffer.from("0105026921192009", "hex")), port: 0 });
    expect(give([{ ts: NOW, values: { a: 1 } }])).toEqual(new EncodeFault("no item holds an earlier sample of a"));
  });
});
