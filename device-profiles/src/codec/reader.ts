import type { FieldOp } from "./field.ts";
import { bcd, bcdTime, plausible } from "./time.ts";

/** How the bytes of a field are read. The order matters: numbers, then texts, then what reads no bytes, then times. */
export const Reader = {
  ...{ u8: 0, i8: 1, u16be: 2, u16le: 3, i16be: 4, i16le: 5, u32be: 6, u32le: 7, i32be: 8, i32le: 9 },
  ...{ wide: 10, lowword: 11, f32: 12, f64: 13, bcd: 14 },
  ...{ ascii: 15, gbk: 16, hex: 17, dotted: 18 },
  derived: 19,
  ...{ time_bcd: 20, time_s: 21, time_ms: 22 },
} as const;
export type Reader = (typeof Reader)[keyof typeof Reader];

const R = Reader;
/** Readers of each raw type by byte order, and its bytes; 0 = as `len` says. */
export const READER: Readonly<Record<string, readonly [be: Reader, le: Reader, size: number]>> = {
  u8: [R.u8, R.u8, 1],
  i8: [R.i8, R.i8, 1],
  u16: [R.u16be, R.u16le, 2],
  i16: [R.i16be, R.i16le, 2],
  u24: [R.wide, R.wide, 3],
  i24: [R.wide, R.wide, 3],
  u32: [R.u32be, R.u32le, 4],
  i32: [R.i32be, R.i32le, 4],
  u64: [R.wide, R.wide, 8],
  i64: [R.wide, R.wide, 8],
  u32_lowword: [R.lowword, R.lowword, 4],
  i32_lowword: [R.lowword, R.lowword, 4],
  f32: [R.f32, R.f32, 4],
  f64: [R.f64, R.f64, 8],
  bcd: [R.bcd, R.bcd, 0],
  ascii: [R.ascii, R.ascii, 0],
  gbk: [R.gbk, R.gbk, 0],
  hex: [R.hex, R.hex, 0],
  dotted: [R.dotted, R.dotted, 0],
  bcd_yymmddhhmmss: [R.time_bcd, R.time_bcd, 6],
  bcd_yymmddhhmm: [R.time_bcd, R.time_bcd, 5],
  bcd_yyyymmddhhmmss: [R.time_bcd, R.time_bcd, 7],
  unix_s: [R.time_s, R.time_s, 4],
  unix_ms: [R.time_ms, R.time_ms, 8],
};

export function isText(reader: Reader): boolean {
  return reader >= R.ascii && reader <= R.dotted;
}

const scratch = new DataView(new ArrayBuffer(8));

/** IEEE 754, 4 or 8 bytes. */
export function readFloat(b: Uint8Array, p: number, size: number, little: boolean): number {
  for (let i = 0; i < size; i++) scratch.setUint8(i, b[p + i]);
  return size === 4 ? scratch.getFloat32(0, little) : scratch.getFloat64(0, little);
}

/** Packed decimal; NaN when a digit is none. */
export function readBcd(b: Uint8Array, p: number, size: number, little: boolean): number {
  let x = 0;
  for (let i = 0; i < size; i++) x = x * 100 + bcd(b[little ? p + size - 1 - i : p + i]);
  return x;
}

/** Integers of 3 to 8 bytes; exact up to 2^53. */
export function wide(b: Uint8Array, p: number, size: number, little: boolean, signed: boolean): number {
  const first = little ? p + size - 1 : p;
  let x = signed ? (b[first] << 24) >> 24 : b[first];
  for (let i = 1; i < size; i++) x = x * 256 + b[little ? p + size - 1 - i : p + i];
  return x;
}

/** Text of a field without its padding; null when a byte is not text. */
export function readText(op: FieldOp, b: Uint8Array, p: number, size: number): string | null {
  if (op.reader === R.dotted) return b.subarray(p, p + size).join(".");
  if (op.reader === R.hex) return readHex(b, p, size, op.little);
  let end = p + size;
  while (end > p && (b[end - 1] === 0 || b[end - 1] === 32)) end--;
  if (op.reader === R.gbk) return readGbk(b.subarray(p, end));
  let text = "";
  for (let i = p; i < end; i++) {
    if (b[i] < 32 || b[i] > 126) return null;
    text += String.fromCharCode(b[i]);
  }
  return text;
}

/** A decimal number sent as text; NaN when it is none. */
export function readDecimal(op: FieldOp, b: Uint8Array, p: number, size: number): number {
  const text = readText(op, b, p, size) ?? "";
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

const gbk = new TextDecoder("gbk");

/** GB 18030 covers GBK and GB 2312; a broken pair decodes to U+FFFD. */
function readGbk(b: Uint8Array): string | null {
  const text = gbk.decode(b);
  return /[\p{Cc}\ufffd]/u.test(text) ? null : text;
}

function readHex(b: Uint8Array, p: number, size: number, little: boolean): string {
  let text = "";
  for (let i = 0; i < size; i++) text += b[little ? p + size - 1 - i : p + i].toString(16).padStart(2, "0");
  return text;
}

/** @returns ms UTC; 0 = the device says that it has no time; NaN = no plausible time */
export function readTime(op: FieldOp, b: Uint8Array, p: number): number {
  if (op.reader === R.time_bcd) {
    if (op.unset !== null && op.unset.has(wide(b, p, op.size, false, false))) return 0;
    return bcdTime(b, p, op.size === 7, op.size !== 5, op.zone);
  }
  const raw = wide(b, p, op.size, op.little, false);
  if (op.unset !== null && op.unset.has(raw)) return 0;
  return plausible(op.reader === R.time_s ? raw * 1000 : raw);
}
