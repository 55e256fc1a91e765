import { type Document, isMap, isPair, isScalar, isSeq, type LineCounter, type Node } from "yaml";

/** Steps from the root of a profile to a value: keys and positions. */
export type Path = readonly (string | number)[];

/** What is wrong with a profile and where, in words that its author can act on. */
export interface Problem {
  readonly file: string;
  /** 1-based; 1:1 when the whole file is meant */
  readonly line: number;
  readonly column: number;
  /** `alarms.low_pressure.when`, "" for the whole file */
  readonly path: string;
  readonly message: string;
  /** an error keeps the profile from loading */
  readonly level: "error" | "warning";
}

/** How the steps of compilation report; collecting goes on, so that one run shows every problem. */
export type Report = (path: Path, message: string, level?: "error" | "warning") => void;

export function formatProblem(p: Problem): string {
  const field = p.path === "" ? "" : ` ${p.path}:`;
  return `${p.file}:${p.line}:${p.column}: ${p.level}:${field} ${p.message}`;
}

export function formatPath(path: Path): string {
  return path.map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)).join("");
}

/**
 * Where a path stands in the text: the key of a mapping entry, the item of a list; the deepest step that exists if the rest
 * is missing. `{line, column}` are 1-based.
 */
export function locate(doc: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  let node: unknown = doc.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && sameKey(item.key.value, step));
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else break;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}

/** 0x01 in the file is the key "1" of the parsed object. */
function sameKey(key: unknown, step: string | number): boolean {
  return String(key) === String(step);
}
