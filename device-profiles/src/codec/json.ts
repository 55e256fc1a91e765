import type { MetricDef } from "../compiled.ts";
import type { Path } from "../problem.ts";
import { Quality, type RecordBuffer } from "../reading.ts";
import { reject, type Rejection } from "../rejection.ts";
import type { Json } from "./schema.ts";
import { plausible } from "./time.ts";
import { type Code, js, quoted, Source } from "./source.ts";
import { type CompileContext, compileValue, type ValueRule } from "./value.ts";
import { invalidCode, numberCode, sentinelCode, textCode } from "./value-source.ts";

export type JsonDecoder = (m: Readonly<Record<string, unknown>>, out: RecordBuffer) => Rejection | null;
type Reader = (m: Readonly<Record<string, unknown>>) => unknown;

const MAX_TEXT = 256;

/**
 * Records of canonical names: the hub's hot path. Each metric is read by its name, in the profile's order, which is then the order of the
 * readings whatever the record's is: nothing behind depends on it, and a name whose place the engine knows is cheaper than a walk. Unknown
 * keys are not looked at; `null` = not available. A record without any known key, or with a value of the wrong type, is refused.
 */
export function compileCanonical(metrics: readonly MetricDef[], index: ReadonlyMap<string, number>): JsonDecoder {
  const src = new Source();
  const names = [...index.keys()];
  const refuse = (metric: number, value: unknown): Rejection =>
    wrong(metrics[metric].name, value, metrics[metric].type);
  const values = metrics.map((def, metric) => {
    const invalid = js`if (v === null) out.push(${metric}, NaN, ${Quality.invalid});
      else if (v !== undefined) return ${src.bind(refuse)}(${metric}, v);`;
    return js`{
      const v = ${pathCode(src, [def.name])};
      ${canonicalCode(def, metric)} ${invalid}
    }`;
  });
  const none = (m: Readonly<Record<string, unknown>>): Rejection => noneKnown(m, names);
  return src.build(
    src.define(
      js`m, out`,
      js`
      out.reset();
      ${values}
      return out.n === 0 ? ${src.bind(none)}(m) : null;`,
    ),
  );
}

/** Takes a value of the metric's type; what is of another falls to the `else`. */
function canonicalCode({ type, range }: MetricDef, metric: number): Code {
  if (type === "text")
    return js`if (typeof v === "string" && v.length <= ${MAX_TEXT}) out.pushText(${metric}, v, ${Quality.good}); else`;
  if (type === "boolean")
    return js`if (v === true || v === 1) out.push(${metric}, 1, ${Quality.good});
      else if (v === false || v === 0) out.push(${metric}, v === false ? 0 : v, ${Quality.good}); else`;
  const good = js`${Quality.good}`;
  const quality =
    range === null ? good : js`v < ${range[0]} || v > ${range[1]} ? ${Quality.out_of_range} : ${Quality.good}`;
  return js`if (typeof v === "number" && v - v === 0) out.push(${metric}, v, ${quality}); else`;
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
  const src = new Source();
  const names: string[] = [];
  const values: Code[] = [];
  json.fields.forEach((field, i) => {
    const value = compileValue(field, field.n, [...path, key, i], ctx);
    if (value === null) return;
    const paths = [field.path ?? field.n].flat();
    const name = paths.join(" or ");
    names.push(name);
    values.push(js`{
      ${readCode(src, paths)}
      if (v !== undefined) {
        ${texts ? js`if (typeof v === "string") v = ${src.bind(fromText)}(${src.bind(value)}, v);` : js``}
        ${ruleCode(src, value, name)}
      }
    }`);
  });
  const none = (m: Readonly<Record<string, unknown>>): Rejection => noneKnown(m, names);
  const unit = json.time?.unit ?? "ms";
  const time = json.time === undefined ? null : compilePath(json.time.path);
  const keepTime = (m: Readonly<Record<string, unknown>>, out: RecordBuffer): void => {
    if (time !== null) readTime(time(m), unit, out);
  };
  return src.build(
    src.define(
      js`m, out`,
      js`
      out.reset();
      ${values}
      if (out.n === 0) return ${src.bind(none)}(m);
      ${time === null ? js`` : js`${src.bind(keepTime)}(m, out);`}
      return null;`,
    ),
  );
}

