import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { MAX_SOURCE } from "../script/sandbox.ts";
import { withoutModuleSyntax } from "../script/source-form.ts";

const REQUIRED =
  /\brequire\s*\(\s*(['"])(\.{1,2}\/[^'"\n]+)\1\s*\)|^[ \t]*(?:import|export)\b[^'"\n;]*(['"])(\.{1,2}\/[^'"\n]+)\3/gm;
const MOST = 20;

/**
 * A script with the files beside it that it requires, as one text: a profile has one script. A helper is `require.define(name, ..)`, which
 * the sandbox knows. What is not there is named; the script may do without it.
 */
export function bundle(file: string): { script: string; notes: string[] } {
  const notes: string[] = [];
  const parts = new Map<string, string>();
  const visit = (path: string, content: string): void => {
    for (const match of content.matchAll(REQUIRED)) {
      const name = match[2] ?? match[4];
      const found = resolve(dirname(path), name);
      if (found === null) {
        notes.push(`${name}, which the script requires, is not beside it`);
        continue;
      }
      const key = name.replace(/^(\.{1,2}\/)+/, "").replace(/\.(c|m)?js(on)?$/, "");
      if (parts.has(key) || parts.size >= MOST || relative(dirname(file), found).startsWith("../../..")) continue;
      const inner = readFileSync(found, "utf8").replace(/^\uFEFF/, "");
      parts.set(key, found.endsWith(".json") ? `module.exports = ${inner};` : withoutModuleSyntax(inner));
      visit(found, inner);
    }
  };
  const script = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  visit(file, script);
  if (script.length > MAX_SOURCE)
    notes.push(`the script has ${script.length} characters; a profile takes ${MAX_SOURCE}`);
  if (parts.size === 0) return { script, notes };
  const defined = [...parts].map(
    ([name, content]) =>
      `require.define(${JSON.stringify(name)}, function (module, exports, require) {${content}\n});\n`,
  );
  return { script: `${defined.join("")}${script}`, notes };
}

function resolve(folder: string, name: string): string | null {
  for (const end of ["", ".js", ".cjs", ".mjs", ".json", "/index.js"]) {
    const path = join(folder, name + end);
    if (existsSync(path) && statSync(path).isFile()) return path;
  }
  return null;
}
