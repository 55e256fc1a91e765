import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { DEFAULT_LIMITS, type GridLimits, type GridSource } from "./geojson.ts";
import { type MembershipLine, readMemberships, tableText } from "./members-csv.ts";
import type { GridProblem } from "./problem.ts";

/** Memberships of one CSV file. */
export interface MembershipFile {
  readonly file: string;
  readonly lines: readonly MembershipLine[];
}

/**
 * Reads GeoJSON files, and memberships where the name ends in .csv. A file that cannot be read or parsed is a problem, not an
 * exception.
 */
export async function readGridFiles(
  paths: readonly string[],
  limits: GridLimits = DEFAULT_LIMITS,
): Promise<{
  readonly sources: GridSource[];
  readonly memberships: MembershipFile[];
  readonly problems: GridProblem[];
}> {
  const sources: GridSource[] = [];
  const memberships: MembershipFile[] = [];
  const problems: GridProblem[] = [];
  for (const path of paths) {
    const file = basename(path);
    const refuse = (code: "unreadable" | "limit", expected: string) =>
      problems.push({ file, feature: null, id: null, field: "", code, expected, severity: "error" });
    try {
      const { size } = await stat(path);
      if (size > limits.bytes) {
        refuse("limit", `expected at most ${limits.bytes} bytes, found ${size}`);
        continue;
      }
      if (/\.csv$/i.test(file)) {
        const read = readMemberships(tableText(await readFile(path)), file);
        problems.push(...read.problems);
        memberships.push({ file, lines: read.lines });
        continue;
      }
      // Chinese desktop tools like to put a byte order mark in front.
      const text = (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
      sources.push({ file, data: JSON.parse(text) as unknown });
    } catch (error) {
      refuse("unreadable", `expected a readable GeoJSON file: ${(error as Error).message}`);
    }
  }
  return { sources, memberships, problems };
}
