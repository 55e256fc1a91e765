import { evaluate, parseFormula } from "./codec/formula.ts";
import { formulaUnit } from "./formula-unit.ts";
import type { Counter, DerivedDef } from "./compiled.ts";
import { parseDuration } from "./duration.ts";
import type { MetricTable } from "./metric-table.ts";
import type { Path, Report } from "./problem.ts";
import type { Derived, Profile } from "./profile.ts";
import { convert, convertRate } from "./unit.ts";

const DEFAULT_WINDOW_MS = 600_000;
const DEFAULT_GAP_MS = 3_600_000;
/** reports that may be missing between two records of a difference, as a multiple of what is expected */
const GAPS = 3;

/** Compiles `derived:` in the order in which it is written: one may use those above it. */
export function compileDerived(source: Profile, metrics: MetricTable, report: Report): DerivedDef[] {
  const result: DerivedDef[] = [];
  const given = new Set(metrics.index.keys());
  const expectedMs = parseDuration(source.transport.expect_every ?? "0s") ?? 0;
  for (const [name, rule] of Object.entries(source.derived ?? {})) {
    const path: Path = ["derived", name];
    if (given.has(name) && source.metrics?.[name] === undefined) report(path, `the codec gives ${name} already`);
    const ways = (["rate", "difference", "formula"] as const).filter((way) => rule[way] !== undefined);
    if (ways.length !== 1) {
      report(path, "expected exactly one of rate, difference, formula");
      continue;
    }
    const ctx = { name, rule, path, metrics, report };
    // looked up before the name itself is known, so that nothing is made of itself
    const how = ways[0] === "formula" ? compileFormula(ctx) : compileChange(ctx, ways[0], expectedMs);
    const metric = metrics.use(name, path);
    if (metric < 0 || how === null) continue;
    if (metrics.defs[metric].type === "text") report(path, `${name} is a text: only numbers and booleans are computed`);
    result.push({ metric, how: how(metrics.defs[metric].unit) });
  }
  return result;
}

interface Context {
  readonly name: string;
  readonly rule: Derived;
  readonly path: Path;
  readonly metrics: MetricTable;
  readonly report: Report;
}

type Finish = (unit: string) => DerivedDef["how"];

function compileChange(ctx: Context, fn: "rate" | "difference", expectedMs: number): Finish | null {
  const { rule, path, metrics, report, name } = ctx;
  for (const key of fn === "rate" ? (["max_age", "max_gap"] as const) : (["max_age", "window"] as const))
    if (rule[key] !== undefined) report([...path, key], `${key} has no meaning for ${fn}`);
  const of = metrics.existing(rule[fn] ?? "", [...path, fn]);
  if (of < 0) return null;
  const from = metrics.defs[of];
  if (from.type !== "number") report([...path, fn], `${from.name} is no number and has no ${fn}`);
  if (rule.counter === false && rule.rollover !== undefined)
    report([...path, "rollover"], "only a counter rolls over: leave counter: false out");
  // an increase is asked of a counter unless said; a level goes up and down
  const counts = rule.rollover !== undefined || (rule.counter ?? fn === "difference");
  const counter: Counter | null = counts ? { rollover: rule.rollover ?? null } : null;
  const windowMs = parseDuration(rule.window ?? "") ?? DEFAULT_WINDOW_MS;
  if (windowMs < 1000) report([...path, "window"], "a window is at least 1s");
  return (unit) => {
    const factor = fn === "rate" ? convertRate(from.unit, unit) : (convert(from.unit, unit)?.factor ?? null);
    if (factor === null)
      report([...path, fn], `a ${fn} of ${from.name} (${from.unit}) cannot be given in ${name}'s unit, ${unit}`);
    if (fn === "rate") return { fn, of, windowMs, factor: factor ?? 1, counter };
    const maxGapMs = parseDuration(rule.max_gap ?? "") ?? (expectedMs > 0 ? GAPS * expectedMs : DEFAULT_GAP_MS);
    return { fn, of, maxGapMs, factor: factor ?? 1, counter };
  };
}

function compileFormula({ rule, path, metrics, report, name }: Context): Finish | null {
  for (const key of ["window", "counter", "rollover", "max_gap"] as const)
    if (rule[key] !== undefined) report([...path, key], `${key} has no meaning for a formula`);
  const at = [...path, "formula"];
  const text = rule.formula ?? "";
  let reported = false;
  const parsed = parseFormula(text, (other) => {
    const metric = metrics.existing(other, at);
    reported ||= metric < 0;
    return metric < 0 ? null : { metric };
  });
  if ("message" in parsed) {
    if (!reported) report(at, `column ${parsed.column} of "${text}": ${parsed.message}`);
    return null;
  }
  const formula = parsed;
  if (formula.usesX) report(at, "x is a field's own value: name the metric");
  if (formula.metrics.length === 0) report(at, "a constant: expected at least one metric");
  for (const index of formula.metrics)
    if (metrics.defs[index].type === "text")
      report(at, `${metrics.defs[index].name} is a text and cannot be computed with`);
  const unitOf = formulaUnit(formula, (index) => metrics.defs[index].unit);
  if ("problem" in unitOf) report(at, unitOf.problem);
  return (unit) => {
    if ("unit" in unitOf && unitOf.unit !== null && unitOf.unit !== unit)
      report(at, `gives ${unitOf.unit}, but ${name} is in ${unit}`);
    const maxAgeMs = parseDuration(rule.max_age ?? "0s") ?? 0;
    return {
      fn: "formula",
      needs: [...new Set(formula.metrics)],
      maxAgeMs,
      evaluate: (values) => evaluate(formula, 0, values),
    };
  };
}
