import { describe, expect, it } from "vitest";
import { hexDump, parseHex, sampleView } from "./hex-dump.ts";

describe("frames as hex", () => {
  it("are dumped with offset, two groups of eight and ASCII", () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, i) => 0x3c + i);
    expect(hexDump(bytes)).toEqual([
      { offset: "0000", hex: "3c 3d 3e 3f 40 41 42 43  44 45 46 47 48 49 4a 4b", ascii: "<=>?@ABCDEFGHIJK" },
      { offset: "0010", hex: "4c 4d", ascii: "LM" },
    ]);
    expect(hexDump(Uint8Array.of(0, 0x41, 0xff))[0]?.ascii).toBe(".A.");
  });

  it("are read from what people paste", () => {
    expect(parseHex("68 01:0118\n0x00,0A")).toEqual(Uint8Array.of(0x68, 1, 1, 0x18, 0, 10));
    for (const text of ["", "6", "68 0g", "no frame"]) expect(parseHex(text), text).toBeNull();
  });
});

describe("a sample of an unknown device", () => {
  it("is a dump where the hub sent hex", () => {
    const view = sampleView("68010118", 4);
    expect(view).toMatchObject({ text: "", hex: "68 01 01 18", port: 0 });
    expect(view.dump?.[0]?.hex).toBe("68 01 01 18");
  });

  it("stays text though its characters are hex digits", () => {
    expect(sampleView("68010118", 8)).toEqual({ dump: null, text: "68010118", hex: "", port: 0 });
  });

  it("offers no frame to decode where it was cut", () => {
    const view = sampleView("ab".repeat(512), 600);
    expect(view.dump).toHaveLength(32);
    expect(view.hex).toBe("");
  });

  it("shows the newest frame that an envelope carries, with its port", () => {
    const envelope = {
      v: 1,
      r: [
        { ts: 1, x: "AAE=" },
        { ts: 2, x: "aAE=", p: 85 },
      ],
    };
    const text = JSON.stringify(envelope);
    expect(sampleView(text, text.length)).toMatchObject({ hex: "68 01", port: 85 });
  });

  it("shows an envelope of values, or half of one, as text", () => {
    for (const text of ['{"v":1,"r":[{"ts":1,"m":{"pressure":0.3}}]}', '{"v":1,"r":[{"ts":1,"x":"AAE'])
      expect(sampleView(text, text.length)).toMatchObject({ dump: null, text });
  });
});
