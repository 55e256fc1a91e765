import { SAMPLED_AT } from "../metric.ts";
import type { Path } from "../problem.ts";
import type { RecordBuffer } from "../reading.ts";
import type { Field } from "./schema.ts";
import { bcd, bcdTime, plausible, type ZoneOffset, zoneOffset } from "./time.ts";
import {
  type CompileContext,
  compileTemporary,
  compileValue,
  emitDerived,
  emitNumber,
  emitText,
  keepTemporary,
  type TemporaryRule,
  type ValueRule,
} from "./value.ts";

/** Readers, as small integers: one loop with a switch keeps the hot path in one function, without a call through a pointer a field. */
const U8 = 0, I8 = 1, U16BE = 2, U16LE = 3, I16BE = 4, I16LE = 5, U32BE = 6, U32LE = 7, I32BE = 8, I32LE = 9; // prettier-ignore
const WIDE = 10, F32 = 11, F64 = 12, BCD = 13, LOWWORD = 14; // prettier-ignore
// from here on: texts, then times
const ASCII = 15, GBK = 16, HEX = 17, DOTTED = 18, DERIVED = 19, TIME_BCD = 20, TIME_S = 21, TIME_MS = 22; // prettier-ignore

const READER: Readonly<Record<string, readonly [be: number, le: number, size: number]>> = {
  u8: [U8, U8, 1],
  i8: [I8, I8, 1],
  u16: [U16BE, U16LE, 2],
  i16: [I16BE, I16LE, 2],
  u24: [WIDE, WIDE, 3],
  i24: [WIDE, WIDE, 3],
  u32: [U32BE, U32LE, 4],
  i32: [I32BE, I32LE, 4],
  u64: [WIDE, WIDE, 8],
  i64: [WIDE, WIDE, 8],
  u32_lowword: [LOWWORD, LOWWORD, 4],
  i32_lowword: [LOWWORD, LOWWORD, 4],
  f32: [F32, F32, 4],
  f64: [F64, F64, 8],
  bcd: [BCD, BCD, 0],
  ascii: [ASCII, ASCII, 0],
  gbk: [GBK, GBK, 0],
  hex: [HEX, HEX, 0],
  dotted: [DOTTED, DOTTED, 0],
  bcd_yymmddhhmmss: [TIME_BCD, TIME_BCD, 6],
  bcd_yymmddhhmm: [TIME_BCD, TIME_BCD, 5],
  bcd_yyyymmddhhmmss: [TIME_BCD, TIME_BCD, 7],
  unix_s: [TIME_S, TIME_S, 4],
  unix_ms: [TIME_MS, TIME_MS, 8],
};

/** One field, compiled. */
export interface FieldOp {
  readonly reader: number;
  /** offset from the base (frame, item, group); negative = from the frame's end */
  readonly at: number;
  readonly size: number;
  readonly little: boolean;
  readonly signed: boolean;
  /** the highest bit is the sign, the others the amount */
  readonly magnitude: boolean;
  /** bit field: lowest bit and number of bits; 0 bits = the whole integer */
  readonly shift: number;
  readonly width: number;
  readonly zone: ZoneOffset;
  /** null = a sample time or a temporary */
  readonly value: ValueRule | null;
  readonly temporary: TemporaryRule | null;
  readonly unset: ReadonlySet<number> | null;
}

export interface FieldGroup {
  readonly ops: readonly FieldOp[];
  /** bytes from the base to the end of the last field */
  readonly size: number;
}

const UTC: ZoneOffset = () => 0;
const INTEGER = /^[iu](8|16|24|32)$/;

