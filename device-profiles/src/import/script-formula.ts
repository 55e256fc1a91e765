import type { AnyNode } from "acorn";

export interface ScriptFormula {
  /** for `calc`; words under the names that were asked for */
  readonly text: string;
  /** words that it reads, ascending */
  readonly words: readonly number[];
}

const MATH: Readonly<Record<string, string>> = {
  ...{ log: "ln", log10: "log10", exp: "exp", sqrt: "sqrt", abs: "abs", round: "round", floor: "floor" },
  ...{ min: "min", max: "max" },
};
const OPERATORS = new Set(["+", "-", "*", "/", "**", "<", "<=", ">", ">="]);
const EQUAL: Readonly<Record<string, string>> = { "==": "==", "===": "==", "!=": "!=", "!==": "!=" };

/**
 * `function (x) { return 3 * (x[0] - 32768) / 1000; }` as a formula of a codec; null = it is more than one.
 *
 * @param parameters constants that it reads as members, `this.PARAMETERS.kp`
 */
export function formulaOf(
  fn: AnyNode,
  parameters: ReadonlyMap<string, number>,
  nameOf: (word: number) => string,
): ScriptFormula | null {
  const body = returned(fn);
  if (body === null) return null;
  const words = new Set<number>();
  const write = (node: AnyNode): string | null => {
    switch (node.type) {
      case "ParenthesizedExpression":
        return write(node.expression);
      case "Literal":
        return typeof node.value === "number" ? plainNumber(node.value) : null;
      case "UnaryExpression": {
        const inner = write(node.argument);
        if (inner === null) return null;
        return node.operator === "-" ? `-${grouped(inner)}` : node.operator === "+" ? inner : null;
      }
      case "BinaryExpression":
        return binary(node.operator, node.left, node.right);
      case "ConditionalExpression": {
        const parts = [node.test, node.consequent, node.alternate].map(write);
        return parts.includes(null) ? null : `${grouped(parts[0]!)} ? ${grouped(parts[1]!)} : ${grouped(parts[2]!)}`;
      }
      case "MemberExpression":
        return member(node.object, node.property, node.computed);
      case "CallExpression":
        return call(node.callee, node.arguments);
      default:
        return null;
    }
  };
  const binary = (operator: string, left: AnyNode, right: AnyNode): string | null => {
    const [a, b] = [write(left), write(right)];
    if (a === null || b === null) return null;
    const known = OPERATORS.has(operator) ? operator : EQUAL[operator];
    if (known !== undefined) return `${grouped(a)} ${known} ${grouped(b)}`;
    const bits = right.type === "Literal" && typeof right.value === "number" ? right.value : -1;
    if (operator === "&" && bits > 0 && Number.isInteger(Math.log2(bits + 1)))
      return `bits(${a}, 0, ${Math.log2(bits + 1) - 1})`;
    if ((operator === ">>" || operator === ">>>") && bits > 0 && bits < 31)
      return `floor(${grouped(a)} / ${2 ** bits})`;
    return null;
  };
  const member = (object: AnyNode, property: AnyNode, computed: boolean): string | null => {
    if (computed) {
      if (object.type !== "Identifier" || object.name !== body.parameter) return null;
      if (property.type !== "Literal" || typeof property.value !== "number") return null;
      words.add(property.value);
      return nameOf(property.value);
    }
    if (property.type !== "Identifier") return null;
    if (object.type === "Identifier" && object.name === "Math" && property.name === "PI") return plainNumber(Math.PI);
    const fromParameters =
      object.type === "MemberExpression" &&
      object.property.type === "Identifier" &&
      object.property.name === "PARAMETERS";
    const value = fromParameters ? parameters.get(property.name) : undefined;
    return value === undefined ? null : plainNumber(value);
  };
  const call = (callee: AnyNode, given: readonly AnyNode[]): string | null => {
    if (callee.type !== "MemberExpression" || callee.object.type !== "Identifier" || callee.object.name !== "Math")
      return null;
    const name = callee.property.type === "Identifier" ? callee.property.name : "";
    const operands = given.map(write);
    if (operands.includes(null)) return null;
    if (name === "pow" && operands.length === 2) return `${grouped(operands[0]!)} ** ${grouped(operands[1]!)}`;
    const known = Object.hasOwn(MATH, name) ? MATH[name] : undefined;
    return known === undefined ? null : `${known}(${operands.join(", ")})`;
  };
  const text = write(body.value);
  if (text === null || words.size === 0) return null;
  return { text, words: [...words].sort((a, b) => a - b) };
}

/** The one value that a function gives, and the name of what it is given. */
function returned(fn: AnyNode): { readonly parameter: string; readonly value: AnyNode } | null {
  if (fn.type !== "FunctionExpression" && fn.type !== "ArrowFunctionExpression") return null;
  const [parameter] = fn.params;
  if (fn.params.length !== 1 || parameter.type !== "Identifier" || fn.async || fn.generator) return null;
  if (fn.body.type !== "BlockStatement") return { parameter: parameter.name, value: fn.body };
  const [only, ...more] = fn.body.body;
  if (only?.type !== "ReturnStatement" || more.length > 0 || only.argument == null) return null;
  return { parameter: parameter.name, value: only.argument };
}

/** What is more than a name or a number is bracketed: operators bind alike in both languages, but nobody should have to know. */
function grouped(text: string): string {
  return /^[\w.]+$/.test(text) || /^\w+\([^()]*\)$/.test(text) ? text : `(${text})`;
}

function plainNumber(x: number): string {
  return x < 0 ? `(-${String(-x).replace("e+", "e")})` : String(x).replace("e+", "e");
}
