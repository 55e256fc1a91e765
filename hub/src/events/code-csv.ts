import type { Severity } from "../finding.ts";
import type { CodeRow } from "./code-book.ts";
import type { KindGroup } from "./kinds.ts";

export interface CodeProblem {
  /** of the file, from 1 */
  readonly line: number;
  readonly column: string;
  readonly code: CodeProblemCode;
  readonly message: string;
}

/** What may be wrong with a table; stable, for screens that speak other languages. */
export const CODE_PROBLEMS = [
  "no_header",
  "column_missing",
  "column_unknown",
  "too_many_rows",
  "cells",
  "repeated",
  "too_long",
  "kind",
  "empty",
  "group",
  "severity",
  "auto_hand_off",
  "provisional",
  "towns",
  "quote",
] as const;
export type CodeProblemCode = (typeof CODE_PROBLEMS)[number];

export const CODE_COLUMNS = [
  "kind",
  "class",
  "code",
  "code_name",
  "title_zh",
  "title_en",
  "group",
  "severity",
  "auto_hand_off",
  "provisional",
  "towns",
] as const;
type Column = (typeof CODE_COLUMNS)[number];

const GROUPS: readonly KindGroup[] = ["hydrant", "flood", "fire", "facility", "device", "vision", "vessel", "system"];
const MAX_ROWS = 5000;
const MAX_TEXT = 200;
const KIND = /^[a-z0-9_]+(\.[a-z0-9_]+)*$/;

/** RFC 4180 with a header, any order of columns; `towns` are ids with `;` between, empty = everywhere, `-` = nowhere. */
export function formatCodes(rows: readonly CodeRow[]): string {
  const lines = rows.map((row) => {
    const cells: Record<Column, string> = {
      kind: row.kind,
      class: row.class,
      code: row.code,
      code_name: row.codeName,
      title_zh: row.titleZh,
      title_en: row.titleEn,
      group: row.group,
      severity: row.severity === null ? "" : String(row.severity),
      auto_hand_off: String(row.autoHandOff),
      provisional: String(row.provisional),
      towns: row.towns === null ? "" : row.towns.length === 0 ? "-" : row.towns.join(";"),
    };
    return CODE_COLUMNS.map((column) => quote(cells[column])).join(",");
  });
  return `${[CODE_COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

/** Never throws; rows without a fault are returned beside what is wrong with the others. */
export function parseCodes(text: string): { rows: CodeRow[]; problems: CodeProblem[] } {
  const problems: CodeProblem[] = [];
  const records = readRecords(text.replace(/^\uFEFF/, ""), problems);
  const header = records.shift();
  if (header === undefined)
    return { rows: [], problems: [{ line: 1, column: "", code: "no_header", message: "expected a header" }] };
  const at = new Map(header.cells.map((name, i) => [name.trim().toLowerCase(), i]));
  for (const name of CODE_COLUMNS)
    if (!at.has(name))
      problems.push({ line: header.line, column: name, code: "column_missing", message: "column is missing" });
  for (const name of at.keys())
    if (!(CODE_COLUMNS as readonly string[]).includes(name))
      problems.push({ line: header.line, column: name, code: "column_unknown", message: "column is not known" });
  if (problems.length > 0) return { rows: [], problems };

  const rows: CodeRow[] = [];
  const lines = new Map<string, number>();
  for (const { line, cells } of records) {
    if (rows.length >= MAX_ROWS) {
      problems.push({ line, column: "", code: "too_many_rows", message: `more than ${MAX_ROWS} rows` });
      break;
    }
    if (cells.length !== header.cells.length) {
      problems.push({
        line,
        column: "",
        code: "cells",
        message: `expected ${header.cells.length} cells, found ${cells.length}`,
      });
      continue;
    }
    const row = readRow((name) => (cells[at.get(name) ?? -1] ?? "").trim(), line, problems);
    if (row === null) continue;
    const before = lines.get(row.kind);
    if (before !== undefined)
      problems.push({ line, column: "kind", code: "repeated", message: `${row.kind} is on line ${before} already` });
    else {
      lines.set(row.kind, line);
      rows.push(row);
    }
  }
  return { rows, problems };
}

function readRow(cell: (name: Column) => string, line: number, problems: CodeProblem[]): CodeRow | null {
  const before = problems.length;
  const wrong = (column: Column, code: CodeProblemCode, message: string) =>
    void problems.push({ line, column, code, message });
  for (const name of CODE_COLUMNS)
    if (cell(name).length > MAX_TEXT && name !== "towns") wrong(name, "too_long", `longer than ${MAX_TEXT} characters`);
  if (!KIND.test(cell("kind"))) wrong("kind", "kind", `"${cell("kind")}" is no kind, e.g. flood.warning`);
  for (const name of ["code_name", "title_zh", "title_en"] as const)
    if (cell(name) === "") wrong(name, "empty", "is empty");
  const group = GROUPS.find((each) => each === cell("group"));
  if (group === undefined) wrong("group", "group", `"${cell("group")}": one of ${GROUPS.join(", ")}`);
  if (!/^[1-4]?$/.test(cell("severity"))) wrong("severity", "severity", `"${cell("severity")}": 1 to 4, or empty`);
  if (!/^[0-4]$/.test(cell("auto_hand_off")))
    wrong("auto_hand_off", "auto_hand_off", `"${cell("auto_hand_off")}": 0 to 4`);
  if (!/^(true|false)$/.test(cell("provisional")))
    wrong("provisional", "provisional", `"${cell("provisional")}": true or false`);
  const towns =
    cell("towns") === ""
      ? null
      : cell("towns") === "-"
        ? []
        : cell("towns")
            .split(";")
            .map((t) => t.trim());
  if (towns?.some((id) => id === "" || id === "-" || id.length > 64) === true)
    wrong("towns", "towns", "ids of towns with ; between, empty = everywhere, - = nowhere");
  if (problems.length > before || group === undefined) return null;
  return {
    kind: cell("kind"),
    class: cell("class"),
    code: cell("code"),
    codeName: cell("code_name"),
    titleZh: cell("title_zh"),
    titleEn: cell("title_en"),
    group,
    severity: cell("severity") === "" ? null : (Number(cell("severity")) as Severity),
    autoHandOff: Number(cell("auto_hand_off")) as Severity | 0,
    provisional: cell("provisional") === "true",
    towns,
  };
}

interface CsvRecord {
  readonly line: number;
  readonly cells: string[];
}

function readRecords(text: string, problems: CodeProblem[]): CsvRecord[] {
  const records: CsvRecord[] = [];
  let line = 1;
  let i = 0;
  while (i < text.length) {
    const record: CsvRecord = { line, cells: [] };
    for (;;) {
      let cell = "";
      if (text[i] === '"') {
        for (i++; ; i++) {
          if (i >= text.length) {
            problems.push({ line: record.line, column: "", code: "quote", message: "a quote is not closed" });
            break;
          }
          if (text[i] === '"' && text[i + 1] !== '"') break;
          if (text[i] === '"') i++;
          if (text[i] === "\n") line++;
          cell += text[i];
        }
        i++;
      } else while (i < text.length && !",\r\n".includes(text[i])) cell += text[i++];
      record.cells.push(cell);
      if (text[i] === ",") i++;
      else break;
    }
    while (i < text.length && text[i] !== "\n") i++; // \r, and what stands behind a closing quote
    i++;
    line++;
    if (record.cells.length > 1 || record.cells[0] !== "") records.push(record);
  }
  return records;
}

/** Also keeps spreadsheets from running a cell as a formula. */
function quote(cell: string): string {
  const safe = /^[=+@]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
