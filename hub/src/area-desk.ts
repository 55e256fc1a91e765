import type pg from "pg";
import { AreaIndex } from "./fleet/area-index.ts";
import { inForce } from "./fleet/calendar.ts";
import { type AreaBody, areaOfCell, cellOfArea, isArea, unknownGrids } from "./grids/area.ts";
import { type Grid, polygonsOf } from "./grids/grid.ts";
import { gridHash } from "./grids/grid-hash.ts";
import type { GridSet } from "./grids/grid-set.ts";
import { withGrids } from "./grids/merge.ts";
import type { GridProblem } from "./grids/problem.ts";
import { isValid } from "./grids/sea-membership.ts";
import type { GridEdit, GridEdited, GridKeeper, GridRefusal } from "./grid-keeper.ts";
import { blaming } from "./store/failure.ts";
import { type AreaDraftRow, deleteAreaDraft, findAreaDraft, listAreaDrafts, saveAreaDraft } from "./store/queries/area-drafts.ts"; // prettier-ignore

/** An area as people see it: what is in force, and what somebody prepares. */
export interface AreaState {
  readonly id: string;
  /** equal as long as neither the area nor its draft changed */
  readonly etag: string;
  readonly grid: Grid | null;
  readonly draft: AreaDraftRow | null;
}

export interface AreaChange {
  readonly who: string;
  readonly note: string;
  /** of the state that the person looked at; null = there must be none yet */
  readonly etag: string | null;
  readonly allowed: GridEdit["allowed"];
}

/** Areas at sea that people draw: kept as drafts beside the tree, brought into force as a new version of it. */
export class AreaDesk {
  readonly #pool: pg.Pool;
  readonly #keeper: GridKeeper;
  readonly #timeZone: string;
  #index: { readonly of: GridSet; readonly areas: AreaIndex } | null = null;

  /** @param timeZone IANA name, of schedules */
  constructor(pool: pg.Pool, keeper: GridKeeper, timeZone: string) {
    this.#pool = pool;
    this.#keeper = keeper;
    this.#timeZone = timeZone;
  }

