import type { FieldGroup, FieldOp } from "./field.ts";
import { readBcd, readDecimal, Reader, readFloat, readText, readTime, wide } from "./reader.ts";
import { type Code, joined, js, type Source } from "./source.ts";
import { derivedCode, numberCode, temporaryCode, textCode, invalidCode } from "./value-source.ts";

// The code that reads fields of `b` into `out`.

/** Where a group lies: it begins at `base` and must end before `limit`; `base` null = at the frame's first byte. */
export interface Place {
  readonly base: Code | null;
  readonly limit: Code;
}

/** Reads all fields; the caller knows that they lie inside ({@link outsideCode}). */
export function fieldsCode(src: Source, { ops }: FieldGroup, place: Place): Code {
  return js`${ops.map((op) => fieldCode(src, op, place))}`;
}

/** Reads the fields that lie inside, and counts the others in `missing`. */
export function partialCode(src: Source, { ops }: FieldGroup, place: Place): Code {
  const guarded = ops.map((op) => js`if (${beyondCode(op, place)}) missing++; else ${fieldCode(src, op, place)}`);
  return js`${guarded}`;
}

/** Whether any field lies outside. */
export function outsideCode({ ops }: FieldGroup, place: Place): Code {
  const front = ops.filter((op) => op.at >= 0);
  const back = ops.filter((op) => op.at < 0);
  const reach = Math.max(0, ...front.map((op) => op.at + op.size));
  const depth = Math.max(0, ...back.map((op) => -op.at));
  const outside = [
    ...(front.length === 0 ? [] : [js`${offset(place, reach)} > ${place.limit}`]),
    ...(depth === 0 ? [] : [js`b.length < ${depth}`]),
    ...(back.some((op) => op.at + op.size > 0) ? [js`true`] : []),
  ];
  return joined(outside, "||", js`false`);
}

/** How many fields lie outside a frame that the code above refused; for its message. */
export function countOutside({ ops }: FieldGroup, b: Uint8Array, limit: number): number {
  return ops.filter(({ at, size }) => {
    const p = at < 0 ? b.length + at : at;
    return p < 0 || p + size > (at < 0 ? b.length : limit);
  }).length;
}

function beyondCode({ at, size }: FieldOp, place: Place): Code {
  if (at >= 0) return js`${offset(place, at + size)} > ${place.limit}`;
  return at + size > 0 ? js`true` : js`b.length < ${-at}`;
}

function offset({ base }: Place, at: number): Code {
  return base === null ? js`${at}` : js`${base} + ${at}`;
}

function fieldCode(src: Source, op: FieldOp, place: Place): Code {
  const p = op.at < 0 ? js`b.length - ${-op.at}` : offset(place, op.at);
  const size = op.size === 0 ? js`${place.limit} - (${p})` : js`${op.size}`;
  const { value, temporary } = op;
  if (temporary !== null) {
    if (op.reader === Reader.derived) return temporaryCode(src, temporary, js`0`);
    if (op.reader === Reader.ascii)
      return temporaryCode(src, temporary, js`${src.bind(readDecimal)}(${src.bind(op)}, b, ${p}, ${size})`);
    return temporaryCode(src, temporary, partCode(src, op, p));
  }
  if (value === null) return js`out.ts = ${src.bind(readTime)}(${src.bind(op)}, b, ${p});`;
  if (op.reader === Reader.derived) return js`{ ${derivedCode(src, value)} }`;
  if (op.reader < Reader.ascii) return numberCode(src, value, partCode(src, op, p), op.reader < Reader.f32);
  return js`{
    const s = ${src.bind(readText)}(${src.bind(op)}, b, ${p}, ${size});
    if (s === null) ${invalidCode(value)} else ${textCode(src, value, js`s`)}
  }`;
}

/** The number, or the bits of it that the field means. */
function partCode(src: Source, op: FieldOp, p: Code): Code {
  const raw = readCode(src, op, p);
  if (op.width === 0) return raw;
  if (!op.magnitude) return extractCode(raw, op.shift, op.width, op.signed);
  const sign = 2 ** (op.width - 1);
  return js`${src.bind(amount)}(${extractCode(raw, op.shift, op.width, false)}, ${sign})`;
}

/** Sign and amount: the highest bit is the sign. */
function amount(bits: number, sign: number): number {
  return bits < sign ? bits : sign - bits;
}

/** Bits of an integer up to 32 bits wide. */
export function extractCode(raw: Code, shift: number, width: number, signed: boolean): Code {
  if (signed) return js`((${raw}) << ${32 - shift - width} >> ${32 - width})`;
  const moved = shift === 0 ? js`(${raw})` : js`((${raw}) >>> ${shift})`;
  return width === 32 ? js`(${moved} >>> 0)` : js`(${moved} & ${2 ** width - 1})`;
}

function readCode(src: Source, op: FieldOp, p: Code): Code {
  const { reader, size, little } = op;
  const flags = js`${little ? js`true` : js`false`}`;
  switch (reader) {
    case Reader.lowword:
      return integerBytes([2, 3, 0, 1], p, false, !op.signed);
    case Reader.f32:
    case Reader.f64:
      return js`${src.bind(readFloat)}(b, ${p}, ${size}, ${flags})`;
    case Reader.bcd:
      return js`${src.bind(readBcd)}(b, ${p}, ${size}, ${flags})`;
    case Reader.wide:
      if (size === 3) return integerCode(p, 3, little, op.signed);
      return js`${src.bind(wide)}(b, ${p}, ${size}, ${flags}, ${op.signed ? js`true` : js`false`})`;
    default:
      return integerCode(p, size, little, SIGNED.has(reader));
  }
}

const SIGNED: ReadonlySet<Reader> = new Set([Reader.i8, Reader.i16be, Reader.i16le, Reader.i32be, Reader.i32le]);

/** An integer of 1 to 4 bytes at `b[p]`. */
export function integerCode(p: Code, size: number, little: boolean, signed: boolean): Code {
  const order = Array.from({ length: size }, (_, i) => (little ? size - 1 - i : i));
  return integerBytes(order, p, signed && size < 4, !signed && size === 4);
}

/** Bytes by descending weight. @param extend the first byte has the sign; `unsigned`: of 32 bits, as a positive number */
function integerBytes(order: readonly number[], p: Code, extend: boolean, unsigned: boolean): Code {
  const bytes = order.map((at, i) => {
    const byte = at === 0 ? js`b[${p}]` : js`b[${p} + ${at}]`;
    const left = 8 * (order.length - 1 - i);
    if (i === 0 && extend) return left === 24 ? js`(${byte} << 24)` : js`(${byte} << 24 >> ${24 - left})`;
    return left === 0 ? byte : js`(${byte} << ${left})`;
  });
  const whole = joined(bytes, "|", js`0`);
  return unsigned ? js`((${whole}) >>> 0)` : js`(${whole})`;
}
