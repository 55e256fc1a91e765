import type pg from "pg";
import { HubError } from "./errors.ts";
import type { Grid } from "./grids/grid.ts";
import { GridSet } from "./grids/grid-set.ts";
import { describeProblem } from "./grids/problem.ts";
import { readGridFiles } from "./grids/read-files.ts";
import type { Log } from "./log.ts";
import { loadGridSet, saveGridSet } from "./store/queries/grids.ts";

/**
 * The grids that the hub works with. Files that are configured become a new version when their content changed; without files
 * the newest stored version stays in force. Events keep the version that they were matched with.
 * @throws HubError GRID_INVALID naming file, feature, field and what was expected
 */
export async function importGrids(files: readonly string[], pool: pg.Pool, log: Log): Promise<GridSet> {
  const stored = await loadGridSet(pool);
  // The rows were checked when they were imported.
  const inForce = stored === null ? new GridSet([], 0) : new GridSet(stored.grids as readonly Grid[], stored.version);
  if (files.length === 0) return inForce;
  const { sources, memberships, problems: unreadable } = await readGridFiles(files);
  const { set, problems } = GridSet.build(sources, inForce.version + 1, {}, memberships);
  const all = [...unreadable, ...problems];
  const errors = all.filter((problem) => problem.severity === "error");
  if (errors.length > 0) throw new HubError("GRID_INVALID", errors.slice(0, 20).map(describeProblem).join("\n"));
  for (const problem of all.slice(0, 20)) log.warn(describeProblem(problem));
  if (stored?.hash === set.hash) return inForce;
  const version = await saveGridSet(pool, set);
  const grids = [...set.grids()];
  log.info({ version, grids: grids.length }, "grids imported");
  return version === set.version ? set : new GridSet(grids, version);
}
