import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { AisAssembler } from "./assembler.ts";
import type { AisBits } from "./bits.ts";
import { type AisMessage, decodeAis } from "./decode.ts";
import { encodeAis } from "./encode.ts";
import { decodeAisFrame } from "./frame.ts";
import { randomOf } from "./gpsd.testing.ts";

// What the codec promises, in numbers. GRIDHUB_AIS_FUZZ=1000000 runs the whole million; continuous integration a tenth of it.
const FUZZED = Number(process.env.GRIDHUB_AIS_FUZZ ?? 100_000);
/** unfinished messages are bounded by their number and by the longest sentence */
const MEMORY_BYTES = 524_288;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap that are in use. */
function held(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

function decode(bits: AisBits): AisMessage {
  const message = decodeAis(bits);
  if (typeof message === "string") throw new Error(message);
  return message;
}

describe("two messages at once", () => {
  it("400 pairs of type 5 that interleave on A and B under one sequence number: none blended, none lost", () => {
    const random = randomOf(7);
    const assembler = new AisAssembler();
    let blended = 0;
    let messages = 0;
    for (let i = 0; i < 400; i++) {
      const ships = [412_000_000 + 2 * i, 412_000_001 + 2 * i];
      const [a, b] = ships.map((mmsi, k) =>
        encodeAis(
          { type: 5, mmsi, shipname: `SHIP ${mmsi}`, destination: `PORT ${mmsi}` },
          { channel: "AB"[k], sequence: i % 10 },
        ),
      );
      const order = [
        [a[0], b[0], a[1], b[1]],
        [a[0], b[0], b[1], a[1]],
        [b[0], a[0], a[1], b[1]],
      ][random(3)];
      for (const line of order) {
        const whole = assembler.push(line, "", i * 100);
        if (whole === null) continue;
        const message = decode(whole.bits);
        messages++;
        if (message.shipname !== `SHIP ${message.mmsi}` || message.destination !== `PORT ${message.mmsi}`) blended++;
      }
    }
    expect({ messages, blended }).toEqual({ messages: 800, blended: 0 });
  });
});

describe("many messages at once", () => {
  it("parts that interleave, repeat, go missing or change places: none blended, none lost that came whole and in order", () => {
    const random = randomOf(11);
    const assembler = new AisAssembler();
    const texts = new Map<number, string>();
    const whole = new Set<number>();
    const found = new Set<number>();
    let blended = 0;
    let now = 0;
    // up to six at once; talker, channel and sequence number are the same again after 130, which is longer than parts wait
    const talkers = "AI BS AB AD AN AR AS AT AX SA SS BY AU".split(" ");
    const open: { readonly mmsi: number; readonly lines: string[] }[] = [];
    const begin = (i: number) => {
      const mmsi = 412_000_000 + i;
      const text = `${mmsi} SAYS `.repeat(2 + random(7));
      const options = { talker: talkers[i % 13], channel: "AB"[i % 2], sequence: i % 10 };
      const lines = encodeAis({ type: 14, mmsi, text }, options);
      texts.set(mmsi, text.slice(0, 161).trimEnd());
      const fault = random(6);
      if (fault === 0) lines.splice(random(lines.length), 1);
      else if (fault === 1) lines.reverse();
      else if (fault === 2) lines.splice(random(lines.length), 0, lines[lines.length - 1]);
      if (fault > 2 || (fault === 1 && lines.length === 1)) whole.add(mmsi);
      open.push({ mmsi, lines });
    };
    for (let i = 0; i < 6000 || open.length > 0;) {
      if (i < 6000 && open.length < 6) begin(i++);
      else {
        const at = random(open.length);
        const line = open[at].lines.shift();
        if (open[at].lines.length === 0) open.splice(at, 1);
        now += 25;
        const message = line === undefined ? null : assembler.push(line, "", now);
        if (message === null) continue;
        const { mmsi, text } = decode(message.bits);
        found.add(mmsi);
        if (text !== texts.get(mmsi)) blended++;
      }
    }
    expect(blended).toBe(0);
    expect([...whole].filter((mmsi) => !found.has(mmsi))).toEqual([]);
    expect(whole.size).toBeGreaterThan(2000);
  });
});

describe("fuzz", () => {
  it(`${FUZZED} sentences without a throw, in bounded memory, each accounted for`, { timeout: 120_000 }, () => {
    const random = randomOf(42);
    const seeds = [
      ...encodeAis({ type: 5, mmsi: 412_000_001, shipname: "ONE" }, { sequence: 4 }),
      ...encodeAis({ type: 1, mmsi: 412_000_002, lon: 73_200_000, lat: 18_000_000 }),
      ...encodeAis({ type: 24, part: "B", mmsi: 982_000_001, mothership_mmsi: 412_000_001 }),
      ...encodeAis({ type: 14, mmsi: 970_000_001, text: "SART ACTIVE" }),
      ...encodeAis({ type: 21, mmsi: 992_000_001, name: "A NAME LONGER THAN TWENTY" }),
      "\\g:1-2-73874,n:157036,s:r003669945,c:1241544035*4A\\!AIVDM,1,1,,B,15N4cJ`005Jrek0H@9n`DW5608EP,0*13",
      "$GPRMC,035258,A,5013.4693,N,00346.6503,W,4.0,183.2,260711,3.8,W,A*18",
    ];
    const assembler = new AisAssembler();
    let before = 0;
    const out: never[] = [];
    let handled = 0;
    for (let i = 0; i < FUZZED; i++) {
      if (i === FUZZED / 10) before = held();
      let line = seeds[random(seeds.length)];
      for (let k = random(4); k > 0; k--) {
        const at = random(line.length);
        const insert = String.fromCharCode(random(4) === 0 ? random(256) : 48 + random(72));
        line = line.slice(0, at) + insert + line.slice(at + random(3));
      }
      // half of the damage is sealed again, so that it reaches the decoder behind the checksum
      if (random(2) === 0) line = seal(line);
      const whole = assembler.push(line, random(3) === 0 ? `receiver ${i}` : "a", i * 3);
      if (whole === null) continue;
      decodeAis(whole.bits);
      out.length = 0;
      decodeAisFrame(Buffer.from(whole.lines.join("\n"), "latin1"), 0, out);
      handled += whole.lines.length;
    }
    const grown = held() - before;
    assembler.flush();
    const stats = assembler.stats();
    const refused = Object.values(stats.refused).reduce((sum, n) => sum + n, 0);
    expect(stats.lines).toBe(FUZZED);
    expect(stats.sentences + stats.other).toBe(FUZZED);
    expect(handled + refused).toBe(stats.sentences);
    expect(handled).toBeGreaterThan(FUZZED / 10);
    expect(grown).toBeLessThan(MEMORY_BYTES);
  });
});

function seal(line: string): string {
  const bang = line.indexOf("!");
  const star = line.indexOf("*", bang);
  if (bang < 0 || star < 0) return line;
  let sum = 0;
  for (let i = bang + 1; i < star; i++) sum ^= line.charCodeAt(i);
  return `${line.slice(0, star)}*${(sum & 255).toString(16).padStart(2, "0")}`;
}
