import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AisBits } from "./bits.ts";
import { checkLength, readByTable } from "./decode.ts";
import { readFrequent } from "./frequent.ts";

const ARMOUR = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw";
const payloads = (minLength: number) => fc.array(fc.nat(63), { minLength, maxLength: minLength + 8 });

describe("readFrequent", () => {
  it.each([1, 2, 3, 5, 18, 24])("type %s is what the table says, whatever the bits", (type) => {
    let read = 0;
    fc.assert(
      fc.property(
        payloads(type === 5 ? 70 : 27),
        fc.nat(5),
        fc.boolean(),
        fc.nat(3),
        (sextets, fill, auxiliary, part) => {
          const bits = new AisBits();
          sextets[0] = type;
          // an MMSI of 98 and seven digits names an auxiliary craft: sextets 1 to 6 hold repeat, MMSI and the part
          if (auxiliary) [sextets[1], sextets[2], sextets[3], sextets[4], sextets[5]] = [14, 39, 11, 0, 0];
          if (type === 24) sextets[6] = (sextets[6] & 0b001111) | ((part & 1) << 4);
          const text = sextets.map((s) => ARMOUR[s]).join("");
          bits.append(text, 0, text.length, fill);
          if (checkLength(bits, type) !== null) return;
          read++;
          expect(JSON.stringify(readFrequent(bits, type))).toBe(JSON.stringify(readByTable(bits, type)));
        },
      ),
      { numRuns: 600 },
    );
    expect(read).toBeGreaterThan(10);
  });

  it("leaves the others to the table", () => {
    for (const type of [0, 4, 8, 19, 21, 27, 40]) expect(readFrequent(new AisBits(), type)).toBeNull();
  });
});