  /** By id, those in force and drafts alike. */
  async list(): Promise<AreaState[]> {
    const drafts = new Map((await blaming(listAreaDrafts(this.#pool))).map((draft) => [draft.id, draft]));
    const grids = [...this.#keeper.current.grids()].filter(isArea);
    const ids = new Set([...grids.map(({ id }) => id), ...drafts.keys()]);
    return [...ids].sort().map((id) => this.#state(id, drafts.get(id) ?? null));
  }

  /** null = neither in force nor a draft */
  async get(id: string): Promise<AreaState | null> {
    const state = this.#state(id, await blaming(findAreaDraft(this.#pool, id)));
    return state.grid === null && state.draft === null ? null : state;
  }

  /** Whether the rule of an area holds at a moment. */
  holds({ sea = {} }: Grid, now: number): boolean {
    return isValid(sea.valid ?? {}, now) && inForce(sea, now, this.#timeZone);
  }

  /** The areas in force at a position, all of them. */
  at(lon: number, lat: number): string[] {
    const set = this.#keeper.current;
    if (this.#index?.of !== set) this.#index = { of: set, areas: areaIndex([...set.grids()].filter(isArea)) };
    const { areas } = this.#index;
    return areas.near(lon, lat, lon, lat).flatMap((i) => (areas.contains(i, lon, lat) ? [areas.areas[i].id] : []));
  }

  /** The cell that a body would become, or what is wrong with it. */
  check(id: string, body: AreaBody): { readonly grid: Grid } | { readonly problems: readonly GridProblem[] } {
    const set = this.#keeper.current;
    const before = set.get(id);
    const wrong = (field: string, expected: string): GridProblem => ({ file: "area", feature: null, id, field, code: "bad_field", expected, severity: "error" }); // prettier-ignore
    if (before !== undefined && !isArea(before)) return { problems: [wrong("id", `${id} is a ${before.level}, not an area at sea`)] }; // prettier-ignore
    const unknown = unknownGrids(body, set).map((grid) => wrong(grid === body.parent ? "parent" : "allow", `expected the id of a grid, found "${grid}"`)); // prettier-ignore
    if (body.validFrom !== undefined && body.validTo !== undefined && body.validFrom >= body.validTo)
      unknown.push(wrong("validTo", "expected a time after validFrom"));
    const made = cellOfArea(id, body, before);
    if (unknown.length > 0) return { problems: [...unknown, ...("problems" in made ? made.problems : [])] };
    return made;
  }

  /** Keeps it as a draft: nothing changes for vessels. */
  async draft(grid: Grid, { who, note, etag }: Omit<AreaChange, "allowed">): Promise<GridRefusal | null> {
    const state = await this.get(grid.id);
    if ((state?.etag ?? null) !== etag) return changed();
    const revision = state?.draft?.revision ?? 0;
    return (await blaming(saveAreaDraft(this.#pool, grid, { revision, who, note }))) ? null : changed();
  }

  /** Brings it into force, as a new version of the tree; a draft of it ends. */
  async publish(grid: Grid, change: AreaChange): Promise<GridEdited | GridRefusal> {
    const { id } = grid;
    return this.#edit(id, change, "area_publish", (set) => withGrids(set, [grid]));
  }

  /** Takes it out of force; a draft of it ends. */
  async remove(id: string, change: AreaChange): Promise<GridEdited | GridRefusal> {
    return this.#edit(id, change, "area_remove", (set) => {
      const below = [...set.subtree(id)].filter((each) => each !== id && set.get(each) !== undefined);
      if (below.length > 0) return { code: "has_children", message: `${below.length} grids lie below ${id}` };
      return [...set.grids()].filter((grid) => grid.id !== id);
    });
  }

  /** Gives a draft up. */
  async discard(id: string, { etag }: Pick<AreaChange, "etag">): Promise<GridRefusal | null> {
    const state = await this.get(id);
    if (state === null || state.draft === null) return { code: "unknown", message: `no draft ${id}` };
    if (state.etag !== etag) return changed();
    return (await blaming(deleteAreaDraft(this.#pool, id, state.draft.revision))) ? null : changed();
  }

  async #edit(id: string, { who, note, etag, allowed }: AreaChange, action: string, cells: GridEdit["cells"]) {
    const state = await this.get(id);
    if ((state?.etag ?? null) !== etag) return changed();
    const before = state?.grid ?? null;
    const done = await this.#keeper.edit({
      what: "area",
      who,
      note,
      action,
      target: `area:${id}`,
      draft: id,
      allowed,
      // edits wait for each other: it may be another one when it is this one's turn
      cells: (set) => (hashOf(set.get(id)) === hashOf(before) ? cells(set) : changed()),
    });
    // what is in force says the same already: the draft of it has no purpose any more
    if (!("code" in done) && done.version === null && state?.draft != null)
      await blaming(deleteAreaDraft(this.#pool, id, state.draft.revision));
    return done;
  }

  #state(id: string, draft: AreaDraftRow | null): AreaState {
    const found = this.#keeper.current.get(id);
    const grid = found !== undefined && isArea(found) ? found : null;
    return { id, grid, draft, etag: `${hashOf(grid).slice(0, 16)}-${draft?.revision ?? 0}` };
  }
}

/** What a draft says, as people edit it. */
export function bodyOfDraft({ cell }: AreaDraftRow): AreaBody {
  return areaOfCell(cell as Grid);
}

export function areaIndex(grids: readonly Grid[]): AreaIndex {
  return new AreaIndex(
    grids.map((grid) => ({ id: grid.id, name: grid.name, rule: grid.sea?.rule ?? "harbour", polygons: polygonsOf(grid), sea: grid.sea ?? {} })), // prettier-ignore
  );
}

const hashOf = (grid: Grid | null | undefined) => (grid == null ? "" : gridHash(grid));
const changed = (): GridRefusal => ({ code: "changed", message: "somebody changed it meanwhile" });
