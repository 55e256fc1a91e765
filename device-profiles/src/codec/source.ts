/**
 * Layouts become functions, as compilers of JSON schemas make them: a loop over fields that differ for each profile is what an engine
 * cannot make fast, straight code is. Text of a profile never becomes code. {@link js} takes numbers, which it prints, other pieces of
 * code, and nothing else; a string enters as a quoted literal ({@link quoted}); functions, maps and sets are bound as constants.
 */
class Code {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

// only the type: code is made by js, quoted and Source alone
export type { Code };
export type Part = number | Code | readonly Code[];

/** Code with its parts filled in; lists of statements stand below each other. */
export function js(strings: TemplateStringsArray, ...parts: readonly Part[]): Code {
  let text = strings[0];
  parts.forEach((part, i) => (text += print(part) + strings[i + 1]));
  return new Code(text);
}

/** A string literal. */
export function quoted(text: string): Code {
  // JSON is a part of JavaScript since ES2019
  return new Code(JSON.stringify(String(text)));
}

/** @param operator of JavaScript; `neutral` = what no operand at all gives */
export function joined(operands: readonly Code[], operator: "||" | "|" | ",", neutral: Code): Code {
  return operands.length === 0 ? neutral : new Code(operands.map((x) => x.text).join(` ${operator} `));
}

function print(part: Part): string {
  if (typeof part === "number") {
    if (Object.is(part, -0)) return "(-0)";
    return part < 0 ? `(${part})` : String(part);
  }
  if (part instanceof Code) return part.text;
  // the types say so too; this is for what gets past them
  if (!Array.isArray(part)) throw new TypeError(`${typeof part} is no code`);
  return part.map(print).join("\n");
}

/** The functions of one codec, and the constants that they use. */
export class Source {
  private readonly functions: string[] = [];
  private readonly constants: unknown[] = [];
  private readonly bound = new Map<unknown, Code>();

  /** A name in the code for a value of this program. */
  bind(value: object): Code {
    let name = this.bound.get(value);
    if (name === undefined) {
      name = new Code(`c${this.constants.push(value) - 1}`);
      this.bound.set(value, name);
    }
    return name;
  }

  /** Adds a function. @returns its name */
  define(parameters: Code, body: Code): Code {
    const name = `f${this.functions.length}`;
    this.functions.push(`function ${name}(${parameters.text}) {\n${body.text}\n}`);
    return new Code(name);
  }

  /** @param entry the function that {@link define} named so */
  build<T>(entry: Code): T {
    const names = this.constants.map((_, i) => `c${i}`);
    const text = `"use strict";\n${this.functions.join("\n")}\nreturn ${entry.text};`;
    const make = new Function(...names, text) as (...constants: unknown[]) => T;
    return make(...this.constants);
  }
}
