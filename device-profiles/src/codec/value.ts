import type { MetricDef } from "../compiled.ts";
import type { MetricTable } from "../metric-table.ts";
import { unknownUnit } from "../metric-table.ts";
import type { Path, Report } from "../problem.ts";
import { convert, isUnit } from "../unit.ts";
import type { Calibration } from "./calibration.ts";
import { type Formula, parseFormula, TEMPORARIES } from "./formula.ts";
import type { Field, JsonField } from "./schema.ts";

export interface CompileContext {
  readonly metrics: MetricTable;
  readonly report: Report;
  /** raw type of fields that say none */
  readonly type?: string;
  /** names that begin with `_`: values that only formulas see */
  readonly temporaries: Map<string, Temporary>;
}

export interface Temporary {
  /** place in TEMPORARIES */
  readonly slot: number;
  /** where it was first read */
  readonly path: Path;
  used: boolean;
}

/** How raw numbers or texts become values of one metric. One object shape for all, so that the decoders' loops stay monomorphic. */
export interface ValueRule {
  /** index into the profile's metrics */
  readonly metric: number;
  readonly type: MetricDef["type"];
  /** value = (raw - bias) * factor + shift, or / divisor where that is exact (0.001 is not a binary fraction, 1000 is) */
  readonly bias: number;
  readonly factor: number;
  readonly divisor: number;
  readonly shift: number;
  readonly after: Calibration | null;
  readonly low: number;
  readonly high: number;
  readonly invalidNumbers: Float64Array | null;
  readonly invalidTexts: ReadonlySet<string> | null;
  readonly mapNumbers: ReadonlyMap<number, number | string> | null;
  readonly mapTexts: ReadonlyMap<string, number | string> | null;
}

/** @returns null after reporting what is wrong */
export function compileValue(
  field: Field | JsonField,
  name: string,
  path: Path,
  ctx: CompileContext,
): ValueRule | null {
  const metric = ctx.metrics.use(name, [...path, "n"]);
  if (metric < 0) return null;
  const def = ctx.metrics.defs[metric];
  const number = def.type === "number";
  for (const key of ["scale", "bias", "offset", "poly", "curve", "range", "unit"] as const) {
    if (!number && field[key] !== undefined && !(key === "unit" && field.unit === "1"))
      ctx.report([...path, key], `${name} is a ${def.type} metric: ${key} has no meaning`);
  }
  if (field.scale === 0) ctx.report([...path, "scale"], "expected a scale other than 0");
  const unit = field.unit ?? def.unit;
  if (!isUnit(unit)) ctx.report([...path, "unit"], unknownUnit(unit));
  const to = convert(unit, def.unit);
  if (to === null && isUnit(unit))
    ctx.report([...path, "unit"], `${unit} cannot be converted to ${name}'s unit, ${def.unit}`);
  const { factor, shift } = to ?? { factor: 1, shift: 0 };
  const scale = field.scale ?? 1;
  const offset = field.offset ?? 0;
  const after = compileCalibration(field, factor, shift, path, ctx);
  const slope = after === null ? tidy(scale * factor) : scale;
  const range = fieldRange(field, path, factor, shift, ctx.report);
  if (range !== null) ctx.metrics.stateRange(metric, range);
  const [low, high] = range ?? def.range ?? [-Infinity, Infinity];
  const sentinels = field.invalid === undefined ? [] : Array.isArray(field.invalid) ? field.invalid : [field.invalid];
  const texts = sentinels.filter((x) => typeof x === "string");
  const map = compileMap(field, def, path, factor, shift, ctx.report);
  return {
    metric,
    type: def.type,
    bias: field.bias ?? 0,
    factor: slope,
    divisor: exactDivisor(slope),
    shift: after === null ? tidy(offset * factor + shift) : offset,
    after,
    low,
    high,
    invalidNumbers:
      texts.length === sentinels.length
        ? null
        : Float64Array.from(
            sentinels.filter((x) => typeof x !== "string"),
            Number,
          ),
    invalidTexts: texts.length === 0 ? null : new Set(texts),
    mapNumbers: map?.numbers ?? null,
    mapTexts: map?.texts ?? null,
  };
}

