import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type DeviceMove, diffGrids, type GridChange, movedDevices, type Placed } from "../grids/diff.ts";
import { DATUMS, type Datum } from "../grids/datum.ts";
import { GridSet } from "../grids/grid-set.ts";
import { withDatum } from "../grids/import.ts";
import { describeProblem } from "../grids/problem.ts";
import { readGridFiles } from "../grids/read-files.ts";
import { readDatum } from "./grid.ts";

const HELP = `usage: gridhub grid diff --old FILE [--old FILE ...] [--devices FILE.csv] [--crs DATUM] [--json] FILE...

What a new version of the grids changes before it is imported: cells added, removed and changed, with their areas, and devices
that change their cell. FILE... is the new version (GeoJSON), --old the one before.

  --crs DATUM     of files that do not say: wgs84 (default), gcj02, bd09, cgcs2000
  --devices FILE  CSV with a header that names uid, lon and lat (degrees WGS84); others are ignored

Exit code: 0 nothing changes, 1 something does, 2 wrong use or a file with errors.
`;

/** `gridhub grid diff ...`. @returns the exit code */
export async function gridDiffCommand(argv: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        old: { type: "string", multiple: true, default: [] },
        devices: { type: "string" },
        crs: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
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
  if (values.old.length === 0 || positionals.length === 0) return misuse("expected --old FILE and at least one FILE");
  const crs = readDatum(values.crs);
  if (crs === null) return misuse(`expected --crs as one of ${DATUMS.join(", ")}`);
  const [before, after] = [await build(values.old, crs), await build(positionals, crs)];
  if (before === null || after === null) return 2;
  let devices: Placed[] = [];
  try {
    if (values.devices !== undefined) devices = readPlaces(readFileSync(values.devices, "utf8"));
  } catch (error) {
    return misuse(`${values.devices}: ${(error as Error).message}`);
  }
  const changes = diffGrids(before, after);
  const moves = movedDevices(before, after, devices);
  if (values.json) process.stdout.write(`${JSON.stringify({ changes, moves })}\n`);
  else report(changes, moves, devices.length);
  return changes.length + moves.length === 0 ? 0 : 1;
}

async function build(files: readonly string[], crs: Datum): Promise<GridSet | null> {
  const read = await readGridFiles(files);
  const sources = read.sources.map((source) => withDatum(source, crs));
  const built = GridSet.build(sources, 0, {}, read.memberships);
  const errors = [...read.problems, ...built.problems].filter(({ severity }) => severity === "error");
  for (const problem of errors) process.stderr.write(`${describeProblem(problem)}\n`);
  return errors.length === 0 ? built.set : null;
}

function report(changes: readonly GridChange[], moves: readonly DeviceMove[], devices: number): void {
  const area = (m2: number | null) => (m2 === null ? "-" : `${(m2 / 1e6).toFixed(4)} km²`);
  for (const { change, id, name, level, fields, areaBefore, areaAfter } of changes) {
    const what = fields.length === 0 ? "" : ` ${fields.join(", ")};`;
    process.stdout.write(
      `${change.padEnd(7)} ${id} ${name} (${level}):${what} ${area(areaBefore)} -> ${area(areaAfter)}\n`,
    );
  }
  for (const { uid, from, to, match } of moves)
    process.stdout.write(`moved   ${uid}: ${from ?? "-"} -> ${to ?? "-"} (${match})\n`);
  const count = (what: string) => changes.filter(({ change }) => change === what).length;
  process.stdout.write(
    `${count("added")} added, ${count("removed")} removed, ${count("changed")} changed; ${moves.length} of ${devices} devices move\n`,
  );
}

/** Plain cells without quotes: ids and numbers. @throws Error that names the line */
function readPlaces(text: string): Placed[] {
  const [header = "", ...lines] = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const names = header.split(",").map((name) => name.trim().toLowerCase());
  const [uid, lon, lat] = ["uid", "lon", "lat"].map((name) => names.indexOf(name));
  if (uid < 0 || lon < 0 || lat < 0) throw new Error("line 1: expected columns uid, lon and lat");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const cells = line.split(",").map((cell) => cell.trim());
    const placed = { uid: cells[uid] ?? "", lon: Number(cells[lon] || NaN), lat: Number(cells[lat] || NaN) };
    if (placed.uid === "" || !(Math.abs(placed.lon) <= 180) || !(Math.abs(placed.lat) <= 90))
      throw new Error(`line ${i + 2}: expected a uid, and lon and lat in degrees`);
    return [placed];
  });
}

function misuse(message: string): number {
  process.stderr.write(`gridhub grid diff: ${message}\n\n${HELP}`);
  return 2;
}
