import type { FastifyRequest } from "fastify";
import type { GridRefusal } from "../grid-keeper.ts";
import type { Comparison } from "../grids/compare.ts";
import type { GridSet } from "../grids/grid-set.ts";
import type { GridProblem } from "../grids/problem.ts";
import { ApiFailure } from "./failure.ts";
import type { GridDiff, GridReport } from "./grid-schema.ts";
import { changedMeanwhile, ifMatch } from "./if-match.ts";
import type { Scope } from "./scope.ts";

const MOST_CHANGES = 500;
const MOST_DEVICES = 200;
const MOST_PROBLEMS = 1000;

/** What a change of the tree means, as far as an account may see it. */
export function diffInfo({ changes, moves }: Comparison, scope: Scope, after: GridSet): GridDiff {
  const sees = (id: string) => scope.has(id) || after.path(id).some((grid) => scope.has(grid.id));
  const seen = changes.filter(({ id }) => sees(id));
  const count = (what: string) => seen.filter(({ change }) => change === what).length;
  const moved = moves.filter(({ from, to }) => scope.everything || [from, to].some((id) => id !== null && sees(id)));
  return {
    counts: { added: count("added"), removed: count("removed"), changed: count("changed") },
    changes: seen.slice(0, MOST_CHANGES).map((change) => ({ ...change, fields: [...change.fields] })),
    devices: { total: moved.length, items: moved.slice(0, MOST_DEVICES).map((move) => ({ ...move })) },
  };
}

export function reportInfo(set: GridSet, problems: readonly GridProblem[]): GridReport {
  const levels: Record<string, number> = {};
  for (const { level } of set.grids()) levels[level] = (levels[level] ?? 0) + 1;
  const errors = problems.filter(({ severity }) => severity === "error");
  const warnings = problems.filter(({ severity }) => severity === "warning");
  return {
    grids: set.size,
    levels,
    errors: errors.length,
    warnings: warnings.length,
    problems: [...errors, ...warnings].slice(0, MOST_PROBLEMS).map((problem) => ({ ...problem })),
  };
}

/**
 * An administrator changes what lies below the roots of his account. The roots themselves, their place in the tree and their
 * borders, are the business of those above.
 */
export function withinScope(scope: Scope) {
  return ({ changes }: Comparison, before: GridSet, after: GridSet): GridRefusal | null => {
    if (scope.everything) return null;
    const outside = changes.filter(({ id }) => {
      const old = before.get(id);
      if (old !== undefined && !scope.has(old.parent)) return true;
      return after.get(id) !== undefined && !after.path(id).slice(0, -1).some((grid) => scope.has(grid.id)); // prettier-ignore
    });
    if (outside.length === 0) return null;
    return { code: "outside", message: `${outside.length} of the grids that change are not below yours` };
  };
}

/** A refusal of the keeper as an answer. */
export function refused({ code, message, problems }: GridRefusal): ApiFailure {
  if (code === "conflict" || code === "changed") return changedMeanwhile(message);
  if (code === "unknown") return new ApiFailure(404, "NOT_FOUND", message);
  if (code === "outside") return new ApiFailure(403, "OUTSIDE_SCOPE", message);
  if (code === "has_children" || code === "elsewhere") return new ApiFailure(409, code.toUpperCase(), message);
  return new ApiFailure(422, "GRID_INVALID", message, { problems: problems?.slice(0, MOST_PROBLEMS).map((each) => ({ ...each })) }); // prettier-ignore
}

/** `If-Match` of the whole tree: the number of the version that was looked at. */
export function expectedVersion(request: FastifyRequest): number {
  const tag = ifMatch(request);
  if (!/^\d{1,9}$/.test(tag)) throw new ApiFailure(400, "INVALID", "If-Match: expected the number of a version");
  return Number(tag);
}
