import type { MetricDef } from "../compiled.ts";
import type { Path } from "../problem.ts";
import { Quality, type RecordBuffer } from "../reading.ts";
import { reject, type Rejection } from "../rejection.ts";
import type { Json } from "./schema.ts";
import { plausible } from "./time.ts";
import { type CompileContext, compileValue, emitNumber, emitText, type ValueRule } from "./value.ts";

export type JsonDecoder = (m: Readonly<Record<string, unknown>>, out: RecordBuffer) => Rejection | null;
type Reader = (m: Readonly<Record<string, unknown>>) => unknown;

const MAX_TEXT = 256;

/**
 * Records of canonical names: the hub's hot path. Unknown keys are stepped over; `null` = not available. A record without any
 * known key, or with a value of the wrong type, is refused.
 */
export function compileCanonical(metrics: readonly MetricDef[], index: ReadonlyMap<string, number>): JsonDecoder {
  return (m, out) => {
    out.reset();
    for (const key in m) {
      const metric = index.get(key);
      if (metric === undefined) continue;
      const def = metrics[metric];
      const value = m[key];
      if (typeof value === "number") {
        if (value - value !== 0) return wrong(key, value, def.type);
        if (def.type === "number") {
          const { range } = def;
          out.push(
            metric,
            value,
            range !== null && (value < range[0] || value > range[1]) ? Quality.out_of_range : Quality.good,
          );
        } else if (def.type === "boolean" && (value === 0 || value === 1)) out.push(metric, value, Quality.good);
        else return wrong(key, value, def.type);
      } else if (value === null) out.push(metric, Number.NaN, Quality.invalid);
      else if (def.type === "boolean" && typeof value === "boolean") out.push(metric, value ? 1 : 0, Quality.good);
      else if (def.type === "text" && typeof value === "string" && value.length <= MAX_TEXT)
        out.pushText(metric, value, Quality.good);
      else return wrong(key, value, def.type);
    }
    return out.n === 0 ? noneKnown(m, [...index.keys()]) : null;
  };
}

interface Rule {
  readonly value: ValueRule;
  readonly name: string;
  readonly read: Reader;
}

export interface JsonOptions {
  /** numbers and flags may come as text, a number with a unit behind it ("1700 mm"): scripts and text frames give them so */
  readonly texts?: boolean;
  /** where the fields stand in the profile, for problems */
  readonly key?: string;
}

/** Records of a device's own shape: values by path, with the same rules as a frame's fields. */
export function compileJson(
  json: Json,
  path: Path,
  ctx: CompileContext,
  { texts = false, key = "fields" }: JsonOptions = {},
): JsonDecoder {
  const rules: Rule[] = [];
  json.fields.forEach((field, i) => {
    const value = compileValue(field, field.n, [...path, key, i], ctx);
    if (value === null) return;
    const paths = [field.path ?? field.n].flat();
    rules.push({ value, name: paths.join(" or "), read: firstPresent(paths.map(compilePath)) });
  });
  const time = json.time === undefined ? null : compilePath(json.time.path);
  const unit = json.time?.unit ?? "ms";
  return (m, out) => {
    out.reset();
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i];
      const raw = rule.read(m);
      if (raw === undefined) continue;
      const rejection = emit(rule, texts && typeof raw === "string" ? fromText(rule.value, raw) : raw, out);
      if (rejection !== null) return rejection;
    }
    if (out.n === 0)
      return noneKnown(
        m,
        rules.map((r) => r.name),
      );
    if (time !== null) readTime(time(m), unit, out);
    return null;
  };
}

