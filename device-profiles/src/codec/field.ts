import { SAMPLED_AT } from "../metric.ts";
import type { Path } from "../problem.ts";
import type { Field } from "./schema.ts";
import { isText, READER, Reader } from "./reader.ts";
import { type ZoneOffset, zoneOffset } from "./time.ts";
import { type CompileContext, compileTemporary, compileValue, type TemporaryRule, type ValueRule } from "./value.ts";

/** One field, compiled. */
export interface FieldOp {
  readonly reader: Reader;
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
  const isTime = reader >= Reader.time_bcd;
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
    if (reader > Reader.ascii) ctx.report([...path, "t"], `${name} is seen by formulas: expected a number`);
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
  const op = { ...PLAIN, reader: Reader.derived, at: next };
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
