/** What a spreadsheet takes as UTF-8. */
const BOM = "\uFEFF";

export type Cell = string | number | null;

/**
 * RFC 4180 with a byte order mark, so that Excel reads Chinese. Text that a spreadsheet would run as a formula gets an apostrophe:
 * names come from devices and people.
 */
export function csv(head: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [head.map(cell).join(",")];
  for (const row of rows) lines.push(row.map(cell).join(","));
  return `${BOM}${lines.join("\r\n")}\r\n`;
}

function cell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
