import type { Random } from "./random.ts";

/** A quantity that wanders around a level which a scenario may move. */
export class Walk {
  level: number;
  private readonly spread: number;
  private readonly random: Random;
  private drift = 0;

  /** @param spread about the largest distance from the level, in its unit */
  constructor(level: number, spread: number, random: Random) {
    this.level = level;
    this.spread = spread;
    this.random = random;
  }

  next(): number {
    this.drift = 0.9 * this.drift + this.random.normal() * this.spread * 0.13;
    return this.level + Math.max(-this.spread, Math.min(this.spread, this.drift));
  }
}

/** What a LoRaWAN sensor sends: bytes on an application port. */
export interface Uplink {
  readonly frame: Buffer;
  readonly port: number;
}

/** `milesight/em500-swl`, port 85: battery (01 75, %), then height of water over the probe (03 77, cm, little endian). */
export function levelProbeUplink(metres: number, batteryPercent: number): Uplink {
  const frame = Buffer.from([0x01, 0x75, clamp(batteryPercent, 0, 100), 0x03, 0x77, 0, 0]);
  frame.writeUInt16LE(clamp(metres * 100, 0, 1000), 5);
  return { frame, port: 85 };
}

/** `decentlab/dl-ctd10`: depth (mm) and temperature (0.1 Cel) with a bias of 32768, conductivity (uS/cm), ice; battery (mV). */
export function conductivityProbeUplink(metres: number, celsius: number, battery: number): Uplink {
  const frame = Buffer.alloc(15);
  frame[0] = 0x02;
  frame.writeUInt16BE(42, 1); // device number
  frame.writeUInt16BE(0b11, 3); // both groups
  frame.writeUInt16BE(clamp(metres * 1000 + 32_768, 0, 0xffff), 5);
  frame.writeUInt16BE(clamp(celsius * 10 + 32_768, 0, 0xffff), 7);
  frame.writeUInt16BE(640, 9);
  frame.writeUInt16BE(celsius < 0 ? 1 : 0, 11);
  frame.writeUInt16BE(clamp(battery * 1000, 0, 0xffff), 13);
  return { frame, port: 1 };
}

/** `ellenex/pts2-l`, port 15: pressure in whole bar, battery in 0.1 V. */
export function pressureUplink(megapascal: number, battery: number): Uplink {
  const frame = Buffer.from([0x01, 0xe8, 0, 0, 0, 0, 0, clamp(battery * 10, 0, 255)]);
  frame.writeInt16BE(clamp(megapascal * 10, -1, 1000), 3);
  return { frame, port: 15 };
}

function clamp(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, Math.round(x)));
}
