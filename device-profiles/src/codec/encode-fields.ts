import type { MetricDef } from "../compiled.ts";
import { SAMPLED_AT } from "../metric.ts";
import { EncodeFault, rawValue, sizeOf, type Value, writeField, writeTime } from "./encode-value.ts";
import type { Field } from "./schema.ts";

export interface EncodeInput {
  /** metric -> value in the metric's unit; null = not available */
  readonly values: Readonly<Record<string, Value>>;
  /** sample time, ms UTC */
  readonly ts: number;
  readonly metrics: ReadonlyMap<string, MetricDef>;
  /** earlier samples, for layouts that carry them; others leave them out */
  readonly past?: readonly PastInput[];
  /** values of names that only formulas see, where the encoder knows them */
  readonly hidden?: ReadonlyMap<string, number>;
}

export interface PastInput {
  readonly values: Readonly<Record<string, Value>>;
  /** ms UTC; 0 = an empty place of a list */
  readonly ts: number;
}

/** The content of a frame, without what stands around it. */
export interface Body {
  readonly content: Uint8Array;
  readonly port: number;
  /** positions from the end count from behind the check bytes and the end marker */
  readonly fromEnd: readonly ((b: Uint8Array) => EncodeFault | null)[];
}

export interface Style {
  readonly endian: "be" | "le";
  readonly type: string;
}

export function encodeFields(
  fields: readonly Field[],
  style: Style,
  input: EncodeInput,
  minimum: number,
): Body | EncodeFault {
  const placed: { field: Field; at: number; type: string }[] = [];
  const fromEnd: ((b: Uint8Array) => EncodeFault | null)[] = [];
  let next = 0;
  let size = minimum;
  for (const field of fields) {
    if (field.skip !== undefined) {
      next = (field.at ?? next) + field.skip;
      size = Math.max(size, next);
      continue;
    }
    if (field.len === "rest") return new EncodeFault(`${field.n}: texts to the end are not written`);
    const type = field.t ?? style.type;
    const at = field.at ?? next;
    if (at < 0) {
      fromEnd.push((b) => encodeField(b, b.length + at, field, type, style, input));
      continue;
    }
    placed.push({ field, at, type });
    next = at + sizeOf(type, field.len ?? 0);
    size = Math.max(size, next);
  }
  const content = new Uint8Array(size);
  for (const { field, at, type } of placed) {
    const fault = encodeField(content, at, field, type, style, input);
    if (fault !== null) return fault;
  }
  return { content, port: 0, fromEnd };
}

function encodeField(
  b: Uint8Array,
  at: number,
  field: Field,
  type: string,
  style: Style,
  input: EncodeInput,
): EncodeFault | null {
  const name = field.n ?? "";
  const little = (field.endian ?? style.endian) === "le";
  if (name === SAMPLED_AT) return input.ts > 0 ? writeTime(b, at, field, type, little, input.ts) : writeNoTime(b, at, field, type, little); // prettier-ignore
  const hidden = input.hidden?.get(name);
  if (hidden !== undefined) return writeHidden(b, at, field, type, little, hidden);
  const def = input.metrics.get(name);
  if (def === undefined) return new EncodeFault(`${name} is only seen by formulas: it has no inverse`);
  const value = Object.hasOwn(input.values, name) ? input.values[name] : null;
  const raw = rawValue(field, def, value);
  return raw instanceof EncodeFault ? raw : writeField(b, at, field, type, little, raw);
}

/** A number that only formulas see; it must be what the wire can say, since others are read by it. */
function writeHidden(
  b: Uint8Array,
  at: number,
  field: Field,
  type: string,
  little: boolean,
  value: number,
): EncodeFault | null {
  const name = field.n ?? "";
  if (field.calc !== undefined || field.map !== undefined)
    return new EncodeFault(`${name}: a formula or a map of a hidden value has no inverse`);
  if (type === "ascii") return new EncodeFault(`${name}: a hidden value is not written as text`);
  const raw = Number(((value - (field.offset ?? 0)) / (field.scale ?? 1) + (field.bias ?? 0)).toPrecision(12));
  if (!Number.isInteger(raw) && !type.startsWith("f")) return new EncodeFault(`${name}: ${value} has no raw value`);
  return writeField(b, at, field, type, little, raw);
}

/** The sentinel that says that there is no time. */
function writeNoTime(b: Uint8Array, at: number, field: Field, type: string, little: boolean): EncodeFault | null {
  const [unset] = [field.invalid ?? []].flat();
  if (unset === undefined) return new EncodeFault(`${SAMPLED_AT} has no way to say "not available"`);
  const size = sizeOf(type, 0);
  if (at < 0 || at + size > b.length) return new EncodeFault("the sample time lies beyond the frame");
  let x = BigInt(Number(unset));
  for (let i = 0; i < size; i++, x >>= 8n) b[type.startsWith("unix") && little ? at + i : at + size - 1 - i] = Number(x & 0xffn); // prettier-ignore
  return null;
}
