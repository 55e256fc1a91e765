import type { FormationMember, Grid } from "./grid.ts";
import type { MembershipLine } from "./members-csv.ts";
import { overlap } from "./tree.ts";

export interface MemberProblem {
  readonly code: "elsewhere" | "unknown";
  readonly message: string;
}

/**
 * Puts a vessel into a formation.
 * @param move ends its terms elsewhere where the new one begins, rather than refuse it for them
 * @param now ms UTC; a term without a beginning that must not reach back begins here
 */
export function addMember(
  grids: Iterable<Grid>,
  formation: string,
  member: FormationMember,
  { move, now }: { readonly move: boolean; readonly now: number },
): Grid[] | MemberProblem {
  const all = [...grids];
  if (!all.some(({ id, level }) => id === formation && level === "formation"))
    return { code: "unknown", message: `no formation ${formation}` };
  const clashes = (other: FormationMember) => other.mmsi === member.mmsi && overlap(other, member);
  const before = all.filter(({ members }) => members.some(clashes));
  const begins = member.from ?? now;
  if (before.length > 0 && !move)
    return { code: "elsewhere", message: `${member.mmsi} is in ${before[0].id} at that time` };
  const joined = before.length > 0 && member.from === undefined ? { ...member, from: begins } : member;
  return all.map((grid) => {
    const others = before.includes(grid)
      ? grid.members.flatMap((m) => (clashes(m) ? cut(m, joined) : [m]))
      : grid.members;
    const members = grid.id === formation ? [...others, joined] : others;
    return members === grid.members ? grid : { ...grid, members };
  });
}

/**
 * Takes a vessel out of a formation.
 * @param from names one of several terms by its beginning; null = the one without, undefined = all
 * @param at the term ends then, and what was stays known; undefined = the term is taken back as if it had never been
 */
export function removeMember(
  grids: Iterable<Grid>,
  formation: string,
  mmsi: number,
  { from, at }: { readonly from?: number | null; readonly at?: number },
): Grid[] | MemberProblem {
  let found = false;
  const after = [...grids].map((grid) => {
    if (grid.id !== formation) return grid;
    const members = grid.members.flatMap((m) => {
      if (m.mmsi !== mmsi || (from !== undefined && (m.from ?? null) !== from)) return [m];
      if (at !== undefined && (m.to ?? Infinity) <= at) return [m]; // over already
      found = true;
      return at === undefined || (m.from ?? -Infinity) >= at ? [] : [{ ...m, to: at }];
    });
    return found ? { ...grid, members } : grid;
  });
  return found ? after : { code: "unknown", message: `${mmsi} is not in ${formation}` };
}

/** What a table says of these formations is all that is true of them; vessels that it names leave other formations, too. */
export function replaceMembers(
  grids: Iterable<Grid>,
  formations: ReadonlySet<string>,
  lines: readonly MembershipLine[],
): Grid[] {
  const named = new Set(lines.map(({ member }) => member.mmsi));
  const byFormation = Map.groupBy(lines, ({ formation }) => formation);
  return [...grids].map((grid) => {
    if (grid.level !== "formation") return grid;
    const kept = formations.has(grid.id) ? [] : grid.members.filter(({ mmsi }) => !named.has(mmsi));
    return { ...grid, members: [...kept, ...(byFormation.get(grid.id) ?? []).map(({ member }) => member)] };
  });
}

/** What is left of a term beside a new one; the new one takes the middle. */
function cut(term: FormationMember, by: FormationMember): FormationMember[] {
  const left: FormationMember[] = [];
  if ((by.from ?? -Infinity) > (term.from ?? -Infinity)) left.push({ ...term, to: by.from });
  if ((by.to ?? Infinity) < (term.to ?? Infinity)) left.push({ ...term, from: by.to });
  return left;
}
