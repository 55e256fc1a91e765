import type { MetricDef } from "../compiled.ts";
import type { MetricTable } from "../metric-table.ts";
import { unknownUnit } from "../metric-table.ts";
import type { Path, Report } from "../problem.ts";
import { Quality, type RecordBuffer } from "../reading.ts";
import { convert, isUnit } from "../unit.ts";
import { evaluate, type Formula, parseFormula, TEMPORARIES } from "./formula.ts";
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

/** What happens to a value after scale and offset; null for most fields. */
interface Calibration {
  readonly poly: Float64Array | null;
  /** points of a piecewise linear curve: x0, y0, x1, y1 ... by ascending x; beyond them the ends hold */
  readonly curve: Float64Array | null;
  readonly formula: Formula | null;
  /** from the field's unit to the metric's */
  readonly factor: number;
  readonly shift: number;
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

export function keepTemporary(rule: TemporaryRule, raw: number, out: RecordBuffer): void {
  let value = rule.map === null ? (raw - rule.bias) * rule.scale + rule.offset : (rule.map.get(raw) ?? Number.NaN);
  if (rule.formula !== null) value = evaluate(rule.formula, value, out);
  TEMPORARIES[rule.slot] = value;
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

/** Turns a raw number into a reading. NaN and infinities (a device's float, a broken BCD digit) become "invalid". */
export function emitNumber(rule: ValueRule, raw: number, out: RecordBuffer): void {
  if (raw - raw !== 0 || (rule.invalidNumbers !== null && rule.invalidNumbers.includes(raw))) {
    out.push(rule.metric, Number.NaN, Quality.invalid);
    return;
  }
  if (rule.mapNumbers !== null) {
    emitMapped(rule, rule.mapNumbers.get(raw), out);
    return;
  }
  if (rule.type === "text") {
    out.pushText(rule.metric, String(raw), Quality.good);
    return;
  }
  let value = raw - rule.bias;
  value = (rule.divisor === 0 ? value * rule.factor : value / rule.divisor) + rule.shift;
  if (rule.after !== null) {
    value = calibrate(rule.after, value, out);
    if (value - value !== 0) {
      out.push(rule.metric, Number.NaN, Quality.invalid);
      return;
    }
  }
  if (rule.type === "boolean") value = value === 0 ? 0 : 1;
  out.push(rule.metric, value, value < rule.low || value > rule.high ? Quality.out_of_range : Quality.good);
}

export function emitText(rule: ValueRule, raw: string, out: RecordBuffer): void {
  if (rule.invalidTexts !== null && rule.invalidTexts.has(raw)) out.push(rule.metric, Number.NaN, Quality.invalid);
  else if (rule.mapTexts !== null) emitMapped(rule, rule.mapTexts.get(raw), out);
  else if (rule.type === "text") out.pushText(rule.metric, raw, Quality.good);
  else emitNumber(rule, DECIMAL.test(raw) ? Number(raw) : Number.NaN, out);
}

const DECIMAL = /^\s*[+-]?\d+(\.\d+)?\s*$/;

function emitMapped(rule: ValueRule, value: number | string | undefined, out: RecordBuffer): void {
  if (value === undefined) out.push(rule.metric, Number.NaN, Quality.invalid);
  else if (typeof value === "string") out.pushText(rule.metric, value, Quality.good);
  else out.push(rule.metric, value, value < rule.low || value > rule.high ? Quality.out_of_range : Quality.good);
}

/** A value worked out from others of the record alone; where those are not in the frame neither is this. */
export function emitDerived(rule: ValueRule, out: RecordBuffer): void {
  const formula = rule.after?.formula ?? null;
  if (formula === null || !present(formula, out)) return;
  emitNumber(rule, 0, out);
}

function present(formula: Formula, out: RecordBuffer): boolean {
  for (const metric of formula.metrics) {
    let found = false;
    for (let i = 0; i < out.n && !found; i++) found = out.metric[i] === metric;
    if (!found) return false;
  }
  for (const slot of formula.temporaries) if (TEMPORARIES[slot] !== TEMPORARIES[slot]) return false;
  return true;
}

function calibrate(after: Calibration, x: number, out: RecordBuffer): number {
  let value = x;
  if (after.poly !== null) value = polynomial(after.poly, value);
  else if (after.curve !== null) value = interpolate(after.curve, value);
  else if (after.formula !== null) value = evaluate(after.formula, value, out);
  return value * after.factor + after.shift;
}

function interpolate(points: Float64Array, x: number): number {
  const last = points.length - 2;
  if (x <= points[0]) return points[1];
  if (x >= points[last]) return points[last + 1];
  let i = 0;
  while (points[i + 2] < x) i += 2;
  const [x0, y0, x1, y1] = points.subarray(i, i + 4);
  return y0 + ((x - x0) * (y1 - y0)) / (x1 - x0);
}

function polynomial(c: Float64Array, x: number): number {
  let y = 0;
  for (let i = c.length - 1; i >= 0; i--) y = y * x + c[i];
  return y;
}
