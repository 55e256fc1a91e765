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
 * `| default(x)` and `* / + -` by a number behind it. No template language is run: whatever else a template says is refused.
 */
export function compileValueTemplate(template: string | null): ValueReader | Rejection {
  if (template === null) return ({ text }) => text;
  const unsupported = reject("foreign_unsupported", `value_template ${template.slice(0, 120)}`);
  const inner = /^\s*\{\{-?([^{}]*)-?\}\}\s*$/.exec(template)?.[1].trim();
  if (inner === undefined) return unsupported;
  const [, head, tail] = /^\(?\s*((?:value_json|value)\b(?:\.[A-Za-z_]\w*|\[[^\]]*\])*)(.*)$/s.exec(inner) ?? [];
  if (head === undefined) return unsupported;
  const steps = stepsOf(head.slice(head.startsWith("value_json") ? "value_json".length : "value".length));
  const changes = changesOf(tail.replaceAll(/[()](?=\s*(?:[|*/+-]|$))|^\s*\)/g, (sign) => (sign === ")" ? " " : sign)));
  if (steps === null || changes === null || (!head.startsWith("value_json") && steps.length > 0)) return unsupported;
  return (state) => {
    let value: unknown = head.startsWith("value_json") ? walk(state.json?.value, steps) : state.text;
    for (const change of changes) value = change(value);
    return value;
  };
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

/** `| float(0) * 0.1 | round(1)` step by step, from the left. */
function changesOf(tail: string): Change[] | null {
  const changes: Change[] = [];
  for (let rest = tail.trim(); rest !== "";) {
    const filter = /^\|\s*(float|int|round|default|d)\s*(?:\(\s*([^()]*?)\s*\))?\s*/.exec(rest);
    const arithmetic = /^([*/+-])\s*(-?\d+(?:\.\d+)?)\s*/.exec(rest);
    const change =
      filter !== null ? filterOf(filter[1], filter[2]) : arithmetic !== null ? calculation(arithmetic) : null;
    if (change === null) return null;
    changes.push(change);
    rest = rest.slice((filter ?? arithmetic)![0].length);
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

function calculation([, sign, text]: readonly string[]): Change {
  const operand = Number(text);
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
