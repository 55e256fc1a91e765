import type { ImportedGrid } from "./geojson.ts";
import { type FormationMember, type Grid, type GridLevel, polygonsOf } from "./grid.ts";
import type { ProblemCode, ProblemList } from "./problem.ts";

/** Coarse to fine on land. Formations and areas hang under any level but a formation; land never hangs under them. */
const DEPTH: Readonly<Record<GridLevel, number>> = {
  county: 0,
  town: 1,
  village: 2,
  grid: 3,
  micro_grid: 4,
  area: 5,
  formation: 5,
};

function mayHold(parent: GridLevel, child: GridLevel): boolean {
  if (parent === "formation") return false;
  return DEPTH[child] === 5 || DEPTH[parent] < DEPTH[child];
}

/**
 * Makes a tree of what was read: one grid an id, every parent present, no cycle, one formation a vessel. What breaks a rule is
 * cut off (a grid without its parent becomes a root), never lost, and named in `problems`.
 */
export function checkTree(
  imported: readonly ImportedGrid[],
  problems: ProblemList,
  /** level of a grid that is not imported here and may be a parent all the same */
  known: (id: string) => GridLevel | undefined = () => undefined,
): Grid[] {
  const byId = new Map<string, ImportedGrid>();
  const say = (
    { grid, file, feature }: ImportedGrid,
    field: string,
    code: ProblemCode,
    expected: string,
    severity: "error" | "warning" = "error",
  ) => problems.add({ file, feature, id: grid.id, field, code, expected, severity, ...somewhere(grid) });

  for (const item of imported) {
    const first = byId.get(item.grid.id);
    if (first === undefined) byId.set(item.grid.id, item);
    else
      say(
        item,
        "properties.id",
        "duplicate_id",
        `expected an id used once; it is also feature ${first.feature} of ${first.file}, which is kept`,
      );
  }

  const parents = new Map<string, string | null>();
  for (const item of byId.values()) {
    const { id, parent, level } = item.grid;
    const above = parent === null ? undefined : (byId.get(parent)?.grid.level ?? known(parent));
    parents.set(id, above === undefined ? null : parent);
    if (parent === null) continue;
    if (above === undefined) {
      say(item, "properties.parent", "orphan", `expected the id of an imported grid, found "${parent}"`);
    } else if (!mayHold(above, level)) {
      say(
        item,
        "properties.parent",
        "level_order",
        `expected a parent coarser than ${level}, found ${above} "${parent}"`,
        "warning",
      );
    }
  }

  cutCycles(byId, parents, say);

  const formationOf = new Map<number, { readonly id: string; readonly member: FormationMember }[]>();
  return [...byId.values()].map((item) => {
    const { grid } = item;
    const members = grid.members.filter((member) => {
      const { mmsi } = member;
      const terms = formationOf.get(mmsi) ?? [];
      const other = terms.find((term) => overlap(term.member, member));
      if (other !== undefined)
        say(
          item,
          "properties.members",
          "duplicate_member",
          `expected a vessel in one formation at a time; ${mmsi} is also in "${other.id}", where it stays`,
        );
      else formationOf.set(mmsi, [...terms, { id: grid.id, member }]);
      return other === undefined;
    });
    const parent = parents.get(grid.id) ?? null;
    // what is right already stays the same object: its hash is known
    return members.length === grid.members.length && parent === grid.parent ? grid : { ...grid, members, parent };
  });
}

/** A corner of the grid, so that a problem of the tree can be found on a map, too. */
function somewhere(grid: Grid): { readonly lon: number; readonly lat: number } | object {
  const [corner] = polygonsOf(grid)[0]?.[0] ?? [];
  return corner === undefined ? {} : { lon: corner[0], lat: corner[1] };
}

/** Two memberships that are both valid at some moment. */
export function overlap(a: FormationMember, b: FormationMember): boolean {
  return (a.from ?? -Infinity) < (b.to ?? Infinity) && (b.from ?? -Infinity) < (a.to ?? Infinity);
}

function cutCycles(
  byId: ReadonlyMap<string, ImportedGrid>,
  parents: Map<string, string | null>,
  say: (item: ImportedGrid, field: string, code: ProblemCode, expected: string) => void,
): void {
  const settled = new Set<string>();
  for (const start of byId.keys()) {
    const walk = new Set<string>();
    let id: string | null = start;
    while (id !== null && !settled.has(id)) {
      if (walk.has(id)) {
        say(
          byId.get(id)!,
          "properties.parent",
          "cycle",
          `expected a tree, found a cycle: ${[...walk, id].join(" < ")}`,
        );
        parents.set(id, null);
        break;
      }
      if (!byId.has(id)) break; // known elsewhere, where it has been looked at
      walk.add(id);
      id = parents.get(id) ?? null;
    }
    for (const each of walk) settled.add(each);
  }
}
