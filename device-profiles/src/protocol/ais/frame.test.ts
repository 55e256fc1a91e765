import { describe, expect, it } from "vitest";
import type { Position } from "../../reading.ts";
import { encodeAis } from "./encode.ts";
import { decodeAisFrame } from "./frame.ts";

function decode(...lines: string[]) {
  const out: Position[] = [];
  return { rejection: decodeAisFrame(Buffer.from(lines.join("\n")), 1_700_000_000_000, out), out };
}

function sealed(body: string): string {
  let sum = 0;
  for (const c of body) sum ^= c.charCodeAt(0);
  return `!${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}`;
}

describe("decodeAisFrame", () => {
  it("gives a safety text from any MMSI", () => {
    const { out } = decode(...encodeAis({ type: 14, mmsi: 412_000_001, text: "MAYDAY MAYDAY SOS" }));
    expect(out).toMatchObject([{ type: 14, mmsi: 412_000_001, text: "MAYDAY MAYDAY SOS", lon: null }]);
  });

  it("gives static data of both halves of type 24", () => {
    const a = decode(...encodeAis({ type: 24, part: "A", mmsi: 412_000_001, shipname: "ZHELINGYU 88" }));
    const b = decode(
      ...encodeAis({ type: 24, part: "B", mmsi: 412_000_001, callsign: "BABC", shiptype: 30, to_bow: 20, to_stern: 8 }),
    );
    expect(a.out).toMatchObject([{ name: "ZHELINGYU 88", class: "B", lon: null }]);
    expect(b.out).toMatchObject([{ callsign: "BABC", shipType: 30, length: 28 }]);
    const tender = decode(...encodeAis({ type: 24, part: "B", mmsi: 982_000_001, mothership_mmsi: 412_000_001 }));
    expect(tender.out[0].length).toBeNull();
  });

  it("refuses a type 1 message of 60 bits instead of placing it at 0,0", () => {
    const { rejection, out } = decode(sealed("AIVDM,1,1,,A,15RTgt0PAs,0"));
    expect(rejection?.reason).toBe("ais_invalid");
    expect(out).toEqual([]);
  });

  it("names the reason", () => {
    const [first, second] = encodeAis({ type: 5, mmsi: 1 }, { sequence: 4 });
    const [, other] = encodeAis({ type: 5, mmsi: 2 }, { sequence: 5 });
    expect(decode("").rejection?.reason).toBe("nmea_invalid");
    expect(decode("hello").rejection?.reason).toBe("nmea_invalid");
    expect(decode(first).rejection?.reason).toBe("nmea_invalid");
    expect(decode(first, other).rejection?.reason).toBe("nmea_invalid");
    expect(decode(second, first).rejection?.reason).toBe("nmea_invalid");
    expect(decode(first, second).rejection).toBeNull();
    expect(decode(first.replace("AI", "AB"), second).rejection?.reason).toBe("frame_check");
    expect(decode(sealed("AIVDM,1,1,,A,wwwwwwwwwwwwwwwwwwwwwwwwwwww,0")).rejection?.reason).toBe("frame_unsupported");
  });

  it("accepts a message that yields no position", () => {
    // type 10, UTC inquiry
    const { rejection, out } = decode(sealed("AIVDM,1,1,,A,:000000000000,0"));
    expect(rejection).toBeNull();
    expect(out).toEqual([]);
  });
});
