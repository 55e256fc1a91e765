import { ENTRIES, OTHER_ENTRIES } from "./prelude.ts";

/** What a module says about its parts; only these lines are rewritten, the others keep their place. */
const MODULE_WORDS = /^[ \t]*(?:import|export)\b(?!\s*\()/m;
const NAME = "[A-Za-z_$][\\w$]*";

/**
 * An ES module as a CommonJS one, line for line: `import` becomes `require`, `export` fills `exports`. Other text is returned as it is.
 * This is for published decoders, which export a handful of functions; live bindings and re-exports of everything are not kept.
 */
export function withoutModuleSyntax(source: string): string {
  if (!MODULE_WORDS.test(source)) return source;
  const after: string[] = [];
  const exported = (list: string): void => {
    for (const part of list.split(",")) {
      const [, local, alias] = new RegExp(`^\\s*(${NAME})(?:\\s+as\\s+(${NAME}))?\\s*$`).exec(part) ?? [];
      if (local !== undefined) after.push(`exports[${JSON.stringify(alias ?? local)}] = ${local};`);
    }
  };
  const blank = (text: string) => text.replace(/[^\n]/g, "");
  const body = source
    .replace(/^[ \t]*import\s+(['"])([^'"\n]+)\1[ \t]*;?/gm, (_all, _q, from: string) => `require("${from}");`)
    .replace(
      new RegExp(`^[ \\t]*import\\s+(?:type\\s+)?([^;'"]*?)\\s+from\\s+(['"])([^'"\\n]+)\\2[ \\t]*;?`, "gm"),
      (all: string, what: string, _q: string, from: string) => requireOf(what, from) + blank(all),
    )
    .replace(/^[ \t]*export\s*\{([^}]*)\}[ \t]*(?:from[^\n]*)?;?/gm, (all: string, list: string) => {
      exported(list);
      return blank(all);
    })
    .replace(
      new RegExp(`^([ \\t]*)export\\s+default\\s+((?:async\\s+)?function\\s*\\*?|class)\\s+(${NAME})`, "gm"),
      (_all, space: string, word: string, name: string) => {
        after.push(`exports.default = ${name};`, `exports[${JSON.stringify(name)}] = ${name};`);
        return `${space}${word} ${name}`;
      },
    )
    .replace(/^([ \t]*)export\s+default\s+/gm, "$1exports.default = ")
    .replace(
      new RegExp(`^([ \\t]*)export\\s+((?:async\\s+)?function\\s*\\*?|class|const|let|var)(\\s+)(${NAME})`, "gm"),
      (_all, space: string, word: string, gap: string, name: string) => {
        after.push(`exports[${JSON.stringify(name)}] = ${name};`);
        return `${space}${word}${gap}${name}`;
      },
    );
  return after.length === 0 ? body : `${body}\n${after.join(" ")}`;
}

/** `a, {b as c}` and `* as d` -> declarations. */
function requireOf(what: string, from: string): string {
  const call = `require(${JSON.stringify(from)})`;
  const named = /\{([^}]*)\}/.exec(what);
  const star = new RegExp(`\\*\\s+as\\s+(${NAME})`).exec(what);
  const alone = new RegExp(`^\\s*(${NAME})\\s*(?:,|$)`).exec(what);
  return [
    ...(alone === null ? [] : [`const ${alone[1]} = ((m) => m && m.default !== undefined ? m.default : m)(${call});`]),
    ...(star === null ? [] : [`const ${star[1]} = ${call};`]),
    ...(named === null ? [] : [`const {${named[1].replace(/\s+as\s+/g, ": ").replace(/\btype\s+/g, "")}} = ${call};`]),
  ].join(" ");
}

/** A class, or an object that may be a codec, at the beginning of a line. */
const DECLARED =
  /^(?:class\s+|(?:const|var|let)\s+(?=[\w$]+\s*=\s*(?:class\b|new\b|\{|\(|Object\.)))([A-Za-z_$][\w$]*)/gm;

/**
 * The text of a script whose start serves every frame; its value is `(module, exports, require) => [functions by name, values]`.
 *
 * @param names of its top level, from constantStart
 */
export function standing(source: string, names: readonly string[]): string {
  const entries = [...ENTRIES, ...OTHER_ENTRIES].map((n) => (names.includes(n) ? `${n}` : `${n}: null`));
  return `(function (module, exports, require) {"use strict";${plain(source)}\n;return [{${entries.join(", ")}}, [${names.join(", ")}]];\n})`;
}

/** The text without what only files and modules have. */
export function plain(source: string): string {
  return withoutModuleSyntax(source.replace(/^\uFEFF/, "").replace(/^#!/, "//"));
}

/** How a script is evaluated: inside a function that runs anew for each frame, or once at the top of a context that serves one frame. */
export type Form = "function" | "global";

/** @param only the one function that is looked up; unless said every name and class
 *
 * The text to evaluate; in form "function" its value is `(module, exports, require) => [functions by name, classes]`. */
export function formed(source: string, form: Form, only?: string): string {
  const text = plain(source);
  if (form === "global") return text;
  const names = (only === undefined ? [...ENTRIES, ...OTHER_ENTRIES] : [only]).map(
    (n) => `${n}: typeof ${n} === "function" ? ${n} : null`,
  );
  const classes =
    only !== undefined
      ? []
      : [...new Set([...text.matchAll(DECLARED)].map((m) => m[1]))]
          .filter((name) => new RegExp(`\\b${escaped(name)}\\b[^]*\\bdecode`, "i").test(text))
          .slice(0, 40)
          .map((name) => `typeof ${name} === "undefined" ? null : ${name}`);
  // what a script declares may have these names itself
  return `(function (module, exports, require) {${text}\n;return [{${names.join(", ")}}, [${classes.join(", ")}]];\n})`;
}

function escaped(name: string): string {
  return name.replace(/\$/g, "\\$");
}
