import { describe, expect, it } from "vitest";
import { RecordBuffer } from "../reading.ts";
import { evaluate, parseFormula } from "./formula.ts";

const LEVEL = 3;
const parse = (text: string) => parseFormula(text, (name) => (name === "level" ? { metric: LEVEL } : null));

function run(text: string, x = Number.NaN, level?: number): number {
  const formula = parse(text);
  if ("message" in formula) throw new Error(formula.message);
  const out = new RecordBuffer();
  if (level !== undefined) out.push(LEVEL, level, 0);
  return evaluate(formula, x, out);
}

describe("a formula", () => {
  it.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ** 3 ** 2", 512],
    ["-2 ** 2", -4],
    ["2 ** -1", 0.5],
    ["10 - 4 - 3", 3],
    ["8 / 4 / 2", 1],
    ["1.5e-3 * 2E3", 3],
    ["1 < 2 ? 5 : 6", 5],
    ["0 ? 1 : 0 ? 2 : 3", 3],
    ["1 == 1", 1],
    ["1 != 1", 0],
    ["2 >= 3", 0],
    ["2 <= 2", 1],
    ["ln(exp(2))", 2],
    ["log10(1000)", 3],
    ["sqrt(abs(-16))", 4],
    ["round(2.5) + floor(-0.5)", 2],
    ["max(min(5, 3), 2)", 3],
    ["bits(173, 2, 4)", 3],
  ])("%s is %d", (text, expected) => expect(run(text)).toBeCloseTo(expected, 12));

  it("reads x and what stands before it", () => {
    expect(run("x * 2 + level", 3, 4)).toBe(10);
    expect(run("level > 1 ? x : -x", 3, 1)).toBe(-3);
  });

  it("has no result without what it needs", () => {
    for (const text of ["level", "level + 1", "level > 1", "level > 1 ? 2 : 3", "ln(0 - 1)", "0 / 0", "max(level, 0)"])
      expect(run(text), text).toBeNaN();
  });

  it("knows what it needs", () => {
    expect(parse("x + level + level")).toMatchObject({ usesX: true, metrics: [LEVEL, LEVEL] });
    expect(parse("1")).toMatchObject({ usesX: false, metrics: [], temporaries: [] });
  });

  it.each([
    ["", 1, "ends too early"],
    ["1 +", 4, "ends too early"],
    ["1 2", 3, 'unexpected "2"'],
    ["(1", 3, 'expected ")"'],
    ["pressure * 2", 1, 'no value "pressure" stands before'],
    ["sin(1)", 1, "no function sin; known: ln,"],
    ["toString(1)", 1, "no function toString"],
    ["max(1)", 6, 'expected ","'],
    ["1 ? 2", 6, 'expected ":"'],
    ["x; process.exit()", 2, '";" means nothing here'],
    ["x.constructor", 2, '"." means nothing here'],
    [Array(80).fill("1").join("+"), 1, "more than 64 operations"],
  ])("refuses %j at column %d", (text, column, message) => {
    const result = parse(text);
    expect(result).toMatchObject({ column });
    expect((result as { message: string }).message).toContain(message);
  });
});