function emit({ value, name }: Rule, raw: unknown, out: RecordBuffer): Rejection | null {
  if (raw === null) {
    out.push(value.metric, Number.NaN, Quality.invalid);
    return null;
  }
  switch (typeof raw) {
    case "number":
      if (raw - raw !== 0) return wrong(name, raw, value.type);
      if (value.mapNumbers === null && !sentinel(value, raw)) {
        if (value.type === "text" || (value.type === "boolean" && raw !== 0 && raw !== 1))
          return wrong(name, raw, value.type);
      }
      emitNumber(value, raw, out);
      return null;
    case "boolean":
      if (value.mapTexts !== null) emitText(value, String(raw), out);
      else if (value.type === "boolean") emitNumber(value, raw ? 1 : 0, out);
      else return wrong(name, raw, value.type);
      return null;
    case "string": {
      const known = value.mapTexts !== null || (value.invalidTexts?.has(raw) ?? false);
      if ((!known && value.type !== "text") || raw.length > MAX_TEXT) return wrong(name, raw, value.type);
      emitText(value, raw, out);
      return null;
    }
    default:
      return wrong(name, raw, value.type);
  }
}

/** What a text says to a metric that is none; "" = not available. What says nothing stays a text, and is refused. */
function fromText(value: ValueRule, raw: string): unknown {
  if (value.type === "text" || value.mapTexts !== null || value.invalidTexts?.has(raw) === true) return raw;
  const text = raw.trim();
  if (text === "" || /^(null|nan|n\/a|-+)$/i.test(text)) return null;
  const digits = LEADING_NUMBER.exec(text);
  if (digits !== null) return Number(digits[1]);
  if (value.type === "boolean" && /^(true|on|yes)$/i.test(text)) return true;
  if (value.type === "boolean" && /^(false|off|no)$/i.test(text)) return false;
  return raw;
}

/** A decimal, alone or with a unit behind it; 0x10 and 12:30 are none. */
const LEADING_NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?:[%°µA-Za-z][^\d]*[23]?)?$/;

function sentinel(value: ValueRule, raw: number): boolean {
  return value.invalidNumbers !== null && value.invalidNumbers.includes(raw);
}

function readTime(raw: unknown, unit: "ms" | "s" | "iso", out: RecordBuffer): void {
  if (raw === undefined || raw === null) return;
  const ms =
    typeof raw === "number" ? raw * (unit === "s" ? 1000 : 1) : unit === "iso" ? Date.parse(String(raw)) : Number.NaN;
  const ts = plausible(ms);
  if (ts === ts) out.ts = ts;
  else for (let i = 0; i < out.n; i++) out.quality[i] |= Quality.clock;
}

function firstPresent(readers: Reader[]): Reader {
  if (readers.length === 1) return readers[0];
  return (m) => {
    for (let i = 0; i < readers.length; i++) {
      const value = readers[i](m);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

/** `a.b[0].c`; own properties only, so that a path never reaches what objects inherit. */
export function compilePath(path: string): Reader {
  const steps = path.split(/[.[\]]/).filter((step) => step !== "");
  const [first] = steps;
  if (steps.length === 1) return first in Object.prototype ? (m) => own(m, first) : (m) => m[first];
  return (m) => {
    let value: unknown = m;
    for (let i = 0; i < steps.length; i++) {
      if (typeof value !== "object" || value === null) return undefined;
      value = own(value as Readonly<Record<string, unknown>>, steps[i]);
    }
    return value;
  };
}

function own(m: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(m, key) ? m[key] : undefined;
}

function wrong(name: string, value: unknown, type: MetricDef["type"]): Rejection {
  const found =
    typeof value === "string"
      ? `"${value.slice(0, 40)}"`
      : Array.isArray(value)
        ? "a list"
        : typeof value === "object"
          ? "an object"
          : String(value);
  return reject("value_invalid", `${name}: expected a ${type === "number" ? "finite number" : type}, found ${found}`);
}

function noneKnown(m: Readonly<Record<string, unknown>>, names: readonly string[]): Rejection {
  const found =
    Object.keys(m)
      .slice(0, 5)
      .map((key) => key.slice(0, 40))
      .join(", ") || "nothing";
  return reject("value_invalid", `no known key: found ${found}; expected ${names.slice(0, 12).join(", ") || "none"}`);
}