/** Fields without `at` follow each other. Problems are reported; the group is then of no use. */
export function compileFields(
  fields: readonly Field[],
  endian: "be" | "le",
  path: Path,
  ctx: CompileContext,
  start = 0,
): FieldGroup {
  const ops: FieldOp[] = [];
  let next = start;
  let size = start;
  const taken: { from: number; to: number; name: string; part: boolean }[] = [];
  fields.forEach((field, i) => {
    const here = [...path, i];
    if (field.skip !== undefined) {
      if (field.n !== undefined) ctx.report(here, "a field has either n or skip");
      next = (field.at ?? next) + field.skip;
      size = Math.max(size, next);
      return;
    }
    if (field.n === undefined) {
      ctx.report(here, "expected n (a metric name) or skip (a number of bytes)");
      return;
    }
    const op = compileField(field, field.n, endian, next, here, ctx);
    if (op === null) return;
    if (ops.some((o) => o.value !== null && o.value.metric === op.value?.metric))
      ctx.report(here, `${field.n} stands twice in this layout: give the other value a metric of its own`, "warning");
    ops.push(op);
    if (op.at < 0) return;
    next = op.at + op.size;
    size = Math.max(size, next);
    const part = op.width !== 0 || op.temporary !== null;
    const other = taken.find((t) => t.from < next && op.at < t.to && !(part && t.part));
    if (other !== undefined) ctx.report(here, `${field.n} reads bytes of ${other.name} again`, "warning");
    taken.push({ from: op.at, to: next, name: field.n, part });
  });
  return { ops, size };
}

function compileField(
  field: Field,
  name: string,
  endian: "be" | "le",
  next: number,
  path: Path,
  ctx: CompileContext,
): FieldOp | null {
  const derived = compileDerived(field, name, next, path, ctx);
  if (derived !== null) return derived;
  const type = field.t ?? ctx.type ?? "u8";
  const little = (field.endian ?? endian) === "le";
  const [big, small, fixedSize] = READER[type];
  const reader = little ? small : big;
  const rest = field.len === "rest";
  const size = fixedSize === 0 ? (typeof field.len === "number" ? field.len : 0) : fixedSize;
  if (rest && !isText(reader)) ctx.report([...path, "len"], `${type} has no rest; only ascii, gbk and hex do`);
  if (size === 0 && !rest) ctx.report(path, `${type} needs len, its number of bytes`);
  if (fixedSize !== 0 && field.len !== undefined) ctx.report([...path, "len"], `${type} is always ${fixedSize} bytes`);
  const bits = bitField(field, type, size, path, ctx);
  const isTime = reader >= TIME_BCD;
  if (isTime !== (name === SAMPLED_AT)) {
    const message = isTime
      ? `${type} gives the sample time: expected n: ${SAMPLED_AT}`
      : `${SAMPLED_AT} needs a time type`;
    ctx.report([...path, "t"], message);
    return null;
  }
  if (isTime) {
    const zone = zoneOffset(field.tz ?? "UTC");
    if (zone === null)
      ctx.report([...path, "tz"], `unknown time zone "${field.tz}"; expected Asia/Shanghai, UTC or +08:00`);
    const unset = [field.invalid ?? []].flat().map(Number);
    return {
      ...PLAIN,
      ...{ reader, at: field.at ?? next, size, little },
      ...{ zone: zone ?? UTC, unset: unset.length === 0 ? null : new Set(unset) },
    };
  }
  if (field.tz !== undefined) ctx.report([...path, "tz"], "only times have a time zone");
  const magnitude = field.signed === "magnitude";
  const signed = !magnitude && (type.startsWith("i") || (bits !== null && bits.width > 0 && field.signed === true));
  const op = { ...PLAIN, reader, at: field.at ?? next, size, little, signed, magnitude, ...bits };
  if (name.startsWith("_")) {
    const temporary = compileTemporary(field, name, path, ctx);
    if (reader > ASCII) ctx.report([...path, "t"], `${name} is seen by formulas: expected a number`);
    return temporary === null || bits === null ? null : { ...op, temporary };
  }
  const value = compileValue(field, name, path, ctx);
  if (value === null || bits === null) return null;
  if (value.type === "text" && value.mapNumbers === null && !isText(reader))
    ctx.report(path, `${name} is a text metric: expected t: ascii, gbk, hex or dotted, or a map`);
  return { ...op, value };
}

