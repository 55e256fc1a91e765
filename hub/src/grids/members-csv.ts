import { instant, memberOf } from "./geojson.ts";
import type { FormationMember, Grid } from "./grid.ts";
import type { GridProblem } from "./problem.ts";
import { overlap } from "./tree.ts";

/** A line of a membership file. */
export interface MembershipLine {
  readonly line: number;
  readonly formation: string;
  readonly member: FormationMember;
}

/** Columns by the names that a registry gives them; `mmsi` and `formation` are required. */
const COLUMNS: Readonly<Record<string, string>> = {
  mmsi: "mmsi", 识别码: "mmsi", 船舶识别码: "mmsi", formation: "formation", 编组: "formation", from: "from", 起始: "from", to: "to", 截止: "to",
  name: "name", 船名: "name", role: "role", 职务: "role", gear: "gear", 渔具: "gear", 作业方式: "gear",
}; // prettier-ignore
const MAX_LINES = 200_000;
const MAX_PROBLEMS = 1000;

/** Text of a table from a registry: UTF-8, or GB18030 as Chinese desktop tools write it. */
export function tableText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/**
 * Reads memberships: `mmsi,formation,from,to,name,role,gear`, a header first; comma, semicolon or tab. Lines with a fault are
 * left out and named by their number. Two terms of one vessel must not overlap.
 * @param text with or without byte order mark
 */
export function readMemberships(
  text: string,
  file: string,
): { readonly lines: MembershipLine[]; readonly problems: GridProblem[] } {
  const problems: GridProblem[] = [];
  const lines: MembershipLine[] = [];
  const wrong = (line: number, field: string, expected: string, code: GridProblem["code"] = "bad_field") => {
    if (problems.length < MAX_PROBLEMS)
      problems.push({ file, feature: null, id: null, field: `line ${line} ${field}`.trim(), code, expected, severity: "error", line }); // prettier-ignore
  };
  const rows = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  const separator = [",", ";", "\t"].reduce((a, b) => (rows[0].split(b).length > rows[0].split(a).length ? b : a));
  const header = cells(rows[0], separator).map((name) => COLUMNS[name.trim().toLowerCase()] ?? "");
  for (const name of ["mmsi", "formation"])
    if (!header.includes(name)) wrong(1, name, `expected a column "${name}", found ${rows[0].slice(0, 80)}`);
  if (problems.length > 0) return { lines, problems };
  const terms = new Map<number, MembershipLine[]>();
  for (const [i, row] of rows.entries()) {
    const line = i + 1;
    if (i === 0 || row.trim() === "") continue;
    if (lines.length >= MAX_LINES) {
      wrong(line, "", `expected at most ${MAX_LINES} lines; the rest is left out`, "limit");
      break;
    }
    const of: Record<string, string> = {};
    for (const [c, cell] of cells(row, separator).entries()) if (header[c]) of[header[c]] = cell.trim();
    const read = lineOf(of, line, wrong);
    if (read === null) continue;
    const before = terms.get(read.member.mmsi) ?? [];
    const other = before.find(({ member }) => overlap(member, read.member));
    if (other !== undefined) {
      wrong(line, "from", `expected terms that do not overlap; line ${other.line} has ${read.member.mmsi} in "${other.formation}" at the same time`, "duplicate_member"); // prettier-ignore
      continue;
    }
    terms.set(read.member.mmsi, [...before, read]);
    lines.push(read);
  }
  return { lines, problems };
}

/**
 * Puts memberships into grids: what a file says of a vessel replaces all that the features say of it. Unknown formations are
 * problems with their line.
 */
export function withMemberships(
  grids: readonly Grid[],
  lines: readonly MembershipLine[],
  file: string,
): { readonly grids: Grid[]; readonly problems: GridProblem[] } {
  const formations = new Set(grids.filter((g) => g.level === "formation").map((g) => g.id));
  const problems = lines
    .filter(({ formation }) => !formations.has(formation))
    .slice(0, MAX_PROBLEMS)
    .map(({ line, formation }): GridProblem => ({
      file,
      feature: null,
      id: formation,
      field: `line ${line} formation`,
      code: "orphan",
      expected: `expected the id of a formation, found "${formation}"`,
      severity: "error",
      line,
    }));
  const named = new Set(lines.map(({ member }) => member.mmsi));
  const added = Map.groupBy(lines, ({ formation }) => formation);
  const joined = grids.map((grid) => {
    if (grid.level !== "formation") return grid;
    const kept = grid.members.filter(({ mmsi }) => !named.has(mmsi));
    const more = (added.get(grid.id) ?? []).map(({ member }) => member);
    return kept.length === grid.members.length && more.length === 0 ? grid : { ...grid, members: [...kept, ...more] };
  });
  return { grids: joined, problems };
}

function lineOf(
  of: Readonly<Record<string, string>>,
  line: number,
  wrong: (line: number, field: string, expected: string) => void,
): MembershipLine | null {
  const { mmsi = "", formation = "", name = "", role = "", gear = "" } = of;
  const [from, to] = [instant(of.from), instant(of.to)];
  if (!/^[1-9]\d{0,8}$/.test(mmsi))
    wrong(line, "mmsi", `expected a number of up to nine digits, found "${mmsi.slice(0, 40)}"`); // prettier-ignore
  else if (formation === "") wrong(line, "formation", "expected the id of a formation, found nothing");
  else if (from === null)
    wrong(line, "from", `expected an ISO date or time with its zone, found "${of.from.slice(0, 40)}"`); // prettier-ignore
  else if (to === null) wrong(line, "to", `expected an ISO date or time with its zone, found "${of.to.slice(0, 40)}"`);
  else if (from !== undefined && to !== undefined && from >= to)
    wrong(line, "to", `expected a time after from, found "${of.to}"`); // prettier-ignore
  else if (name.length > 200 || role.length > 64 || gear.length > 64)
    wrong(line, "name", "expected texts of at most 200, 64 and 64 characters"); // prettier-ignore
  else return { line, formation, member: memberOf({ mmsi: Number(mmsi), name, role }, gear, from, to) };
  return null;
}

/** Cells of one line (RFC 4180; no line breaks within quotes). */
function cells(row: string, separator: string): string[] {
  const out: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < row.length; i++) {
    const c = row[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (row[i + 1] === '"') cell += row[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === separator) {
      out.push(cell);
      cell = "";
    } else cell += c;
  }
  return [...out, cell];
}
