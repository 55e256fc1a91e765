import { type AnyNode, type ArrayExpression, type ObjectExpression, parse } from "acorn";
import type { Bitmap, Field, Item, JsonField } from "../codec/schema.ts";
import { plain } from "../script/source-form.ts";
import { formulaOf } from "./script-formula.ts";

/** A presence mask of 16 bits stands at byte 3, behind a version and the device's number; groups of 16-bit words follow. */
const MASK_AT = 3;
const START = 5;

/**
 * The bitmap behind a script that keeps its layout in a table, `[{length, values: [{name, convert: function (x) {..}, unit}]}]`, one entry a
 * mask bit, `x` being the group's words. null = there is no such table, or a conversion is more than a formula. A guess until it was
 * compared frame by frame.
 *
 * @param version the first byte of frames that the script takes
 */
export function findBitmap(script: string, map: readonly JsonField[], version: number): Bitmap | null {
  const program = parsed(script);
  if (program === null) return null;
  const nodes = [...nodesOf(program)];
  const table = nodes.find((node): node is ArrayExpression => node.type === "ArrayExpression" && isTable(node));
  if (table === undefined || table.elements.length > 16) return null;
  const parameters = parametersOf(nodes);
  const groups: Record<string, Item> = {};
  for (const [bit, entry] of table.elements.entries()) {
    const group = groupOf(entry as ObjectExpression, bit, map, parameters);
    if (group === null) return null;
    groups[String(bit)] = group;
  }
  const start = version.toString(16).padStart(2, "0").toUpperCase();
  return { frame: { start, trailing: "ignore" }, mask: { at: MASK_AT, t: "u16" }, start: START, groups };
}

function groupOf(
  entry: ObjectExpression,
  bit: number,
  map: readonly JsonField[],
  parameters: ReadonlyMap<string, number>,
): Item | null {
  const words = numberOf(valueOf(entry, "length"));
  const values = valueOf(entry, "values");
  if (words === null || values?.type !== "ArrayExpression") return null;
  const fields: Field[] = [];
  const hidden = new Set<number>();
  for (const value of values.elements) {
    if (value?.type !== "ObjectExpression") return null;
    const name = textOf(valueOf(value, "name"));
    const convert = valueOf(value, "convert");
    const mapped = map.find(({ path }) => path === name || path === `${name}.value`);
    // without a conversion the value is no part of the result; what is not mapped is stepped over
    if (name === null || convert === undefined || mapped === undefined) continue;
    const formula = formulaOf(convert, parameters, (word) => `_g${bit}w${word}`);
    if (formula === null || formula.words.some((word) => word >= words)) return null;
    const { path: _path, ...rest } = mapped;
    if (formula.words.length === 1) {
      const [word] = formula.words;
      fields.push({ ...rest, at: 2 * word, t: "u16", ...asRule(formula.text.replaceAll(`_g${bit}w${word}`, "x")) });
      continue;
    }
    for (const word of formula.words) {
      if (!hidden.has(word)) fields.push({ n: `_g${bit}w${word}`, at: 2 * word, t: "u16" });
      hidden.add(word);
    }
    fields.push({ ...rest, calc: formula.text });
  }
  return { size: 2 * words, fields };
}

/** `(x - 32768) / 1000` in the words that a codec has for it. */
function asRule(text: string): Partial<Field> {
  const [, bias, whole, divisor] = /^(?:\(x - (\d+)\)|(x))(?: \/ (1(?:0{1,6})))?$/.exec(text) ?? [];
  if (bias === undefined && whole === undefined) return { calc: text };
  return {
    ...(bias === undefined ? {} : { bias: Number(bias) }),
    ...(divisor === undefined ? {} : { scale: 1 / Number(divisor) }),
  };
}

function parsed(script: string): AnyNode | null {
  try {
    return parse(plain(script), { ecmaVersion: "latest", sourceType: "script", allowReturnOutsideFunction: true });
  } catch {
    return null;
  }
}

function* nodesOf(root: AnyNode): Generator<AnyNode> {
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const x = stack.pop();
    if (typeof x !== "object" || x === null) continue;
    if (!Array.isArray(x) && typeof (x as { type?: unknown }).type === "string") yield x as AnyNode;
    for (const inner of Object.values(x)) stack.push(inner);
  }
}

function isTable({ elements }: ArrayExpression): boolean {
  return (
    elements.length > 0 &&
    elements.every(
      (entry) =>
        entry?.type === "ObjectExpression" &&
        numberOf(valueOf(entry, "length")) !== null &&
        valueOf(entry, "values")?.type === "ArrayExpression",
    )
  );
}

/** `PARAMETERS: {kp: 1.2}`: constants of one device, by name. */
function parametersOf(nodes: readonly AnyNode[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const node of nodes) {
    const object = node.type === "ObjectExpression" ? valueOf(node, "PARAMETERS") : undefined;
    if (object?.type !== "ObjectExpression") continue;
    for (const property of object.properties)
      if (property.type === "Property") {
        const name = keyOf(property.key);
        const value = numberOf(property.value);
        if (name !== null && value !== null) found.set(name, value);
      }
  }
  return found;
}

function valueOf(object: ObjectExpression, name: string): AnyNode | undefined {
  for (const property of object.properties)
    if (property.type === "Property" && !property.computed && keyOf(property.key) === name) return property.value;
  return undefined;
}

function keyOf(key: AnyNode): string | null {
  return key.type === "Identifier" ? key.name : textOf(key);
}

function textOf(node: AnyNode | undefined): string | null {
  return node?.type === "Literal" && typeof node.value === "string" ? node.value : null;
}

function numberOf(node: AnyNode | undefined): number | null {
  if (node?.type === "UnaryExpression" && node.operator === "-") {
    const positive = numberOf(node.argument);
    return positive === null ? null : -positive;
  }
  return node?.type === "Literal" && typeof node.value === "number" ? node.value : null;
}