/** A value worked out from others takes no bytes: `{n: albedo, calc: "reflected / incoming"}`. */
function compileDerived(field: Field, name: string, next: number, path: Path, ctx: CompileContext): FieldOp | null {
  if (field.calc === undefined || /\bx\b/.test(field.calc)) return null;
  for (const key of ["t", "at", "len", "bit", "bits", "signed", "endian", "scale", "offset", "invalid", "map"] as const)
    if (field[key] !== undefined)
      ctx.report([...path, key], `a formula without x reads no bytes: ${key} has no meaning beside it`);
  const op = { ...PLAIN, reader: DERIVED, at: next };
  if (name.startsWith("_")) {
    const temporary = compileTemporary(field, name, path, ctx);
    return temporary === null ? null : { ...op, temporary };
  }
  const value = compileValue(field, name, path, ctx);
  if (value?.type === "text") ctx.report(path, `${name} is a text metric: a formula gives numbers`);
  return value === null ? null : { ...op, value };
}

const PLAIN = {
  ...{ size: 0, little: false, signed: false, magnitude: false, shift: 0, width: 0 },
  ...{ zone: UTC, value: null, temporary: null, unset: null },
} as const;

function isText(reader: number): boolean {
  return reader >= ASCII && reader <= DOTTED;
}

function bitField(
  field: Field,
  type: string,
  size: number,
  path: Path,
  ctx: CompileContext,
): { shift: number; width: number } | null {
  if (field.bit === undefined && field.bits === undefined) {
    if (field.signed === "magnitude" && INTEGER.test(type)) return { shift: 0, width: size * 8 };
    if (field.signed !== undefined)
      ctx.report([...path, "signed"], "only bit fields need it; the type says it otherwise");
    return { shift: 0, width: 0 };
  }
  const key = field.bit === undefined ? "bits" : "bit";
  if (field.bit !== undefined && field.bits !== undefined)
    ctx.report([...path, "bits"], "a field has bit or bits, not both");
  if (!INTEGER.test(type)) {
    ctx.report([...path, key], `${type} has no bits; expected an integer type up to 32 bits`);
    return null;
  }
  const [low, high] = field.bits ?? [field.bit ?? 0, field.bit ?? 0];
  if (low > high) ctx.report([...path, key], "expected [lowest, highest]");
  if (high >= size * 8) ctx.report([...path, key], `${type} has bits 0 to ${size * 8 - 1}`);
  return { shift: low, width: high - low + 1 };
}

const scratch = new DataView(new ArrayBuffer(8));

function readNumber(op: FieldOp, b: Uint8Array, p: number): number {
  switch (op.reader) {
    case U8:
      return b[p];
    case I8:
      return (b[p] << 24) >> 24;
    case U16BE:
      return (b[p] << 8) | b[p + 1];
    case U16LE:
      return b[p] | (b[p + 1] << 8);
    case I16BE:
      return ((b[p] << 24) >> 16) | b[p + 1];
    case I16LE:
      return b[p] | ((b[p + 1] << 24) >> 16);
    case U32BE:
      return ((b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3]) >>> 0;
    case U32LE:
      return (b[p] | (b[p + 1] << 8) | (b[p + 2] << 16) | (b[p + 3] << 24)) >>> 0;
    case I32BE:
      return (b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3];
    case I32LE:
      return b[p] | (b[p + 1] << 8) | (b[p + 2] << 16) | (b[p + 3] << 24);
    case LOWWORD: {
      const x = (b[p + 2] << 24) | (b[p + 3] << 16) | (b[p] << 8) | b[p + 1];
      return op.signed ? x : x >>> 0;
    }
    case F32:
      for (let i = 0; i < 4; i++) scratch.setUint8(i, b[p + i]);
      return scratch.getFloat32(0, op.little);
    case F64:
      for (let i = 0; i < 8; i++) scratch.setUint8(i, b[p + i]);
      return scratch.getFloat64(0, op.little);
    case BCD: {
      let x = 0;
      for (let i = 0; i < op.size; i++) x = x * 100 + bcd(b[op.little ? p + op.size - 1 - i : p + i]);
      return x;
    }
    default:
      return wide(b, p, op.size, op.little, op.signed);
  }
}

