import type { Random } from "./random.ts";

/** What a hydrant measures at one moment. */
export interface HydrantSample {
  /** ms UTC, by the device's own clock */
  readonly ts: number;
  /** MPa */
  readonly pressure: number;
  /** degrees from upright */
  readonly tilt: number;
  readonly capOpen: boolean;
  /** V */
  readonly battery: number;
}

/**
 * A street hydrant: pressure walks around its set point as the mains do, the battery drains. Scenarios change `setPressure`
 * and `lean`. GB 50974-2014 7.2.8 asks for 0.14 MPa in normal service and 0.10 MPa in a fire.
 */
export class Hydrant {
  /** MPa that the walk returns to */
  setPressure: number;
  /** degrees that it was pushed over by */
  lean = 0;
  capOpen = false;
  private readonly random: Random;
  private drift = 0;
  private battery: number;

  constructor(random: Random) {
    this.random = random;
    this.setPressure = random.between(0.24, 0.34);
    this.battery = random.between(3.45, 3.65);
  }

  sample(now: number): HydrantSample {
    // Mean-reverting steps of about 4 kPa; the set point itself moves at once, as after a burst main.
    this.drift = 0.9 * this.drift + this.random.normal() * 0.004;
    this.battery = Math.max(2.8, this.battery - 0.000_002);
    return {
      ts: now,
      pressure: Math.max(0, this.setPressure + Math.max(-0.03, Math.min(0.03, this.drift))),
      tilt: this.lean + this.random.normal() * 0.4,
      capOpen: this.capOpen,
      battery: this.battery,
    };
  }
}

const FRAME_LENGTH = 16;

/**
 * The frame of `generic/hydrant-nb`: 68 | type 01 | pressure u16 (0.001 MPa) | tilt i16 (0.1 deg) | bits (0 cap open) |
 * battery u8 (0.02 V) | time BCD yymmddhhmmss, China Standard Time | CRC-16/MODBUS. Big endian, the CRC low byte first.
 */
export function hydrantFrame(sample: HydrantSample): Buffer {
  const frame = Buffer.alloc(FRAME_LENGTH);
  frame[0] = 0x68;
  frame[1] = 0x01;
  frame.writeUInt16BE(clamp(Math.round(sample.pressure * 1000), 0, 0xfffe), 2);
  frame.writeInt16BE(clamp(Math.round(sample.tilt * 10), -1800, 1800), 4);
  frame[6] = sample.capOpen ? 1 : 0;
  frame[7] = clamp(Math.round(sample.battery / 0.02), 0, 255);
  writeBcdTime(frame, 8, sample.ts);
  frame.writeUInt16LE(crc16Modbus(frame.subarray(0, FRAME_LENGTH - 2)), FRAME_LENGTH - 2);
  return frame;
}

const CHINA_OFFSET = 8 * 3_600_000; // no daylight saving since 1991

function writeBcdTime(frame: Buffer, at: number, ts: number): void {
  const iso = new Date(ts + CHINA_OFFSET).toISOString(); // 2025-11-22T12:34:56
  const digits = iso.slice(2, 19).replace(/\D/g, "");
  frame.write(digits, at, "hex"); // two decimal digits a byte are written as they read
}

/** Polynomial 0xA001 (reflected), start 0xFFFF. */
export function crc16Modbus(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

function clamp(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, x));
}