function compileCalibration(
  field: Field | JsonField,
  factor: number,
  shift: number,
  path: Path,
  ctx: CompileContext,
): Calibration | null {
  const given = (["poly", "curve", "calc"] as const).filter((key) => field[key] !== undefined);
  if (given.length === 0) return null;
  if (given.length > 1) ctx.report([...path, given[1]], `expected at most one of poly, curve, calc`);
  const { poly, curve, calc } = field;
  const increasing = (curve ?? []).every(([x], i) => i === 0 || x > (curve ?? [])[i - 1][0]);
  if (!increasing) ctx.report([...path, "curve"], "expected points [raw, value] by ascending raw value");
  return {
    poly: poly === undefined ? null : Float64Array.from(poly),
    curve: curve === undefined ? null : Float64Array.from(curve.flat()),
    formula: calc === undefined ? null : compileFormula(calc, [...path, "calc"], ctx),
    factor,
    shift,
  };
}

/** @returns null after reporting what is wrong */
export function compileFormula(text: string, path: Path, ctx: CompileContext): Formula | null {
  const result = parseFormula(text, (name) => {
    const temporary = ctx.temporaries.get(name);
    if (temporary !== undefined) {
      temporary.used = true;
      return { temporary: temporary.slot };
    }
    const metric = ctx.metrics.index.get(name);
    return metric === undefined ? null : { metric };
  });
  if (!("message" in result)) return result;
  ctx.report(path, `column ${result.column} of "${text}": ${result.message}`);
  return null;
}

/** A value that only formulas see, compiled. */
export interface TemporaryRule {
  readonly slot: number;
  readonly bias: number;
  readonly scale: number;
  readonly offset: number;
  readonly formula: Formula | null;
  readonly map: ReadonlyMap<number, number> | null;
}

/** @returns null after reporting what is wrong */
export function compileTemporary(field: Field, name: string, path: Path, ctx: CompileContext): TemporaryRule | null {
  for (const key of ["unit", "range", "invalid", "poly", "curve"] as const)
    if (field[key] !== undefined) ctx.report([...path, key], `${name} is only seen by formulas: ${key} has no meaning`);
  const numbers = Object.entries(field.map ?? {}).map(([from, to]) => [Number(from), Number(to)] as const);
  if (numbers.some(([from, to]) => from !== from || to !== to)) ctx.report([...path, "map"], "expected numbers");
  const formula = field.calc === undefined ? null : compileFormula(field.calc, [...path, "calc"], ctx);
  let slot = ctx.temporaries.get(name)?.slot;
  if (slot === undefined) {
    slot = ctx.temporaries.size;
    if (slot >= TEMPORARIES.length) {
      ctx.report([...path, "n"], `more than ${TEMPORARIES.length} names that begin with _`);
      return null;
    }
    ctx.temporaries.set(name, { slot, path, used: false });
  }
  const { bias = 0, scale = 1, offset = 0 } = field;
  return { slot, bias, scale, offset, formula, map: field.map === undefined ? null : new Map(numbers) };
}

function fieldRange(
  field: Field | JsonField,
  path: Path,
  factor: number,
  shift: number,
  report: Report,
): [number, number] | null {
  if (field.range === undefined) return null;
  const [low, high] = field.range;
  if (low >= high) report([...path, "range"], "expected [low, high] with low < high");
  return [tidy(low * factor + shift), tidy(high * factor + shift)];
}

function compileMap(
  field: Field | JsonField,
  def: MetricDef,
  path: Path,
  factor: number,
  shift: number,
  report: Report,
): { numbers: Map<number, number | string>; texts: Map<string, number | string> } | null {
  if (field.map === undefined) return null;
  for (const key of ["scale", "bias", "offset", "poly", "curve", "calc"] as const)
    if (field[key] !== undefined) report([...path, key], `map already gives the value: ${key} is never used`);
  const numbers = new Map<number, number | string>();
  const texts = new Map<string, number | string>();
  for (const [key, value] of Object.entries(field.map)) {
    const fits = def.type === "text" ? typeof value === "string" : typeof value === def.type;
    if (!fits) report([...path, "map", key], `expected a ${def.type === "text" ? "string" : def.type}`);
    const target =
      typeof value === "string" ? value : def.type === "number" ? Number(value) * factor + shift : Number(value);
    texts.set(key, target);
    if (key.trim() !== "" && Number.isFinite(Number(key))) numbers.set(Number(key), target);
  }
  return { numbers, texts };
}

/** n when the factor is 1/n, else 0: division gives the decimal that people expect (257 / 10 = 25.7, 257 * 0.1 is not). */
function exactDivisor(factor: number): number {
  const n = Math.round(1 / factor);
  return Math.abs(n) > 1 && Math.abs(n) < 1e12 && Math.abs(n * factor - 1) < 1e-12 ? n : 0;
}

function tidy(x: number): number {
  return Number.isFinite(x) ? Number(x.toPrecision(15)) : x;
}
