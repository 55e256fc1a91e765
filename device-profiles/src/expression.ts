import { parseDuration } from "./duration.ts";

/** One comparison as written: names are not resolved yet. */
export interface WrittenComparison {
  readonly metric: string;
  readonly fn: "value" | "rate" | "difference";
  readonly windowMs: number;
  readonly op: "<" | "<=" | ">" | ">=" | "==" | "!=";
  /** a number (booleans are 0 and 1), or the alarm's `limit` */
  readonly limit: number | "limit";
  readonly isBoolean: boolean;
  readonly offset: number;
}

/** What is wrong, and the 1-based column in the expression. */
export interface ExpressionError {
  readonly message: string;
  readonly column: number;
}

interface Token {
  readonly kind: "name" | "number" | "duration" | "op" | "sign" | "open" | "close" | "comma" | "slash" | "end";
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(?<duration>(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+(?![A-Za-z0-9_]))|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.]))|(?<name>[A-Za-z_]\w*)|(?<op><=|>=|==|!=|<|>)|(?<sign>[+-])|(?<open>\()|(?<close>\))|(?<comma>,)|(?<slash>\/))/y;
const MAX_LENGTH = 500;

/**
 * Parses `a < limit`, `a > limit + 0.02`, `a > 1 and b == true`, `rate(a, 10m) > 0.5/1h`. A rate is the change per second; `0.5/1h` is
 * 0.5 an hour written as such. `difference(a, 1h) > 2` is the change itself, in the metric's unit.
 */
export function parseExpression(text: string): WrittenComparison[] | ExpressionError {
  if (text.length > MAX_LENGTH) return { message: `longer than ${MAX_LENGTH} characters`, column: 1 };
  const tokens = tokenize(text);
  return Array.isArray(tokens) ? new Parser(tokens).all() : tokens;
}

export function isExpressionError(x: WrittenComparison[] | ExpressionError): x is ExpressionError {
  return !Array.isArray(x);
}

function tokenize(text: string): Token[] | ExpressionError {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) {
      const at = from + (text.slice(from).length - text.slice(from).trimStart().length);
      return { message: `unexpected "${text[at]}"${hint(text.slice(at))}`, column: at + 1 };
    }
    const [kind, value] = Object.entries(groups).find(([, v]) => v !== undefined) as [Token["kind"], string];
    tokens.push({ kind, text: value, at: TOKEN.lastIndex - value.length });
  }
  tokens.push({ kind: "end", text: "the end", at: end });
  return tokens;
}

function hint(rest: string): string {
  if (rest.startsWith("=")) return '; write "==" to compare';
  if (rest.startsWith("&&") || rest.startsWith("&")) return '; write "and"';
  return "";
}

class Stop extends Error {
  readonly column: number;
  constructor(message: string, at: number) {
    super(message);
    this.column = at + 1;
  }
}

class Parser {
  private readonly tokens: readonly Token[];
  private i = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  all(): WrittenComparison[] | ExpressionError {
    try {
      const list = [this.comparison()];
      while (this.peek().kind === "name" && this.peek().text === "and") {
        this.i++;
        list.push(this.comparison());
      }
      const rest = this.peek();
      if (rest.kind === "end") return list;
      const or = rest.text === "or" || rest.text === "||";
      throw new Stop(
        or ? '"or" is not supported: write two alarms' : `expected "and" or the end, found "${rest.text}"`,
        rest.at,
      );
    } catch (error) {
      if (error instanceof Stop) return { message: error.message, column: error.column };
      throw error;
    }
  }

  private comparison(): WrittenComparison {
    const first = this.take("name", "a metric, rate(metric, window) or difference(metric, window)");
    let metric = first.text;
    let windowMs = 0;
    const isCall = (metric === "rate" || metric === "difference") && this.peek().kind === "open";
    const fn = isCall ? (metric as "rate" | "difference") : "value";
    if (isCall) {
      this.i++;
      metric = this.take("name", "a metric").text;
      this.take("comma", `", " and a window, e.g. ${fn}(level, 10m)`);
      const window = this.take("duration", "a window such as 10m");
      windowMs = parseDuration(window.text) ?? 0;
      if (windowMs < 1000) throw new Stop("a window is at least 1s", window.at);
      this.take("close", '")"');
    }
    const op = this.take("op", "one of < <= > >= == !=").text as WrittenComparison["op"];
    return { metric, fn, windowMs, op, ...this.limit(fn === "rate") };
  }

  private limit(isRate: boolean): Pick<WrittenComparison, "limit" | "offset" | "isBoolean"> {
    const next = this.peek();
    if (next.kind === "name" && (next.text === "true" || next.text === "false")) {
      this.i++;
      return { limit: next.text === "true" ? 1 : 0, offset: 0, isBoolean: true };
    }
    if (next.kind === "name" && next.text === "limit") {
      this.i++;
      const sign = this.peek();
      if (sign.kind !== "sign") return { limit: "limit", offset: 0, isBoolean: false };
      this.i++;
      const offset = this.amount(isRate);
      return { limit: "limit", offset: sign.text === "-" ? -offset : offset, isBoolean: false };
    }
    const negative = next.kind === "sign" && next.text === "-";
    if (next.kind === "sign") this.i++;
    const value = this.amount(isRate);
    return { limit: negative ? -value : value, offset: 0, isBoolean: false };
  }

  /** A number; for rates also `number/duration`. */
  private amount(isRate: boolean): number {
    const value = Number(this.take("number", 'a number, "limit", true or false').text);
    const slash = this.peek();
    if (slash.kind !== "slash") return value;
    if (!isRate) throw new Stop("only a rate has a limit per time", slash.at);
    this.i++;
    const window = this.take("duration", "a duration such as 1h");
    const ms = parseDuration(window.text) ?? 0;
    if (ms === 0) throw new Stop("expected a duration above 0", window.at);
    return value / (ms / 1000);
  }

  private peek(): Token {
    return this.tokens[this.i];
  }

  private take(kind: Token["kind"], expected: string): Token {
    const token = this.tokens[this.i];
    if (token.kind !== kind)
      throw new Stop(`expected ${expected}, found ${token.kind === "end" ? "the end" : `"${token.text}"`}`, token.at);
    this.i++;
    return token;
  }
}
