import { parseJson } from "@gridhub/device-profiles/envelope.ts";
import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";

/** Payload of a state topic -> value; undefined = the message does not hold this value. */
export type ValueReader = (state: StatePayload) => unknown;

/** One state message, parsed at most once for all entities that read it. */
export class StatePayload {
  readonly text: string;
  readonly #payload: Buffer;
  readonly #depth: number;
  #json: { readonly value: unknown } | null | undefined;

  constructor(payload: Buffer, depth: number) {
    this.#payload = payload;
    this.#depth = depth;
    this.text = payload.toString("utf8");
  }

  get json(): { readonly value: unknown } | null {
    if (this.#json === undefined) {
      const parsed = parseJson(this.#payload, this.#depth);
      this.#json = isRejection(parsed) ? null : parsed;
    }
    return this.#json;
  }
}

const STEP = /^(?:\.([A-Za-z_]\w*)|\[\s*(?:'([^']*)'|"([^"]*)"|(\d{1,6}))\s*\])/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/**
 * The simple kinds of `value_template`: `{{ value }}`, `{{ value_json.a['b'][0] }}`, with `| float`, `| int`, `| round(n)`,
 * `| default(x)`, `* / + -` by a number behind it, and brackets around that. No template language is run: whatever else a template
 * says is refused.
 */
export function compileValueTemplate(template: string | null): ValueReader | Rejection {
  if (template === null) return ({ text }) => text;
  const inner = /^\s*\{\{-?([^{}]*?)-?\}\}\s*$/.exec(template.slice(0, 1000))?.[1].trim();
  return (
    (inner === undefined ? null : compile(inner)) ??
    reject("foreign_unsupported", `value_template ${template.slice(0, 120)}`)
  );
}

const PATH = /^(value_json|value)\b((?:\.[A-Za-z_]\w*|\[[^\]]*\])*)\s*/;

function compile(text: string): ValueReader | null {
  let read: ValueReader;
  let rest: string;
  if (text.startsWith("(")) {
    const end = closing(text);
    const inside = end === -1 ? null : compile(text.slice(1, end).trim());
    if (inside === null) return null;
    read = inside;
    rest = text.slice(end + 1);
  } else {
    const head = PATH.exec(text);
    if (head === null) return null;
    const [whole, name, path] = head;
    const steps = stepsOf(path);
    if (steps === null || (name === "value" && steps.length > 0)) return null;
    read = name === "value" ? (state) => state.text : (state) => walk(state.json?.value, steps);
    rest = text.slice(whole.length);
  }
  const changes = changesOf(rest);
  if (changes === null) return null;
  return (state) => changes.reduce((value, change) => change(value), read(state));
}

/** Where the bracket that opens at 0 closes; -1 = nowhere. */
function closing(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i;
  }
  return -1;
}

function stepsOf(path: string): (string | number)[] | null {
  const steps: (string | number)[] = [];
  for (let rest = path; rest !== "";) {
    const step = STEP.exec(rest);
    if (step === null) return null;
    const [whole, name, single, double, index] = step;
    steps.push(index === undefined ? (name ?? single ?? double) : Number(index));
    rest = rest.slice(whole.length);
  }
  return steps;
}

function walk(value: unknown, steps: readonly (string | number)[]): unknown {
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

type Change = (value: unknown) => unknown;

/**
 * `| float(0) * 0.1`, from the left. A filter behind a calculation, or a product behind a sum, would bind tighter to the number before it:
 * such a template is refused, since it rarely means what it says.
 */
function changesOf(tail: string): Change[] | null {
  const changes: Change[] = [];
  let reached = 0; // 0 filters, 1 products, 2 sums
  for (let rest = tail.trim(); rest !== "";) {
    const filter = /^\|\s*(float|int|round|default|d)\b\s*(?:\(\s*([^()]*?)\s*\))?\s*/.exec(rest);
    const calculation = /^([*/+-])\s*(-?\d+(?:\.\d+)?)\s*/.exec(rest);
    const found = filter ?? calculation;
    if (found === null) return null;
    const level = filter !== null ? 0 : /[*/]/.test(found[1]) ? 1 : 2;
    const change = filter !== null ? filterOf(filter[1], filter[2]) : calculate(found[1], Number(found[2]));
    if (level < reached || change === null) return null;
    reached = level;
    changes.push(change);
    rest = rest.slice(found[0].length);
  }
  return changes;
}

function filterOf(name: string, argument = ""): Change | null {
  const given = NUMBER.test(argument) ? Number(argument) : undefined;
  if (argument !== "" && given === undefined && name !== "default" && name !== "d") return null;
  switch (name) {
    case "float":
      return (value) => numberOf(value) ?? given;
    case "int": {
      return (value) => {
        const n = numberOf(value) ?? given;
        return n === undefined ? undefined : Math.trunc(n);
      };
    }
    case "round": {
      const factor = 10 ** Math.min(12, given ?? 0);
      return (value) => {
        const n = numberOf(value);
        return n === undefined ? undefined : Math.round(n * factor) / factor;
      };
    }
    default: // a value that the device did not send is no reading, whatever the template would show
      return (value) => value;
  }
}

function calculate(sign: string, operand: number): Change {
  return (value) => {
    const n = numberOf(value);
    if (n === undefined) return undefined;
    return sign === "*" ? n * operand : sign === "/" ? n / operand : sign === "+" ? n + operand : n - operand;
  };
}

export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(value)) return undefined;
  return Number(value);
}
