import type { MetricDef } from "../compiled.ts";
import { convert } from "../unit.ts";
import type { Field, JsonField } from "./schema.ts";
import { zoneOffset } from "./time.ts";

export type Value = number | boolean | string | null;

/** Why something cannot be encoded, in words; a value, so that callers need no exceptions. */
export class EncodeFault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** The raw value that decodes to `value`: the inverse of compileValue's rules, before rounding to the wire's type. */
export function rawValue(
  field: Field | JsonField,
  def: MetricDef,
  value: Value,
): number | string | boolean | EncodeFault {
  const name = def.name;
  for (const key of ["poly", "curve", "calc"] as const)
    if (field[key] !== undefined) return new EncodeFault(`${name}: ${key} has no inverse`);
  if (value === null) {
    const [sentinel] = [field.invalid ?? []].flat();
    return sentinel ?? new EncodeFault(`${name} has no way to say "not available"`);
  }
  const to = convert(field.unit ?? def.unit, def.unit) ?? { factor: 1, shift: 0 };
  if (field.map !== undefined) {
    const entry = Object.entries(field.map).find(([, target]) =>
      typeof target === "number" && typeof value === "number"
        ? Math.abs(target * to.factor + to.shift - value) <= 1e-9 * Math.max(1, Math.abs(value))
        : target === value,
    );
    return entry?.[0] ?? new EncodeFault(`${name}: no raw value maps to ${value}`);
  }
  if (def.type === "text") return String(value);
  if (def.type === "boolean") return value === true || value === 1;
  if (typeof value !== "number" || !Number.isFinite(value)) return new EncodeFault(`${name}: expected a number`);
  const sent = (value - to.shift) / to.factor;
  const scale = field.scale ?? 1;
  // dividing by 0.001 is multiplying by 1000, exactly
  const steps = Math.abs(1 / scale - Math.round(1 / scale)) < 1e-9 ? Math.round(1 / scale) : 1 / scale;
  return tidy((sent - (field.offset ?? 0)) * steps + (field.bias ?? 0));
}

function tidy(x: number): number {
  return Number(x.toPrecision(15));
}

/** Bytes of a type; 0 = as `len` says. */
export function sizeOf(type: string, len: number): number {
  if (type.startsWith("bcd_")) return type.length === "bcd_yyyymmddhhmmss".length ? 7 : type.endsWith("ss") ? 6 : 5;
  if (type === "unix_s") return 4;
  if (type === "unix_ms") return 8;
  const bits = /^[iuf](\d+)/.exec(type);
  return bits === null ? len : Number(bits[1]) / 8;
}

/** Writes one field; bit fields join what stands there. @returns what does not fit, or null */
export function writeField(
  b: Uint8Array,
  at: number,
  field: Field,
  type: string,
  little: boolean,
  raw: number | string | boolean,
): EncodeFault | null {
  const size = sizeOf(type, typeof field.len === "number" ? field.len : 0);
  if (at < 0 || at + size > b.length) return new EncodeFault(`${field.n} lies beyond the frame`);
  if (type === "ascii" || type === "hex" || type === "gbk")
    return writeText(b, at, size, type, String(raw), field.n ?? "");
  const number = Number(raw);
  if (!Number.isFinite(number)) return new EncodeFault(`${field.n}: ${raw} is no number`);
  if (type === "f32" || type === "f64") {
    const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    // no negative zero: it would read back as another frame for the same value
    if (size === 4) view.setFloat32(at, Math.fround(number) === 0 ? 0 : number, little);
    else view.setFloat64(at, number === 0 ? 0 : number, little);
    return null;
  }
  const whole = Math.round(number);
  if (type === "bcd") return writeBcd(b, at, size, whole, field.n ?? "");
  const [low, high] = field.bits ?? (field.bit === undefined ? [0, size * 8 - 1] : [field.bit, field.bit]);
  const width = high - low + 1;
  if (field.signed === "magnitude") return new EncodeFault(`${field.n}: sign and magnitude are not written`);
  const partial = field.bit !== undefined || field.bits !== undefined;
  const signed = (partial && field.signed === true) || type.startsWith("i");
  const [least, most] = signed ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1];
  if (whole < least || whole > most) return new EncodeFault(`${field.n}: ${whole} does not fit ${width} bits`);
  if (!Number.isSafeInteger(whole)) return new EncodeFault(`${field.n}: ${whole} is not exact`);
  const unsigned = BigInt.asUintN(width, BigInt(whole));
  let word = partial ? readWord(b, at, size, little) : 0n;
  word = (word & ~(((1n << BigInt(width)) - 1n) << BigInt(low))) | (unsigned << BigInt(low));
  writeWord(b, at, size, little, type.endsWith("_lowword"), word);
  return null;
}

function readWord(b: Uint8Array, at: number, size: number, little: boolean): bigint {
  let x = 0n;
  for (let i = 0; i < size; i++) x = (x << 8n) | BigInt(b[little ? at + size - 1 - i : at + i]);
  return x;
}

function writeWord(b: Uint8Array, at: number, size: number, little: boolean, lowFirst: boolean, word: bigint): void {
  const x = lowFirst ? ((word & 0xffffn) << 16n) | (word >> 16n) : word;
  for (let i = 0; i < size; i++) {
    const byte = Number((x >> BigInt(8 * i)) & 0xffn);
    b[little && !lowFirst ? at + i : at + size - 1 - i] = byte;
  }
}

function writeBcd(b: Uint8Array, at: number, size: number, value: number, name: string): EncodeFault | null {
  const digits = String(value).padStart(size * 2, "0");
  if (!/^\d+$/.test(digits) || digits.length > size * 2)
    return new EncodeFault(`${name}: ${value} does not fit ${size} BCD bytes`);
  b.set(Buffer.from(digits, "hex"), at);
  return null;
}

function writeText(
  b: Uint8Array,
  at: number,
  size: number,
  type: string,
  text: string,
  name: string,
): EncodeFault | null {
  if (type === "gbk") return new EncodeFault(`${name}: GBK is not written`);
  const bytes = Buffer.from(text, type === "hex" ? "hex" : "latin1");
  if (bytes.length > size || (type === "hex" && bytes.length !== size))
    return new EncodeFault(`${name}: "${text.slice(0, 20)}" does not fit ${size} bytes`);
  b.fill(0, at, at + size);
  b.set(bytes, at);
  return null;
}

/** Writes a sample time. @param ms UTC */
export function writeTime(
  b: Uint8Array,
  at: number,
  field: Field,
  type: string,
  little: boolean,
  ms: number,
): EncodeFault | null {
  const size = sizeOf(type, 0);
  if (at < 0 || at + size > b.length) return new EncodeFault("the sample time lies beyond the frame");
  if (type.startsWith("unix")) {
    writeWord(b, at, size, little, false, BigInt(type === "unix_s" ? Math.floor(ms / 1000) : Math.floor(ms)));
    return null;
  }
  const zone = zoneOffset(field.tz ?? "UTC");
  if (zone === null) return new EncodeFault(`unknown time zone ${field.tz}`);
  const local = new Date(ms + zone(ms + zone(ms))).toISOString().replace(/\D/g, "");
  const digits = size === 7 ? local.slice(0, 14) : local.slice(2, size === 6 ? 14 : 12);
  b.set(Buffer.from(digits, "hex"), at);
  return null;
}
