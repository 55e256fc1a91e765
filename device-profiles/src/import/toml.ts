/**
 * The part of TOML 1.0 that device repositories use: tables, lists of tables, dotted keys, texts of all four kinds, numbers, booleans and
 * lists. Dates stay texts.
 *
 * @throws SyntaxError with the line
 */
export function parseToml(source: string): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  let table = root;
  let at = 0;
  const fail = (what: string): never => {
    throw new SyntaxError(`line ${source.slice(0, at).split("\n").length}: ${what}`);
  };
  const space = (lines: boolean): void => {
    for (;;) {
      const match = (lines ? /^(?:[ \t\r\n]+|#[^\n]*)/ : /^[ \t]+/).exec(source.slice(at, at + 4096));
      if (match === null) return;
      at += match[0].length;
    }
  };
  const keys = (end: string): string[] => {
    const path: string[] = [];
    for (;;) {
      space(false);
      const c = source[at];
      if (c === '"' || c === "'") path.push(String(value()));
      else {
        const bare = /^[A-Za-z0-9_-]+/.exec(source.slice(at, at + 256));
        if (bare === null) return fail("expected a key");
        path.push(bare[0]);
        at += bare[0].length;
      }
      space(false);
      if (source[at] === ".") at++;
      else if (source.startsWith(end, at)) {
        at += end.length;
        return path;
      } else return fail(`expected ${end}`);
    }
  };
  const into = (from: Record<string, unknown>, path: readonly string[]): Record<string, unknown> => {
    let here = from;
    for (const key of path) {
      const next: unknown = Object.hasOwn(here, key) ? here[key] : (here[key] = {});
      const last: unknown = Array.isArray(next) ? next.at(-1) : next;
      if (typeof last !== "object" || last === null) return fail(`${key} is no table`);
      here = last as Record<string, unknown>;
    }
    return here;
  };
  const value = (): unknown => {
    const rest = source.slice(at, at + 3);
    if (rest === "'''" || rest === '"""') {
      const end = source.indexOf(rest, at + 3);
      if (end < 0) return fail("the text has no end");
      const raw = source.slice(at + 3, end).replace(/^\r?\n/, "");
      at = end + 3;
      return rest === "'''" ? raw : unescaped(raw.replace(/\\\r?\n\s*/g, ""));
    }
    if (rest[0] === "'" || rest[0] === '"') {
      const match = (rest[0] === "'" ? /^'([^'\n]*)'/ : /^"((?:[^"\\\n]|\\.)*)"/).exec(source.slice(at));
      if (match === null) return fail("the text has no end");
      at += match[0].length;
      return rest[0] === "'" ? match[1] : unescaped(match[1]);
    }
    if (rest[0] === "[") {
      const items: unknown[] = [];
      at++;
      for (;;) {
        space(true);
        if (source[at] === "]") break;
        items.push(value());
        space(true);
        if (source[at] === ",") at++;
        else if (source[at] !== "]") return fail("expected , or ]");
      }
      at++;
      return items;
    }
    if (rest[0] === "{") {
      const inner: Record<string, unknown> = {};
      at++;
      for (;;) {
        space(true);
        if (source[at] === "}") break;
        assign(inner);
        space(true);
        if (source[at] === ",") at++;
      }
      at++;
      return inner;
    }
    const word = /^[^\s,\]}#]+/.exec(source.slice(at, at + 256))?.[0] ?? fail("expected a value");
    at += word.length;
    if (word === "true" || word === "false") return word === "true";
    const number = Number(word.replace(/_/g, ""));
    return Number.isNaN(number) ? word : number;
  };
  const assign = (to: Record<string, unknown>): void => {
    const path = keys("=");
    space(false);
    const last = path.pop() ?? "";
    into(to, path)[last] = value();
  };
  for (;;) {
    space(true);
    if (at >= source.length) return root;
    if (source.startsWith("[[", at)) {
      at += 2;
      const path = keys("]]");
      const last = path.pop() ?? "";
      const parent = into(root, path);
      table = {};
      const items: unknown = (parent[last] ??= []);
      if (!Array.isArray(items)) fail(`${last} is no list`);
      else items.push(table);
    } else if (source[at] === "[") {
      at++;
      table = into(root, keys("]"));
    } else assign(table);
  }
}

function unescaped(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g,
    (_all, u?: string, long?: string, c?: string) => {
      if (u !== undefined || long !== undefined) return String.fromCodePoint(Number.parseInt(u ?? long ?? "0", 16));
      return ({ n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" } as Record<string, string>)[c ?? ""] ?? c ?? "";
    },
  );
}
