import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Position } from "../../reading.ts";
import { APPLICATIONS, type Application } from "./application-layouts.ts";
import { AisAssembler } from "./assembler.ts";
import { type AisMessage, decodeAis } from "./decode.ts";
import { encodeAis } from "./encode.ts";
import { type Field, LAYOUTS, STATIC_A, STATIC_B, STATIC_B_HULL, STATIC_B_MOTHERSHIP } from "./fields.ts";
import { decodeAisFrame } from "./frame.ts";
import { raw, rawLongRange } from "./raw.ts";

function decodeSentences(lines: readonly string[]): AisMessage {
  const assembler = new AisAssembler();
  const whole = lines.map((l) => assembler.push(l, "", 0)).at(-1);
  if (whole == null) throw new Error(`not a message: ${lines.join(" ")} (${String(assembler.last)})`);
  const message = decodeAis(whole.bits);
  if (typeof message === "string") throw new Error(message);
  return message;
}

const SIX_BIT = "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?";
const text = (chars: number) =>
  fc.string({ unit: fc.constantFrom(...SIX_BIT), maxLength: chars }).map((s) => s.trimEnd());
const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, "0"));

/** dac and fid are not at random: they say what follows */
const isFree = (f: Field) => f.name !== "dac";
const data = (bits: number) =>
  fc.integer({ min: 0, max: bits }).chain((length) =>
    fc.uint8Array({ minLength: Math.ceil(length / 8), maxLength: Math.ceil(length / 8) }).map((bytes) => {
      const spare = bytes.length * 8 - length;
      if (bytes.length > 0) bytes[bytes.length - 1] &= 0xff << spare;
      return `${length}:${Buffer.from(bytes).toString("hex")}`;
    }),
  );

function valueOf(f: Field): fc.Arbitrary<unknown> {
  switch (f.kind) {
    case "u":
      return fc.integer({ min: 0, max: 2 ** f.width - 1 });
    case "i":
      return fc.integer({ min: -(2 ** (f.width - 1)), max: 2 ** (f.width - 1) - 1 });
    case "b":
      return fc.boolean();
    case "t":
      return text(f.width / 6);
    case "eta":
      return fc.tuple(two(15), two(31), two(31), two(63)).map(([m, d, h, n]) => `${m}-${d}T${h}:${n}Z`);
    case "stop":
      return fc.tuple(two(15), two(31), two(31), two(63)).map(([m, d, h, n]) => `${m}-${d}T${h}:${n}`);
    case "berth":
      return fc.tuple(fc.nat(15), fc.nat(31), fc.nat(31), fc.nat(63)).map(([m, d, h, n]) => `${m}-${d}T${h}:${n}`);
    case "day":
      return fc.tuple(two(31), two(31), two(63)).map(([d, h, n]) => `${d}T${h}:${n}Z`);
    case "time":
      return fc
        .tuple(fc.nat(9999), two(15), two(31), two(31), two(63), two(63))
        .map(([y, m, d, h, n, s]) => `${String(y).padStart(4, "0")}-${m}-${d}T${h}:${n}:${s}Z`);
  }
}

function messageOf(type: number, fields: readonly Field[], extra: Record<string, fc.Arbitrary<unknown>> = {}) {
  return fc.record({
    type: fc.constant(type),
    repeat: fc.integer({ min: 0, max: 3 }),
    mmsi: fc.integer({ min: 0, max: 979_999_999 }),
    ...Object.fromEntries(fields.map((f) => [f.name, valueOf(f)])),
    ...extra,
  }) as fc.Arbitrary<AisMessage>;
}

const fieldsOf = (type: number) => LAYOUTS[type]?.fields ?? [];
const staticB = STATIC_B.fields.filter((f) => f.name !== "model" && f.name !== "serial");
const MESSAGES: Record<string, fc.Arbitrary<AisMessage>> = {
  "1": messageOf(1, fieldsOf(1)),
  "2": messageOf(2, fieldsOf(2)),
  "3": messageOf(3, fieldsOf(3)),
  "5": messageOf(5, fieldsOf(5)),
  "14": messageOf(14, [], { text: text(161) }),
  "18": messageOf(18, fieldsOf(18)),
  "19": messageOf(19, fieldsOf(19)),
  "21": messageOf(21, fieldsOf(21), { name: text(34) }),
  "24A": messageOf(24, STATIC_A.fields, { part: fc.constant("A") }),
  "24B": messageOf(24, [...staticB, ...STATIC_B_HULL], { part: fc.constant("B") }),
  "24B of an auxiliary craft": messageOf(24, [...staticB, ...STATIC_B_MOTHERSHIP], {
    part: fc.constant("B"),
    mmsi: fc.integer({ min: 980_000_000, max: 989_999_999 }),
  }),
  "27": messageOf(27, fieldsOf(27)),
  "4": messageOf(4, fieldsOf(4)),
  "9": messageOf(9, fieldsOf(9)),
  "11": messageOf(11, fieldsOf(11)),
  "12": messageOf(12, fieldsOf(12), { text: text(156) }),
  "6 with data": messageOf(6, fieldsOf(6).filter(isFree), { dac: fc.integer({ min: 2, max: 199 }), data: data(920) }),
  "8 with data": messageOf(8, [], { dac: fc.integer({ min: 2, max: 199 }), fid: fc.nat(63), data: data(952) }),
};

