import { describe, expect, it } from "vitest";
import { crc16Modbus, Hydrant, hydrantFrame, type HydrantSample } from "./hydrant.ts";
import { createRandom } from "./random.ts";

const SAMPLE: HydrantSample = {
  ts: Date.UTC(2025, 10, 22, 4, 34, 56),
  pressure: 0.28,
  tilt: 1,
  capOpen: false,
  battery: 3.6,
};

describe("the hydrant's frame", () => {
  it("has the layout of its profile", () => {
    const frame = hydrantFrame(SAMPLE);
    // 68 | 01 | 0.280 MPa | 1.0 deg | - | 3.6 V | 12:34:56 in China
    expect(frame.subarray(0, 14).toString("hex")).toBe("680101" + "18" + "000a" + "00" + "b4" + "251122123456");
    expect(frame.readUInt16LE(14)).toBe(crc16Modbus(frame.subarray(0, 14)));
  });

  it("carries negative tilt, the cap's bit and bounded values", () => {
    const frame = hydrantFrame({ ...SAMPLE, tilt: -30.5, capOpen: true, pressure: 999 });
    expect(frame.readInt16BE(4)).toBe(-305);
    expect(frame[6] & 1).toBe(1);
    expect(frame.readUInt16BE(2)).toBe(0xfffe); // 0xFFFF means "not available"
  });

  it("checks with CRC-16/MODBUS", () => {
    expect(crc16Modbus(Buffer.from("123456789"))).toBe(0x4b37);
  });
});

describe("a hydrant", () => {
  it("walks around its set point and follows an incident at once", () => {
    const hydrant = new Hydrant(createRandom("h"));
    hydrant.setPressure = 0.28;
    const calm = Array.from({ length: 500 }, (_, i) => hydrant.sample(i * 1000));
    expect(Math.max(...calm.map((s) => Math.abs(s.pressure - 0.28)))).toBeLessThanOrEqual(0.03);
    expect(Math.max(...calm.map((s) => Math.abs(s.tilt)))).toBeLessThan(3);
    hydrant.setPressure = 0.06;
    hydrant.lean = 74;
    const hit = hydrant.sample(0);
    expect(hit.pressure).toBeLessThan(0.1);
    expect(hit.tilt).toBeGreaterThan(70);
  });
});