/** Declares `v`: what stands at the first path that is present, else undefined. */
function readCode(src: Source, paths: readonly string[]): Code {
  const [first, ...others] = paths.map((path) => pathCode(src, stepsOf(path)));
  return js`let v = ${first}; ${others.map((other) => js`if (v === undefined) v = ${other};`)}`;
}

function pathCode(src: Source, steps: readonly string[]): Code {
  // what objects inherit is never read; a name that none inherits needs no question
  if (steps.length === 1 && !(steps[0] in Object.prototype)) return js`m[${quoted(steps[0])}]`;
  return js`${src.bind(readerOf(steps))}(m)`;
}

/** Pushes `v`, which is present, or refuses the record. */
function ruleCode(src: Source, value: ValueRule, name: string): Code {
  const refuse = (found: unknown): Rejection => wrong(name, found, value.type);
  const refused = js`return ${src.bind(refuse)}(v);`;
  const number = src.define(js`v, out`, numberCode(src, value, js`v`, false));
  const text = src.define(js`v, out`, textCode(src, value, js`v`));
  return js`
    if (typeof v === "number") {
      if (v - v !== 0${wrongNumberCode(src, value)}) ${refused}
      ${number}(v, out);
    } else if (v === null) ${invalidCode(value)}
    else if (typeof v === "boolean") { ${
      value.mapTexts !== null
        ? js`${text}(String(v), out);`
        : value.type === "boolean"
          ? js`${number}(v ? 1 : 0, out);`
          : refused
    } }
    else if (typeof v === "string"${knownTextCode(src, value)} && v.length <= ${MAX_TEXT}) ${text}(v, out);
    else ${refused}`;
}

/** Numbers that are no value of the metric: of a text all but sentinels, of a flag all but 0 and 1. */
function wrongNumberCode(src: Source, { type, mapNumbers, invalidNumbers }: ValueRule): Code {
  if (mapNumbers !== null || type === "number") return js``;
  const known = invalidNumbers === null ? js`` : js` && !(x => ${sentinelCode(src, invalidNumbers)})(v)`;
  return type === "text" ? js` || true${known}` : js` || v !== 0 && v !== 1${known}`;
}

function knownTextCode(src: Source, { type, mapTexts, invalidTexts }: ValueRule): Code {
  if (mapTexts !== null || type === "text") return js``;
  return invalidTexts === null ? js` && false` : js` && ${src.bind(invalidTexts)}.has(v)`;
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

function readTime(raw: unknown, unit: "ms" | "s" | "iso", out: RecordBuffer): void {
  if (raw === undefined || raw === null) return;
  const ms =
    typeof raw === "number" ? raw * (unit === "s" ? 1000 : 1) : unit === "iso" ? Date.parse(String(raw)) : Number.NaN;
  const ts = plausible(ms);
  if (ts === ts) out.ts = ts;
  else for (let i = 0; i < out.n; i++) out.quality[i] |= Quality.clock;
}

/** `a.b[0].c`; own properties only, so that a path never reaches what objects inherit. */
export function compilePath(path: string): Reader {
  return readerOf(stepsOf(path));
}

function readerOf(steps: readonly string[]): Reader {
  return (m) => {
    let value: unknown = m;
    for (let i = 0; i < steps.length; i++) {
      if (typeof value !== "object" || value === null) return undefined;
      value = own(value as Readonly<Record<string, unknown>>, steps[i]);
    }
    return value;
  };
}

function stepsOf(path: string): string[] {
  return path.split(/[.[\]]/).filter((step) => step !== "");
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
