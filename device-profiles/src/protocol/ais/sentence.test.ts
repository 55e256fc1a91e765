import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Position } from "../../reading.ts";
import { AisAssembler } from "./assembler.ts";
import { encodeAis } from "./encode.ts";
import { decodeAisFrame } from "./frame.ts";
import { parseSentence, Sentence, splitLine } from "./sentence.ts";

const [GOOD] = encodeAis({ type: 1, mmsi: 412_000_001, lon: 73_200_000, lat: 18_000_000 }, { channel: "B" });

function sealed(body: string): string {
  let sum = 0;
  for (const c of body) sum ^= c.charCodeAt(0);
  return `!${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** The line with a checksum that holds, where it has one at all. */
function resealed(line: string): string {
  const bang = line.lastIndexOf("!");
  const star = line.indexOf("*", bang);
  return bang < 0 || star < 0 ? line : line.slice(0, bang) + sealed(line.slice(bang + 1, star)) + line.slice(star + 3);
}

const parse = (line: string) => parseSentence(line, new Sentence());

describe("parseSentence", () => {
  it("reads the fields of a sentence", () => {
    const s = new Sentence();
    expect(parseSentence(`${GOOD}\r`, s)).toBeNull();
    expect(s).toMatchObject({ total: 1, part: 1, sequence: -1, channel: 66, fill: 0, own: false, from: 0 });
    expect(GOOD.slice(s.from, s.to)).toBe(GOOD);
  });

  it("flags the own ship", () => {
    const s = new Sentence();
    expect(parseSentence(encodeAis({ type: 18, mmsi: 5 }, { own: true, talker: "BS" })[0], s)).toBeNull();
    expect(s.own).toBe(true);
  });

  it.each([
    ["checksum", GOOD.replace("AIVDM", "ABVDM")],
    ["checksum_missing", GOOD.slice(0, GOOD.indexOf("*"))],
    ["checksum_missing", `${GOOD.slice(0, GOOD.indexOf("*"))}*4`],
    ["fields", sealed("AIVDM,1,1,,A,15RTgt0PAso")],
    ["fields", sealed("AIVDM,1,1")],
    ["numbering", sealed("AIVDM,1,2,,A,15RTgt0PAso,0")],
    ["numbering", sealed("AIVDM,2,1,x,A,15RTgt0PAso,0")],
    ["numbering", sealed("AIVDM,2,1,100,A,15RTgt0PAso,0")],
    ["fill_bits", sealed("AIVDM,1,1,,A,15RTgt0PAso,7")],
    ["fill_bits", sealed("AIVDM,1,1,,A,15RTgt0PAso,x")],
    ["fill_bits", sealed("AIVDM,1,1,,A,15RTgt0PAso,000")],
    ["payload_empty", sealed("AIVDM,1,1,,A,,0")],
    ["armour", sealed("AIVDM,1,1,,A,15RTgtX0PAs,0")],
    ["armour", sealed("AIVDM,1,1,,A,15RTgt 0PAs,0")],
    ["none", "$GPRMC,035258,A,5013.4693,N,00346.6503,W,4.0,183.2,260711,3.8,W,A*18"],
    ["none", ""],
    ["line_long", sealed(`AIVDM,1,1,,A,${"0".repeat(2000)},0`)],
  ])("gives %s", (fault, line) => {
    expect(parse(line)).toBe(fault);
  });

  it("takes any channel, receiver prefix and suffix", () => {
    for (const channel of ["", "0", "2", "AB"]) expect(parse(sealed(`AIVDM,1,1,,${channel},15RTgt0PAso,0`))).toBeNull();
    expect(parse(`1550303566167726840 ${GOOD}`)).toBeNull();
    expect(parse(`${GOOD},b003669794,1272412827`)).toBeNull();
  });

  it("takes what receivers write beside the standard", () => {
    const s = new Sentence();
    expect(parseSentence(sealed("AIVDM,1,1,,A,15RTgt0PAso,"), s)).toBeNull();
    expect(s.fill).toBe(0);
    expect(parseSentence(sealed("AIVDM,1,1,,A,15RTgt0PAso,04"), s)).toBeNull();
    expect(s.fill).toBe(4);
    expect(parseSentence(sealed("AIVDM,1,1,,A,15RTgt0PAso,2,S12.5"), s)).toBeNull();
    expect(s.fill).toBe(2);
    expect(parseSentence(sealed("AIVDM,2,1,42,A,15RTgt0PAso,0"), s)).toBeNull();
    expect(s.sequence).toBe(42);
    expect(parse(sealed("AIVDM,1,1,x,A,15RTgt0PAso,0"))).toBeNull();
    expect(parse(`\0\0${GOOD.slice(0, -2)}${GOOD.slice(-2).toLowerCase()} ${"x".repeat(3000)}`)).toBeNull();
    expect(parse(`2024-05-01T00:00:00.123Z,{"nmea":"${GOOD}\\r\\n","rssi":-91}`)).toBeNull();
  });

  it("splits lines that hold several sentences, each with its tag block", () => {
    const tagged = `\\s:a,c:1*5e\\${GOOD}`;
    expect(splitLine(GOOD)).toBeNull();
    expect(splitLine(tagged)).toBeNull();
    expect(splitLine("!no !sentence *00")).toBeNull();
    expect(splitLine(`${GOOD}${tagged} ${GOOD}`)).toEqual([GOOD, tagged, ` ${GOOD}`]);
    expect(splitLine(`!AIVDM,1,1,,A,15RTgt0PAso${GOOD}`)).toBeNull();
  });

  it("reads a tag block, and ignores one whose checksum is wrong", () => {
    const s = new Sentence();
    expect(parseSentence(`\\g:1-2-73874,n:157036,s:r003669945,c:1241544035*4A\\${GOOD}`, s)).toBeNull();
    expect(s).toMatchObject({ station: "r003669945", time: 1_241_544_035_000, group: 73_874, groupTotal: 2, from: 0 });
    expect(parseSentence(`\\g:1-2-73874,n:157036,s:r003669945,c:1241544035*4B\\${GOOD}`, s)).toBeNull();
    expect(s).toMatchObject({ station: "", time: 0, group: -1, badTag: true });
    expect(s.from).toBeGreaterThan(0);
  });

  it("finds the whole sentence behind one that was cut off", () => {
    const s = new Sentence();
    const line = `!AIVDM,1,1,,A,15RTgt0PAso${GOOD}`;
    expect(parseSentence(line, s)).toBeNull();
    expect(line.slice(s.from, s.to)).toBe(GOOD);
  });
});

describe("fuzz", () => {
  const damaged = fc
    .tuple(
      fc.constantFrom(...encodeAis({ type: 5, mmsi: 1, shipname: "X" }), GOOD, `\\s:a,c:1*5e\\${GOOD}`),
      fc.array(fc.tuple(fc.nat(120), fc.constantFrom(..."!*,\\\n\r0129Aaz~\u0000\u00ff")), { maxLength: 6 }),
    )
    .map(([line, edits]) => {
      const chars = [...line];
      for (const [at, c] of edits) chars[at % chars.length] = c;
      return chars.join("");
    });

  it("every damaged line is a message, a part, or has a reason", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(damaged, fc.string({ maxLength: 100 })), { maxLength: 20 }), (lines) => {
        const assembler = new AisAssembler({ capacity: 4 });
        let sentences = 0;
        for (const line of lines) {
          const whole = assembler.push(line, "", 0);
          expect(whole === null).toBe(assembler.last !== null);
          if (whole !== null) sentences += whole.lines.length;
        }
        assembler.flush();
        const stats = assembler.stats();
        const refused = Object.values(stats.refused).reduce((a, b) => a + b, 0);
        expect(stats.lines).toBe(stats.other + stats.sentences);
        expect(sentences + refused).toBe(stats.sentences);
      }),
      { numRuns: 1500 },
    );
  });

  it("the one-pass reader of plain sentences says what the general one says", () => {
    let plain = 0;
    fc.assert(
      fc.property(damaged, fc.boolean(), fc.nat(2), (line, reseal, base) => {
        const text = reseal ? resealed(line) : line;
        // a character before the sentence makes it one for the general reader
        const [a, b] = [text, ` ${text}`].map((each, shift) => {
          const s = new Sentence();
          s.bits.append("www", 0, 3, 0);
          s.base = base;
          const fault = parseSentence(each, s);
          if (fault !== null) return fault;
          const { bits, from, to, payloadFrom, payloadTo, ...rest } = s;
          const shifted = [from, to, payloadFrom, payloadTo].map((offset) => offset - shift);
          return { ...rest, shifted, length: bits.length, six: bits.six.join(" ") };
        });
        if (typeof a === "object") plain++;
        expect(a).toEqual(b);
      }),
      { numRuns: 2000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it("decodeAisFrame never throws and pushes nothing when it refuses", () => {
    const payload = fc.string({
      unit: fc.constantFrom(..."0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"),
    });
    const wellFormed = fc.tuple(payload, fc.nat(5)).map(([p, fill]) => sealed(`AIVDM,1,1,,A,${p},${fill}`));
    fc.assert(
      fc.property(fc.oneof(damaged, wellFormed, fc.string()), (text) => {
        const out: Position[] = [];
        const rejection = decodeAisFrame(Buffer.from(text, "latin1"), 1, out);
        if (rejection !== null) expect(out).toEqual([]);
        for (const p of out) {
          if (p.lon !== null) expect(Math.abs(p.lon)).toBeLessThanOrEqual(180);
          if (p.lat !== null) expect(Math.abs(p.lat)).toBeLessThanOrEqual(90);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