const PAYLOADS = [...APPLICATIONS].filter(([, { group, warning }]) => group?.count !== "open" && warning !== true);

/** A message with a payload of known layout. */
function payloadOf(key: number, { fields, group, text: name, besideData }: Application): fc.Arbitrary<AisMessage> {
  const header = fieldsOf(Math.floor(key / 65_536)).filter(isFree);
  const most = group?.count === "four" ? 4 : group?.count === "counted" ? 15 : 20;
  const item = group && fc.record(Object.fromEntries(group.fields.map((f) => [f.name, valueOf(f)])));
  return messageOf(Math.floor(key / 65_536), [...header, ...fields], {
    dac: fc.constant(Math.floor(key / 64) % 1024),
    fid: fc.constant(key % 64),
    // blue cones of an inland ship
    ...(fields.some((f) => f.name === "hazard") ? { hazard: fc.nat(5) } : {}),
    ...(group
      ? { [group.name]: fc.array(item as fc.Arbitrary<unknown>, { minLength: most === 4 ? 4 : 0, maxLength: most }) }
      : {}),
    ...(name !== undefined ? { [name]: text(140) } : {}),
    ...(besideData === true ? { data: fc.constant(undefined) } : {}),
  });
}

// eighteen kinds of 800 messages and the payloads: 14,400 and 3,120
describe("encodeAis", () => {
  it.each(Object.keys(MESSAGES))("type %s comes back as it was sent", (name) => {
    fc.assert(
      fc.property(MESSAGES[name], fc.integer({ min: 0, max: 9 }), (message, sequence) => {
        const lines = encodeAis(message, { sequence });
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
        expect(decodeSentences(lines)).toMatchObject(message);
        const out: Position[] = [];
        expect(decodeAisFrame(Buffer.from(lines.join("\n")), 5, out)).toBeNull();
        expect(out).toHaveLength(message.type === 6 || message.type === 8 ? 0 : 1);
      }),
      { numRuns: 800 },
    );
  });

  it("payloads of known layout come back as they were sent", () => {
    expect(PAYLOADS).toHaveLength(24);
    for (const [key, app] of PAYLOADS)
      fc.assert(
        fc.property(payloadOf(key, app), (message) => {
          const { data: _, ...sent } = message;
          const back = decodeSentences(encodeAis(sent as AisMessage));
          expect(back).toMatchObject(sent);
          expect(back.missing_bits).toBeUndefined();
        }),
        { numRuns: 130 },
      );
  });

  it("sends what is left out as not available, and it comes back as null", () => {
    for (const type of [1, 18, 19, 21, 27]) {
      const out: Position[] = [];
      decodeAisFrame(Buffer.from(encodeAis({ type, mmsi: 412_000_001 }).join("\n")), 7, out);
      expect(out[0]).toMatchObject({ mmsi: 412_000_001, type, ts: 7, lon: null, lat: null, sog: null, cog: null });
      expect(out[0].heading).toBeNull();
    }
    const out: Position[] = [];
    decodeAisFrame(Buffer.from(encodeAis({ type: 5, mmsi: 412_000_001 }).join("\n")), 7, out);
    expect(out[0]).toMatchObject({ name: null, callsign: null, shipType: null, length: null, class: "A" });
  });

  it("keeps west, south and real units through raw values", () => {
    const out: Position[] = [];
    const send = (input: Parameters<typeof encodeAis>[0]) =>
      decodeAisFrame(Buffer.from(encodeAis(input).join("\n")), 1, out);
    const at = { lon: raw.lon(-123.395383), lat: raw.lat(-48.381633) };
    send({ type: 1, mmsi: 1, ...at, speed: raw.speed(12.3), course: raw.course(359.96), heading: raw.heading(-1) });
    send({ type: 27, mmsi: 1, lon: rawLongRange.lon(-70.5), lat: rawLongRange.lat(-33.1), speed: 9, course: 350 });
    expect(out[0].lon).toBeCloseTo(-123.395383, 5);
    expect(out[0].lat).toBeCloseTo(-48.381633, 5);
    expect(out[0]).toMatchObject({ sog: 12.3, cog: 0, heading: 359 });
    expect(out[1].lon).toBeCloseTo(-70.5, 2);
    expect(out[1].lat).toBeCloseTo(-33.1, 2);
    expect(out[1]).toMatchObject({ sog: 9, cog: 350 });
  });

  it("refuses what does not fit, naming the field", () => {
    expect(() => encodeAis({ type: 7, mmsi: 1 })).toThrow(/type 7/);
    expect(() => encodeAis({ type: 8, mmsi: 1, dac: 1, fid: 17, targets: [] })).toThrow(/as data only/);
    expect(() => encodeAis({ type: 6, mmsi: 1, dac: 9, fid: 9, data: "9:ff" })).toThrow(/data/);
    expect(() => encodeAis({ type: 8, mmsi: 1, dac: 9, fid: 9, data: `1000:${"00".repeat(125)}` })).toThrow(/1008/);
    expect(() => encodeAis({ type: 1, mmsi: 1, speed: 12.5 })).toThrow(/speed/);
    expect(() => encodeAis({ type: 1, mmsi: 2 ** 30 })).toThrow(/mmsi/);
    expect(() => encodeAis({ type: 5, mmsi: 1, eta: "tomorrow" })).toThrow(/eta/);
  });
});