/** Integers of 3 to 8 bytes; exact up to 2^53. */
function wide(b: Uint8Array, p: number, size: number, little: boolean, signed: boolean): number {
  const first = little ? p + size - 1 : p;
  let x = signed ? (b[first] << 24) >> 24 : b[first];
  for (let i = 1; i < size; i++) x = x * 256 + b[little ? p + size - 1 - i : p + i];
  return x;
}

/** Bits of an integer up to 32 bits wide. */
export function extract(raw: number, shift: number, width: number, signed: boolean): number {
  return signed
    ? (raw << (32 - shift - width)) >> (32 - width)
    : ((raw >>> shift) & (width === 32 ? -1 : (1 << width) - 1)) >>> 0;
}

/** Text of a field without its padding; null when a byte is not text. */
function readText(op: FieldOp, b: Uint8Array, p: number, size: number): string | null {
  if (op.reader === DOTTED) return b.subarray(p, p + size).join(".");
  if (op.reader === HEX) return readHex(b, p, size, op.little);
  let end = p + size;
  while (end > p && (b[end - 1] === 0 || b[end - 1] === 32)) end--;
  if (op.reader === GBK) return readGbk(b.subarray(p, end));
  let text = "";
  for (let i = p; i < end; i++) {
    if (b[i] < 32 || b[i] > 126) return null;
    text += String.fromCharCode(b[i]);
  }
  return text;
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

/**
 * Runs the fields over `b[base..limit)`; fields counted from the end see the whole frame.
 * @returns the number of fields that lie outside; nothing is emitted for those
 */
export function runFields(
  ops: readonly FieldOp[],
  b: Uint8Array,
  base: number,
  limit: number,
  out: RecordBuffer,
): number {
  let missing = 0;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i];
    const p = op.at < 0 ? b.length + op.at : base + op.at;
    if (p < base || p + op.size > (op.at < 0 ? b.length : limit)) {
      missing++;
      continue;
    }
    const { value } = op;
    if (value === null) {
      if (op.temporary === null) out.ts = readTime(op, b, p);
      else keepTemporary(op.temporary, readPart(op, b, p, limit), out);
    } else if (op.reader < ASCII) {
      const raw = readNumber(op, b, p);
      emitNumber(value, op.width === 0 ? raw : part(op, raw), out);
    } else if (op.reader === DERIVED) emitDerived(value, out);
    else {
      const text = readText(op, b, p, op.size === 0 ? limit - p : op.size);
      if (text === null) emitNumber(value, Number.NaN, out);
      else emitText(value, text, out);
    }
  }
  return missing;
}

function part(op: FieldOp, raw: number): number {
  if (!op.magnitude) return extract(raw, op.shift, op.width, op.signed);
  const bits = extract(raw, op.shift, op.width, false);
  const sign = 2 ** (op.width - 1);
  return bits < sign ? bits : sign - bits;
}

/** A number that only formulas see. */
function readPart(op: FieldOp, b: Uint8Array, p: number, limit: number): number {
  if (op.reader === DERIVED) return 0;
  if (op.reader === ASCII) {
    const text = readText(op, b, p, op.size === 0 ? limit - p : op.size) ?? "";
    return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  }
  const raw = readNumber(op, b, p);
  return op.width === 0 ? raw : part(op, raw);
}

/** @returns ms UTC; 0 = the device says that it has no time; NaN = no plausible time */
function readTime(op: FieldOp, b: Uint8Array, p: number): number {
  if (op.reader === TIME_BCD) {
    if (op.unset !== null && op.unset.has(wide(b, p, op.size, false, false))) return 0;
    return bcdTime(b, p, op.size === 7, op.size !== 5, op.zone);
  }
  const raw = wide(b, p, op.size, op.little, false);
  if (op.unset !== null && op.unset.has(raw)) return 0;
  return plausible(op.reader === TIME_S ? raw * 1000 : raw);
}
