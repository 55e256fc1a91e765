/** Checksums of `b[from..to)`. */

const CRC_TABLE = new Uint16Array(256);
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  CRC_TABLE[i] = crc;
}

/** CRC-16/MODBUS: polynomial 0x8005 reflected, start 0xFFFF, no final xor. "123456789" gives 0x4B37. */
export function crc16Modbus(b: Uint8Array, from: number, to: number): number {
  let crc = 0xffff;
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ b[i]) & 0xff];
  return crc;
}

export function xor8(b: Uint8Array, from: number, to: number): number {
  let x = 0;
  for (let i = from; i < to; i++) x ^= b[i];
  return x;
}

export function sum8(b: Uint8Array, from: number, to: number): number {
  let s = 0;
  for (let i = from; i < to; i++) s += b[i];
  return s & 0xff;
}
