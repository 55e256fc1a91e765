import { basename } from "node:path";
import type pg from "pg";
import { HubError } from "./errors.ts";
import { loadSet } from "./grid-keeper.ts";
import { gridHash } from "./grids/grid-hash.ts";
import type { Grid } from "./grids/grid.ts";
import { GridSet } from "./grids/grid-set.ts";
import { mergeGrids } from "./grids/merge.ts";
import { describeProblem, ProblemList } from "./grids/problem.ts";
import { readGridFiles } from "./grids/read-files.ts";
import { checkTree } from "./grids/tree.ts";
import type { Log } from "./log.ts";
import { type GridRow, lastFileHash, saveGridSet } from "./store/queries/grids.ts";

/**
 * The grids that the hub starts with: those that are in force. Configured files become a new version when their content is another
 * than at the last start; what people have changed at run time meanwhile stays, unless the files changed the same thing
 * (`grids/merge.ts`). Events keep the version that they were matched with.
 * @throws HubError GRID_INVALID naming file, feature, field and what was expected
 */
export async function importGrids(files: readonly string[], pool: pg.Pool, log: Log): Promise<GridSet> {
  const inForce = (await loadSet(pool)) ?? new GridSet([], 0);
  if (files.length === 0) return inForce;
  const { sources, memberships, problems: unreadable } = await readGridFiles(files);
  const { set, problems } = GridSet.build(sources, 0, {}, memberships);
  const all = [...unreadable, ...problems];
  const errors = all.filter((problem) => problem.severity === "error");
  if (errors.length > 0) throw new HubError("GRID_INVALID", errors.slice(0, 20).map(describeProblem).join("\n"));
  for (const problem of all.slice(0, 20)) log.warn(describeProblem(problem));

  const last = await lastFileHash(pool);
  if (last?.hash === set.hash) return inForce;
  const fromFiles = [...set.grids()];
  const note = files
    .map((file) => basename(file))
    .join(", ")
    .slice(0, 500);
  const origin = { hashOf: (grid: GridRow) => gridHash(grid as Grid), who: "hub", note };
  const untouched = last === null ? inForce.version === 0 : last.version === inForce.version;
  let grids: readonly Grid[] = fromFiles;
  if (!untouched) {
    const base = last === null ? null : await loadSet(pool, last.version);
    grids = merged(base ?? new GridSet([], 0), inForce, set, log);
  }
  const next = inForce.next(grids, 0);
  const what = untouched ? "file" : "import";
  const version = await saveGridSet(pool, {
    ...origin,
    what,
    grids,
    hash: set.hash,
    base: inForce.version,
    activate: true,
  });
  // The next start compares with what the files held, not with what became of it here.
  if (!untouched)
    await saveGridSet(pool, { ...origin, what: "file", grids: fromFiles, hash: set.hash, activate: false });
  log.info({ version, grids: grids.length }, "grids imported");
  return next.numbered(version);
}

/** What people changed since the files were read last is not lost by reading them anew. */
function merged(base: GridSet, inForce: GridSet, file: GridSet, log: Log): readonly Grid[] {
  const { grids, kept, conflicts } = mergeGrids(base, inForce, file);
  if (kept.length > 0) log.info({ kept: kept.slice(0, 20), count: kept.length }, "grids that were changed at run time stay"); // prettier-ignore
  if (conflicts.length > 0)
    log.warn({ conflicts: conflicts.slice(0, 20), count: conflicts.length, version: inForce.version }, "grids that files and people changed: the files count, the version before has the others"); // prettier-ignore
  const list = new ProblemList();
  const tree = checkTree(
    grids.map((grid, feature) => ({ grid, file: "grids", feature })),
    list,
  );
  for (const problem of list.items.slice(0, 20)) log.warn(describeProblem(problem));
  return tree;
}
