import { describe, expect, it } from "vitest";
import { isExpressionError, parseExpression } from "./expression.ts";

const one = { metric: "pressure", fn: "value", windowMs: 0, op: "<", limit: "limit", isBoolean: false, offset: 0 };

describe("parseExpression", () => {
  it.each([
    ["pressure < limit", [one]],
    ["pressure > limit + 0.02", [{ ...one, op: ">", offset: 0.02 }]],
    ["pressure>=limit-0.5", [{ ...one, op: ">=", offset: -0.5 }]],
    ["tilt > 30", [{ ...one, metric: "tilt", op: ">", limit: 30 }]],
    ["t < -5.5", [{ ...one, metric: "t", limit: -5.5 }]],
    ["cap_open == true", [{ ...one, metric: "cap_open", op: "==", limit: 1, isBoolean: true }]],
    ["cap_open != false", [{ ...one, metric: "cap_open", op: "!=", limit: 0, isBoolean: true }]],
    [
      "a > 1 and b < 2",
      [
        { ...one, metric: "a", op: ">", limit: 1 },
        { ...one, metric: "b", limit: 2 },
      ],
    ],
    ["rate(level, 10m) > 0.001", [{ ...one, metric: "level", fn: "rate", windowMs: 600_000, op: ">", limit: 0.001 }]],
    [
      "rate(level, 1h30m) > 3.6/1h",
      [{ ...one, metric: "level", fn: "rate", windowMs: 5_400_000, op: ">", limit: 0.001 }],
    ],
    ["rate(p, 10s) < -0.05/10s", [{ ...one, metric: "p", fn: "rate", windowMs: 10_000, limit: -0.005 }]],
  ])("%s", (text, expected) => {
    expect(parseExpression(text)).toEqual(expected);
  });

  it.each([
    ["", "a metric", 1],
    ["pressure", "one of < <=", 9],
    ["pressure <", "a number", 11],
    ["pressure = 1", '"=="', 10],
    ["pressure < 1 or tilt > 2", "two alarms", 14],
    ["pressure < 1 && tilt > 2", '"and"', 14],
    ["pressure < bar", '"limit"', 12],
    ["rate(level) > 1", "window", 11],
    ["rate(level, 10) > 1", "window", 13],
    ["rate(level, 10ms) > 1", "at least 1s", 13],
    ["level > 1/1h", "only a rate", 10],
    ["a < 1 and", "a metric", 10],
    ["a < 1 b", '"and" or the end', 7],
    ["a < 1 # x", "unexpected", 7],
    ["5 < a", "a metric", 1],
    [`${"a".repeat(600)} < 1`, "longer", 1],
  ])("refuses %j", (text, words, column) => {
    const result = parseExpression(text);
    if (!isExpressionError(result)) throw new Error("parsed");
    expect(result.message).toContain(words);
    expect(result.column).toBe(column);
  });
});
