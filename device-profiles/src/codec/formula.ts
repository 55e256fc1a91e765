import type { RecordBuffer } from "../reading.ts";

/**
 * Calibration formulas as data: `calc: "(2.9e-9 * x ** 3 - 43.4) ** 2"`. Parsed once into postfix operations, run by one loop; there is no
 * eval. `x` is the field's own value after scale and offset; other names are values that were read before it in the same frame.
 */

export const CONSTANT = 0, X = 1, METRIC = 2, TEMPORARY = 3, ADD = 4, SUB = 5, MUL = 6, DIV = 7, POW = 8, NEG = 9; // prettier-ignore
export const LT = 10, LE = 11, GT = 12, GE = 13, EQ = 14, NE = 15, CHOOSE = 16, LN = 17, LOG10 = 18, EXP = 19; // prettier-ignore
export const SQRT = 20, ABS = 21, ROUND = 22, FLOOR = 23, MIN = 24, MAX = 25, BITS = 26; // prettier-ignore

const FUNCTIONS: Readonly<Record<string, readonly [code: number, operands: number]>> = {
  ln: [LN, 1],
  log10: [LOG10, 1],
  exp: [EXP, 1],
  sqrt: [SQRT, 1],
  abs: [ABS, 1],
  round: [ROUND, 1],
  floor: [FLOOR, 1],
  min: [MIN, 2],
  max: [MAX, 2],
  // bits(value, lowest, highest), both inclusive
  bits: [BITS, 3],
};
const BINARY: readonly Readonly<Record<string, number>>[] = [
  { "<": LT, "<=": LE, ">": GT, ">=": GE, "==": EQ, "!=": NE },
  { "+": ADD, "-": SUB },
  { "*": MUL, "/": DIV },
];
const MAX_OPERATIONS = 64;

/** Values that only formulas see (names that begin with `_`), one slot each; NaN = not in this frame. */
export const TEMPORARIES = new Float64Array(64);

export interface Formula {
  readonly code: Uint8Array;
  /** constant, metric index or temporary slot of each operation */
  readonly operand: Float64Array;
  /** uses `x`, so that the field has bytes of its own */
  readonly usesX: boolean;
  /** what it needs besides x */
  readonly metrics: readonly number[];
  readonly temporaries: readonly number[];
}

/** What a name other than `x` stands for: a metric's index, a temporary's slot, or null after reporting. */
export type Resolve = (name: string) => { readonly metric: number } | { readonly temporary: number } | null;

export interface FormulaError {
  readonly column: number;
  readonly message: string;
}

const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|(\*\*|<=|>=|==|!=|[-+*/()<>?:,]))/y;

class Parser {
  readonly code: number[] = [];
  readonly operand: number[] = [];
  usesX = false;
  private readonly tokens: { readonly text: string; readonly at: number }[] = [];
  private readonly resolve: Resolve;
  private next = 0;

  constructor(text: string, resolve: Resolve) {
    this.resolve = resolve;
    TOKEN.lastIndex = 0;
    let at = 0;
    while (text.slice(at).trim() !== "") {
      const match = TOKEN.exec(text);
      if (match === null) throw fault(at, `"${text.slice(at).trim()[0]}" means nothing here`);
      this.tokens.push({ text: match[0].trim(), at: TOKEN.lastIndex - match[0].trim().length });
      at = TOKEN.lastIndex;
    }
    this.tokens.push({ text: "", at: text.length });
  }

  run(): void {
    this.choice();
    if (this.peek() !== "") throw fault(this.at(), `unexpected "${this.peek()}"`);
    if (this.code.length > MAX_OPERATIONS) throw fault(0, `more than ${MAX_OPERATIONS} operations`);
  }

  private choice(): void {
    this.binary(0);
    if (!this.take("?")) return;
    this.choice();
    this.expect(":");
    this.choice();
    this.emit(CHOOSE);
  }

  private binary(level: number): void {
    if (level === BINARY.length) {
      this.unary();
      return;
    }
    this.binary(level + 1);
    for (;;) {
      const code = Object.hasOwn(BINARY[level], this.peek()) ? BINARY[level][this.peek()] : undefined;
      if (code === undefined) return;
      this.next++;
      this.binary(level + 1);
      this.emit(code);
    }
  }

  private unary(): void {
    if (this.take("-")) {
      this.unary();
      this.emit(NEG);
      return;
    }
    this.atom();
    if (!this.take("**")) return;
    this.unary();
    this.emit(POW);
  }

  private atom(): void {
    const { text, at } = this.tokens[this.next];
    if (this.take("(")) {
      this.choice();
      this.expect(")");
      return;
    }
    if (/^[\d.]/.test(text)) {
      this.next++;
      this.emit(CONSTANT, Number(text));
      return;
    }
    if (!/^[A-Za-z_]/.test(text))
      throw fault(at, text === "" ? "the formula ends too early" : `unexpected "${text}", expected a value`);
    this.next++;
    if (this.peek() === "(") this.call(text, at);
    else if (text === "x") {
      this.usesX = true;
      this.emit(X);
    } else {
      const found = this.resolve(text);
      if (found === null) throw fault(at, `no value "${text}" stands before this field in the frame`);
      if ("metric" in found) this.emit(METRIC, found.metric);
      else this.emit(TEMPORARY, found.temporary);
    }
  }

