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

const KERMIT_TABLE = new Uint16Array(256);
const XMODEM_TABLE = new Uint16Array(256);
for (let i = 0; i < 256; i++) {
  let low = i;
  let high = i << 8;
  for (let k = 0; k < 8; k++) {
    low = low & 1 ? (low >>> 1) ^ 0x8408 : low >>> 1;
    high = high & 0x8000 ? ((high << 1) ^ 0x1021) & 0xffff : (high << 1) & 0xffff;
  }
  KERMIT_TABLE[i] = low;
  XMODEM_TABLE[i] = high;
}

/** CRC-16/KERMIT: polynomial 0x1021 reflected, start 0, no final xor. "123456789" gives 0x2189. */
export function crc16Kermit(b: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ KERMIT_TABLE[(crc ^ b[i]) & 0xff];
  return crc;
}

/** CRC-16/XMODEM: polynomial 0x1021, start 0, not reflected. "123456789" gives 0x31C3. */
export function crc16Xmodem(b: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = ((crc << 8) & 0xffff) ^ XMODEM_TABLE[(crc >>> 8) ^ b[i]];
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
