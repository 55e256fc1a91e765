import { type Filter, makeFilter, TemplateError, type TemplateTables } from "./filters.ts";
import { checkPath } from "./fields.ts";

/** What templates may ask beyond the value itself. */
export interface TemplateContext {
  readonly timeZone: string;
  readonly tables: TemplateTables;
  /** further names beside those of a cloud event, e.g. `item`, `root` */
  readonly names?: readonly string[];
}

type Step = string | number;
interface Hole {
  readonly steps: readonly Step[];
  readonly filters: readonly Filter[];
}

/** Applied to every inserted value, e.g. to take the meaning of markup away. */
export type Escape = (text: string) => string;

/**
 * `{data.title.zh} at {data.grid.path[-1].name | default:'?'}`. A text that is one placeholder and nothing else gives the value
 * as it is (number, list, object); else everything becomes text and what is missing becomes nothing. `{{` and `}}` are braces.
 */
export class Template {
  readonly #parts: readonly (string | Hole)[];

  /** @throws TemplateError naming what is wrong and where in the text */
  constructor(text: string, context: TemplateContext) {
    this.#parts = parse(text, context);
  }

  /** The value, typed where the template is one placeholder. */
  value(scope: Readonly<Record<string, unknown>>): unknown {
    const [first] = this.#parts;
    if (this.#parts.length === 1 && typeof first !== "string") return read(first, scope);
    return this.text(scope);
  }

  text(scope: Readonly<Record<string, unknown>>, escape: Escape = (text) => text): string {
    return this.#parts.map((part) => (typeof part === "string" ? part : escape(plain(read(part, scope))))).join("");
  }

  /** Whether it has placeholders and all of them are empty: a line that says nothing. */
  isEmpty(scope: Readonly<Record<string, unknown>>): boolean {
    const holes = this.#parts.filter((part) => typeof part !== "string");
    return holes.length > 0 && holes.every((hole) => plain(read(hole, scope)) === "");
  }
}

function read({ steps, filters }: Hole, scope: Readonly<Record<string, unknown>>): unknown {
  let value: unknown = scope;
  for (const step of steps) {
    if (typeof value !== "object" || value === null) {
      value = undefined;
      break;
    }
    if (typeof step === "number") value = Array.isArray(value) ? (value as unknown[]).at(step) : undefined;
    else value = Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
  }
  for (const filter of filters) value = filter(value);
  return value;
}

export function plain(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}

function parse(text: string, context: TemplateContext): (string | Hole)[] {
  const parts: (string | Hole)[] = [];
  let literal = "";
  for (let i = 0; i < text.length;) {
    const sign = text[i];
    if (sign !== "{" && sign !== "}") {
      literal += sign;
      i++;
    } else if (text[i + 1] === sign) {
      literal += sign;
      i += 2;
    } else if (sign === "}") {
      throw new TemplateError(`a "}" without its "{" at ${i + 1}; a brace itself is written "}}"`);
    } else {
      const end = closing(text, i);
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push(hole(text.slice(i + 1, end), context));
      i = end + 1;
    }
  }
  if (literal !== "" || parts.length === 0) parts.push(literal);
  return parts;
}

function closing(text: string, from: number): number {
  let quoted = false;
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === "'") quoted = !quoted;
    else if (text[i] === "}" && !quoted) return i;
  }
  throw new TemplateError(`the "{" at ${from + 1} is never closed`);
}

function hole(text: string, context: TemplateContext): Hole {
  const [path, ...filters] = split(text, "|");
  const steps = parsePath(path.trim());
  checkPath(steps, path.trim(), context.names ?? []);
  return { steps, filters: filters.map((filter) => parseFilter(filter.trim(), context)) };
}

function parsePath(text: string): Step[] {
  if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_][\w-]*|\[-?\d{1,4}\])*$/.test(text))
    throw new TemplateError(`"${text}" is no path; expected e.g. data.grid.path[-1].name`);
  return [...text.matchAll(/([A-Za-z_][\w-]*)|\[(-?\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? name : Number(index),
  );
}

function parseFilter(text: string, { timeZone, tables }: TemplateContext): Filter {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon).trim();
  const args = colon < 0 ? [] : split(text.slice(colon + 1), ",").map(argument);
  return makeFilter(name, args, { timeZone, tables });
}

function argument(text: string): string {
  const trimmed = text.trim();
  return /^'.*'$/s.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}

/** Splits at `sign` outside quotes. */
function split(text: string, sign: string): string[] {
  const out = [""];
  let quoted = false;
  for (const c of text) {
    if (c === "'") quoted = !quoted;
    if (c === sign && !quoted) out.push("");
    else out[out.length - 1] += c;
  }
  return out;
}