  private call(name: string, at: number): void {
    if (!Object.hasOwn(FUNCTIONS, name))
      throw fault(at, `no function ${name}; known: ${Object.keys(FUNCTIONS).join(", ")}`);
    const [code, operands] = FUNCTIONS[name];
    this.expect("(");
    for (let i = 0; i < operands; i++) {
      if (i > 0) this.expect(",");
      this.choice();
    }
    this.expect(")");
    this.emit(code);
  }

  private emit(code: number, operand = 0): void {
    this.code.push(code);
    this.operand.push(operand);
  }
  private peek(): string {
    return this.tokens[this.next].text;
  }
  private at(): number {
    return this.tokens[this.next].at;
  }
  private take(text: string): boolean {
    if (this.peek() !== text) return false;
    this.next++;
    return true;
  }
  private expect(text: string): void {
    if (!this.take(text)) throw fault(this.at(), `expected "${text}"`);
  }
}

/** A fault of the formula's text; caught in {@link parseFormula} and returned as a value. */
class Fault extends Error {
  readonly column: number;
  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}
const fault = (at: number, message: string): Fault => new Fault(at + 1, message);

export function parseFormula(text: string, resolve: Resolve): Formula | FormulaError {
  try {
    const parser = new Parser(text, resolve);
    parser.run();
    return {
      code: Uint8Array.from(parser.code),
      operand: Float64Array.from(parser.operand),
      usesX: parser.usesX,
      metrics: parser.operand.filter((_, i) => parser.code[i] === METRIC),
      temporaries: parser.operand.filter((_, i) => parser.code[i] === TEMPORARY),
    };
  } catch (error) {
    if (error instanceof Fault) return { column: error.column, message: error.message };
    throw error;
  }
}

const stack = new Float64Array(MAX_OPERATIONS + 1);

/** @returns NaN when a value it needs is not in this record, or the arithmetic has no result */
export function evaluate(formula: Formula, x: number, out: RecordBuffer): number {
  const { code, operand } = formula;
  let top = -1;
  for (let i = 0; i < code.length; i++) {
    switch (code[i]) {
      case CONSTANT: stack[++top] = operand[i]; break; // prettier-ignore
      case X: stack[++top] = x; break; // prettier-ignore
      case METRIC: stack[++top] = valueOf(operand[i], out); break; // prettier-ignore
      case TEMPORARY: stack[++top] = TEMPORARIES[operand[i]]; break; // prettier-ignore
      case ADD: top--; stack[top] += stack[top + 1]; break; // prettier-ignore
      case SUB: top--; stack[top] -= stack[top + 1]; break; // prettier-ignore
      case MUL: top--; stack[top] *= stack[top + 1]; break; // prettier-ignore
      case DIV: top--; stack[top] /= stack[top + 1]; break; // prettier-ignore
      case POW: top--; stack[top] **= stack[top + 1]; break; // prettier-ignore
      case NEG: stack[top] = -stack[top]; break; // prettier-ignore
      case CHOOSE: top -= 2; stack[top] = choose(stack[top], stack[top + 1], stack[top + 2]); break; // prettier-ignore
      case LN: stack[top] = Math.log(stack[top]); break; // prettier-ignore
      case LOG10: stack[top] = Math.log10(stack[top]); break; // prettier-ignore
      case EXP: stack[top] = Math.exp(stack[top]); break; // prettier-ignore
      case SQRT: stack[top] = Math.sqrt(stack[top]); break; // prettier-ignore
      case ABS: stack[top] = Math.abs(stack[top]); break; // prettier-ignore
      case ROUND: stack[top] = Math.round(stack[top]); break; // prettier-ignore
      case FLOOR: stack[top] = Math.floor(stack[top]); break; // prettier-ignore
      case MIN: top--; stack[top] = Math.min(stack[top], stack[top + 1]); break; // prettier-ignore
      case MAX: top--; stack[top] = Math.max(stack[top], stack[top + 1]); break; // prettier-ignore
      case BITS: top -= 2; stack[top] = bits(stack[top], stack[top + 1], stack[top + 2]); break; // prettier-ignore
      default: top--; stack[top] = compare(code[i], stack[top], stack[top + 1]); // prettier-ignore
    }
  }
  return stack[0];
}

function valueOf(metric: number, out: RecordBuffer): number {
  for (let i = out.n - 1; i >= 0; i--) if (out.metric[i] === metric) return out.num[i];
  return Number.NaN;
}

function compare(code: number, a: number, b: number): number {
  if (a !== a || b !== b) return Number.NaN;
  switch (code) {
    case LT:
      return a < b ? 1 : 0;
    case LE:
      return a <= b ? 1 : 0;
    case GT:
      return a > b ? 1 : 0;
    case GE:
      return a >= b ? 1 : 0;
    case EQ:
      return a === b ? 1 : 0;
    default:
      return a === b ? 0 : 1;
  }
}

/** A condition that is not known has no result. */
function choose(condition: number, yes: number, no: number): number {
  return condition !== condition ? Number.NaN : condition === 0 ? no : yes;
}

/** Bits low..high of an integer up to 2^53. */
function bits(value: number, low: number, high: number): number {
  return Math.floor(value / 2 ** low) % 2 ** (high - low + 1);
}
