import { checkShapes } from "./check.ts";
import type { Datum } from "./datum.ts";
import type { GridSource } from "./geojson.ts";
import type { Grid } from "./grid.ts";
import { GridSet } from "./grid-set.ts";
import { withGrids } from "./merge.ts";
import type { GridProblem } from "./problem.ts";
import type { MembershipFile } from "./read-files.ts";

export interface ImportOptions {
  /** of coordinates whose file and feature say nothing else */
  readonly crs?: Datum;
  /** a tree that the cells are put into, by id; absent = they are the tree */
  readonly under?: GridSet;
  /** take shapes that overlap or cross themselves all the same */
  readonly acceptShapes?: boolean;
  readonly toleranceM?: number;
  readonly memberships?: readonly MembershipFile[];
}

export interface ImportRead {
  readonly set: GridSet;
  /** of the fields, the tree and the shapes */
  readonly problems: readonly GridProblem[];
  /** those that keep it from being imported */
  readonly stops: readonly GridProblem[];
}

/** Reads what somebody wants to import and looks at it with the eyes of `gridhub grid check`. */
export function readImport(sources: readonly GridSource[], options: ImportOptions): ImportRead {
  const { crs, under, toleranceM, acceptShapes = false, memberships = [] } = options;
  const sent = crs === undefined ? sources : sources.map((source) => withDatum(source, crs));
  // parents that are not sent are those in force
  const above = under === undefined ? undefined : (id: string) => under.get(id)?.level;
  const built = GridSet.build(sent, 0, { above }, memberships);
  const set = under === undefined ? built.set : under.next(withGrids(under, [...built.set.grids()]), 0);
  // of a tree that only gets some cells, what was wrong before is none of this import
  const only = under === undefined ? undefined : (grid: Grid) => built.set.get(grid.id) !== undefined;
  const known = new Set(
    under === undefined ? [] : checkShapes(under, { toleranceM, only: beside(built.set) }).map(textOf),
  );
  const shapes = checkShapes(set, { toleranceM, only }).filter((problem) => !known.has(textOf(problem)));
  const problems = [...built.problems, ...shapes];
  const stops = (acceptShapes ? built.problems : problems).filter(({ severity }) => severity === "error");
  return { set, problems, stops };
}

/** The cells that are there already of the families that get others. */
function beside(sent: GridSet): (grid: Grid) => boolean {
  const parents = new Set([...sent.grids()].map(({ parent }) => parent));
  return ({ parent }) => parents.has(parent);
}

/** What a file says of itself wins. */
export function withDatum({ file, data }: GridSource, crs: Datum): GridSource {
  const open = typeof data === "object" && data !== null && !("datum" in data) && !("crs" in data);
  return open ? { file, data: { ...data, datum: crs } } : { file, data };
}

const textOf = ({ code, id, expected }: GridProblem) => `${code} ${id} ${expected}`;
