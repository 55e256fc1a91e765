import { parseArgs } from "node:util";
import { checkShapes } from "../grids/check.ts";
import { DATUMS, type Datum, toWgs84 } from "../grids/datum.ts";
import { GridSet } from "../grids/grid-set.ts";
import { withDatum } from "../grids/import.ts";
import { describeProblem, type GridProblem } from "../grids/problem.ts";
import { type MembershipFile, readGridFiles } from "../grids/read-files.ts";

const HELP = `gridhub grid: looks at grid files (GeoJSON) and brings them into a hub

  gridhub grid check FILE...                 fields, tree, duplicates, self-intersections, overlaps, gaps
  gridhub grid members FILE.csv [FILE...]    memberships (mmsi,formation,from,to,name,role,gear), with grids as well: joined
  gridhub grid locate FILE... --at LON,LAT   the grid that a position belongs to
  gridhub grid diff --old FILE FILE...       what a new version changes (diff --help)
  gridhub grid import FILE...                into a hub that runs, or into its database (import --help)

  --crs DATUM     of files that do not say: wgs84 (default), gcj02, bd09, cgcs2000; for locate also of --at
  --json          one JSON object instead of text
  --tolerance M   check: metres that neighbours may overlap (2); locate: metres for the nearest grid (200)
  --help

Exit code: 0 no errors, 1 errors found (check) or no grid there (locate), 2 wrong use.
`;

/** `gridhub grid ...`. @returns the exit code */
export async function gridCommand(argv: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        at: { type: "string" },
        tolerance: { type: "string" },
        crs: { type: "string" },
      },
    });
  } catch (error) {
    return misuse((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [verb, ...files] = positionals;
  if (verb !== "check" && verb !== "locate" && verb !== "members")
    return misuse("expected `check`, `members` or `locate`");
  if (files.length === 0) return misuse("expected at least one FILE");
  const tolerance = values.tolerance === undefined ? undefined : Number(values.tolerance);
  if (tolerance !== undefined && !(tolerance >= 0)) return misuse("expected --tolerance in metres");

  const crs = readDatum(values.crs);
  if (crs === null) return misuse(`expected --crs as one of ${DATUMS.join(", ")}`);
  const read = await readGridFiles(files);
  const sources = read.sources.map((source) => withDatum(source, crs));
  const options = verb === "locate" && tolerance !== undefined ? { nearestToleranceM: tolerance } : {};
  // memberships alone are checked for themselves: their formations are known to the hub
  const built = GridSet.build(sources, 0, options, sources.length === 0 ? [] : read.memberships);
  const problems = [...read.problems, ...built.problems];
  if (verb === "members") return reportMembers(read.memberships, built.set, problems, values.json);
  if (verb === "check") {
    const shapes = checkShapes(built.set, tolerance === undefined ? {} : { toleranceM: tolerance });
    return reportCheck(built.set, [...problems, ...shapes], values.json);
  }
  return reportLocate(built.set, problems, { at: values.at, crs }, values.json);
}

function reportCheck(set: GridSet, problems: readonly GridProblem[], json: boolean): number {
  const errors = problems.filter((p) => p.severity === "error").length;
  const levels: Record<string, number> = {};
  for (const { level } of set.grids()) levels[level] = (levels[level] ?? 0) + 1;
  if (json) {
    process.stdout.write(`${JSON.stringify({ grids: set.size, levels, errors, hash: set.hash, problems })}\n`);
  } else {
    for (const problem of problems) process.stdout.write(`${describeProblem(problem)}\n`);
    const counts = Object.entries(levels).map(([level, n]) => `${n} ${level}`);
    process.stdout.write(
      `${set.size} grids (${counts.join(", ")}); ${errors} errors, ${problems.length - errors} warnings\n`,
    );
  }
  return errors === 0 ? 0 : 1;
}

function reportMembers(
  files: readonly MembershipFile[],
  set: GridSet,
  problems: readonly GridProblem[],
  json: boolean,
): number {
  if (files.length === 0) return misuse("expected a FILE.csv");
  const lines = files.flatMap((file) => file.lines);
  const vessels = new Set(lines.map(({ member }) => member.mmsi)).size;
  const formations = new Set(lines.map(({ formation }) => formation)).size;
  const dated = lines.filter(({ member }) => member.from !== undefined || member.to !== undefined).length;
  const errors = problems.filter((p) => p.severity === "error").length;
  const counts = { lines: lines.length, vessels, formations, dated, errors };
  if (json) process.stdout.write(`${JSON.stringify({ ...counts, grids: set.size, problems })}\n`);
  else {
    for (const problem of problems) process.stdout.write(`${describeProblem(problem)}\n`);
    process.stdout.write(
      `${lines.length} memberships of ${vessels} vessels in ${formations} formations (${dated} with dates); ${errors} errors\n`,
    );
  }
  return errors === 0 ? 0 : 1;
}

function reportLocate(
  set: GridSet,
  problems: readonly GridProblem[],
  { at = "", crs }: { readonly at: string | undefined; readonly crs: Datum },
  json: boolean,
): number {
  const [x, y, more] = at.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (y === undefined || more !== undefined || !(Math.abs(x) <= 180) || !(Math.abs(y) <= 90))
    return misuse("expected --at LON,LAT in degrees, e.g. --at 122.4673,30.7141");
  const [lon, lat] = toWgs84(crs, x, y);
  for (const p of problems) if (p.severity === "error") process.stderr.write(`${describeProblem(p)}\n`);
  const { gridId, match } = set.locate(lon, lat);
  const path = gridId === null ? [] : set.path(gridId);
  const area = set.locateArea(lon, lat).gridId;
  if (json) {
    const names = path.map(({ id, name, level, category }) => ({ id, name, level, category }));
    process.stdout.write(`${JSON.stringify({ lon, lat, gridId, match, path: names, area })}\n`);
  } else {
    const names = path.map((g) => `${g.name} (${g.level})`).join(" > ");
    process.stdout.write(gridId === null ? `${match}\n` : `${gridId} ${match}: ${names}\n`);
    if (area !== null && area !== gridId) process.stdout.write(`area ${area}: ${set.get(area)?.name ?? ""}\n`);
  }
  return gridId === null ? 1 : 0;
}

/** @returns null for a word that is none */
export function readDatum(word = "wgs84"): Datum | null {
  return DATUMS.find((datum) => datum === word.toLowerCase()) ?? null;
}

function misuse(message: string): number {
  process.stderr.write(`gridhub grid: ${message}\n\n${HELP}`);
  return 2;
}
