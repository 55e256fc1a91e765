import { Quality, type RecordBuffer } from "../reading.ts";
import { calibrate, present } from "./calibration.ts";
import { evaluate, TEMPORARIES } from "./formula.ts";
import { type Code, joined, js, type Source } from "./source.ts";
import type { TemporaryRule, ValueRule } from "./value.ts";

// The code that turns what was read into readings of one metric, pushed to `out`. Raw values may be any expression: it runs once.

/** Sentinels that are compared one by one; more are looked up. */
const FEW = 8;
const DECIMAL = /^\s*[+-]?\d+(\.\d+)?\s*$/;

/** @param finite the raw number is never NaN or infinite, as a device's float or a broken BCD digit may be */
export function numberCode(src: Source, rule: ValueRule, raw: Code, finite: boolean): Code {
  const doubts = [
    ...(finite ? [] : [js`x - x !== 0`]),
    ...(rule.invalidNumbers === null || rule.invalidNumbers.length === 0
      ? []
      : [sentinelCode(src, rule.invalidNumbers)]),
  ];
  const good = goodCode(src, rule);
  return js`{ const x = ${raw}; ${doubts.length === 0 ? good : js`if (${joined(doubts, "||", js`false`)}) ${invalidCode(rule)} else ${good}`} }`;
}

export function invalidCode(rule: ValueRule): Code {
  return js`out.push(${rule.metric}, NaN, ${Quality.invalid});`;
}

/** Whether x is one of the raw values that mean "not available". */
export function sentinelCode(src: Source, numbers: Float64Array): Code {
  return numbers.length > FEW
    ? js`${src.bind(numbers)}.includes(x)`
    : joined([...numbers].map((n) => js`x === ${n}`), "||", js`false`); // prettier-ignore
}

function goodCode(src: Source, rule: ValueRule): Code {
  if (rule.mapNumbers !== null)
    return js`${src.bind(emitMapped)}(${src.bind(rule)}, ${src.bind(rule.mapNumbers)}.get(x), out);`;
  if (rule.type === "text") return js`out.pushText(${rule.metric}, String(x), ${Quality.good});`;
  const { bias, factor, divisor, shift, after } = rule;
  const offset = bias === 0 ? js`x` : js`(x - ${bias})`;
  const scaled = divisor !== 0 ? js`${offset} / ${divisor}` : factor === 1 ? offset : js`${offset} * ${factor}`;
  // + 0 makes 0 of a negative zero
  const push = js`out.push(${rule.metric}, v, ${qualityCode(rule)});`;
  const flag = rule.type === "boolean" ? js`v = v === 0 ? 0 : 1;` : js``;
  if (after === null) return js`{ let v = ${scaled} + ${shift}; ${flag} ${push} }`;
  return js`{
    let v = ${src.bind(calibrate)}(${src.bind(after)}, ${scaled} + ${shift}, out);
    if (v - v !== 0) ${invalidCode(rule)} else { ${flag} ${push} }
  }`;
}

function qualityCode({ low, high }: ValueRule): Code {
  const outside = [...(low === -Infinity ? [] : [js`v < ${low}`]), ...(high === Infinity ? [] : [js`v > ${high}`])];
  return outside.length === 0
    ? js`${Quality.good}`
    : js`${joined(outside, "||", js``)} ? ${Quality.out_of_range} : ${Quality.good}`;
}

function emitMapped(rule: ValueRule, value: number | string | undefined, out: RecordBuffer): void {
  if (value === undefined) out.push(rule.metric, Number.NaN, Quality.invalid);
  else if (typeof value === "string") out.pushText(rule.metric, value, Quality.good);
  else out.push(rule.metric, value, value < rule.low || value > rule.high ? Quality.out_of_range : Quality.good);
}

/** @param text an expression that gives a string */
export function textCode(src: Source, rule: ValueRule, text: Code): Code {
  const { invalidTexts, mapTexts } = rule;
  const value =
    mapTexts !== null
      ? js`${src.bind(emitMapped)}(${src.bind(rule)}, ${src.bind(mapTexts)}.get(t), out);`
      : rule.type === "text"
        ? js`out.pushText(${rule.metric}, t, ${Quality.good});`
        : numberCode(src, rule, js`${src.bind(decimal)}(t)`, false);
  const guard = invalidTexts === null ? js`` : js`if (${src.bind(invalidTexts)}.has(t)) ${invalidCode(rule)} else `;
  return js`{ const t = ${text}; ${guard}${value} }`;
}

function decimal(text: string): number {
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}

/** A value worked out from others of the record alone; where those are not in the frame neither is this. */
export function derivedCode(src: Source, rule: ValueRule): Code {
  const formula = rule.after?.formula ?? null;
  if (formula === null) return js``;
  return js`if (${src.bind(present)}(${src.bind(formula)}, out)) ${numberCode(src, rule, js`0`, true)}`;
}

export function temporaryCode(src: Source, rule: TemporaryRule, raw: Code): Code {
  return js`${src.bind(keepTemporary)}(${src.bind(rule)}, ${raw}, out);`;
}

function keepTemporary(rule: TemporaryRule, raw: number, out: RecordBuffer): void {
  let value = rule.map === null ? (raw - rule.bias) * rule.scale + rule.offset : (rule.map.get(raw) ?? Number.NaN);
  if (rule.formula !== null) value = evaluate(rule.formula, value, out);
  TEMPORARIES[rule.slot] = value;
}
