import { ABS, ADD, BITS, CHOOSE, CONSTANT, DIV, EQ, FLOOR, type Formula, GE, GT, LE, LT, MAX, METRIC, MIN, MUL, NE, NEG, POW, ROUND, SUB } from "./codec/formula.ts"; // prettier-ignore

/** A unit, or null: anything fits (a constant, a product, a function that has left units behind). */
type MaybeUnit = string | null;

const SAME: ReadonlySet<number> = new Set([ADD, SUB, MIN, MAX]);
const COMPARE: ReadonlySet<number> = new Set([LT, LE, GT, GE, EQ, NE]);
const KEEP: ReadonlySet<number> = new Set([NEG, ABS, ROUND, FLOOR]);
const WORDS: Readonly<Record<number, string>> = {
  [ADD]: "adds",
  [SUB]: "subtracts",
  [MIN]: "compares",
  [MAX]: "compares",
};

/**
 * Runs a formula with units instead of values. A factor is taken for a conversion, so a product has whatever unit is asked for;
 * what is added or compared must be the same thing.
 */
export function formulaUnit(
  { code, operand }: Formula,
  unitOf: (metric: number) => string,
): { readonly unit: MaybeUnit } | { readonly problem: string } {
  const stack: MaybeUnit[] = [];
  const pop = () => stack.pop() ?? null;
  for (let i = 0; i < code.length; i++) {
    const op = code[i];
    if (op === METRIC) stack.push(unitOf(operand[i]));
    else if (op === CONSTANT) stack.push(null);
    else if (KEEP.has(op)) continue;
    else if (SAME.has(op) || COMPARE.has(op)) {
      const [b, a] = [pop(), pop()];
      if (a !== null && b !== null && a !== b)
        return { problem: `${WORDS[op] ?? "compares"} ${a} and ${b}: multiply one of them by what converts it` };
      stack.push(COMPARE.has(op) ? "1" : (a ?? b));
    } else if (op === CHOOSE) {
      const [no, yes] = [pop(), pop()];
      pop();
      if (no !== null && yes !== null && no !== yes)
        return { problem: `gives ${yes} or ${no}: both must be the same unit` };
      stack.push(yes ?? no);
    } else if (op === DIV) {
      const [b, a] = [pop(), pop()];
      stack.push(a !== null && a === b ? "1" : null);
    } else {
      for (let n = op === BITS ? 3 : op === MUL || op === POW ? 2 : 1; n > 0; n--) pop();
      stack.push(null);
    }
  }
  return { unit: pop() };
}
