import type pg from "pg";
import { compareSets, type Comparison } from "./grids/compare.ts";
import type { Grid } from "./grids/grid.ts";
import { gridHash } from "./grids/grid-hash.ts";
import { GridSet } from "./grids/grid-set.ts";
import { type GridProblem, ProblemList } from "./grids/problem.ts";
import { checkTree } from "./grids/tree.ts";
import type { Device } from "./device.ts";
import type { Log } from "./log.ts";
import { blaming } from "./store/failure.ts";
import { activateGridSet, GridConflict, type GridOrigin, type GridVersionRow, listGridVersions, loadGridSet, saveGridSet } from "./store/queries/grids.ts"; // prettier-ignore

/** Where a device belongs: the grid that it is bound to, else by its position. Implemented by the registry. */
type GridOfDevice = (device: Device, set: GridSet) => string | null;

export interface GridKeeperOptions {
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly devices: () => Iterable<Device>;
  readonly gridOf: GridOfDevice;
  /** runs a change between two batches of the pipeline */
  readonly submit: <T>(change: (now: number) => T) => Promise<T>;
  /** every room takes the new set; called between two batches */
  readonly swap: (set: GridSet, before: GridSet, now: number) => void;
}

/** A change of the tree by a person. */
export interface GridEdit {
  readonly what: GridOrigin;
  readonly who: string;
  readonly note: string;
  /** of the audit; `detail` gets the version and the counts as well */
  readonly action: string;
  readonly target: string;
  readonly detail?: object;
  /** the version that the person looked at; absent = whatever is in force */
  readonly expected?: number;
  /** compare only; nothing is written */
  readonly dryRun?: boolean;
  /** store it without bringing it into force */
  readonly inForce?: boolean;
  /** draft of an area that ends with this version */
  readonly draft?: string;
  /** the cells of the new version, or what is wrong with the wish */
  readonly cells: (set: GridSet) => readonly Grid[] | GridRefusal;
  /** may this person change that? */
  readonly allowed?: (comparison: Comparison, before: GridSet, after: GridSet) => GridRefusal | null;
}

export interface GridRefusal {
  /** conflict: another version is in force; unknown: no such version; problems: see there; others are of the caller */
  readonly code: string;
  readonly message: string;
  readonly problems?: readonly GridProblem[];
}

export interface GridEdited {
  /** null = dry run, or nothing changes */
  readonly version: number | null;
  /** what was compared; in force only where there is a version that is */
  readonly set: GridSet;
  readonly comparison: Comparison;
  readonly problems: readonly GridProblem[];
}

/**
 * Holds the grids in force and brings others into force while the hub runs. A version is stored and activated in one transaction,
 * then all rooms take it in one step between two batches, so that nothing is placed by half of each. Edits go one after the other.
 *
 * There is one hub to a database (the writer's lock of the store); a version that something else activated meanwhile is refused as
 * a conflict by the database rather than overwritten.
 */
export class GridKeeper {
  readonly #options: GridKeeperOptions;
  #current: GridSet;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: GridKeeperOptions, current: GridSet) {
    this.#options = options;
    this.#current = current;
  }

  get current(): GridSet {
    return this.#current;
  }

  /** What another set would change now. */
  compare(after: GridSet, before: GridSet = this.#current): Comparison {
    const { devices, gridOf } = this.#options;
    return compareSets(before, after, devices(), gridOf);
  }

  /** Newest first. */
  versions(page: { readonly before?: number; readonly limit: number }): Promise<GridVersionRow[]> {
    return blaming(listGridVersions(this.#options.pool, page));
  }

  /** A stored version; null = there is none of that number. */
  async version(n: number): Promise<GridSet | null> {
    return n === this.#current.version ? this.#current : loadSet(this.#options.pool, n);
  }

  /** @throws HubError DB_UNAVAILABLE */
  edit(edit: GridEdit): Promise<GridEdited | GridRefusal> {
    return this.#inTurn(async () => {
      const before = this.#current;
      if (edit.expected !== undefined && edit.expected !== before.version) return conflict(before.version);
      const cells = edit.cells(before);
      if ("code" in cells) return cells;
      const list = new ProblemList();
      const tree = checkTree(
        cells.map((grid, feature) => ({ grid, file: "grids", feature })),
        list,
      );
      const errors = list.items.filter(({ severity }) => severity === "error");
      if (errors.length > 0)
        return { code: "problems", message: `${errors.length} errors in the tree`, problems: list.items };
      const next = before.next(tree, before.version + 1);
      const comparison = this.compare(next);
      const refusal = edit.allowed?.(comparison, before, next) ?? null;
      if (refusal !== null) return refusal;
      const unchanged = { version: null, set: next, comparison, problems: list.items };
      if (edit.dryRun === true || comparison.changes.length === 0) return unchanged;
      const { what, who, note, action, target, detail, draft, inForce = true } = edit;
      const counts = { cells: comparison.changes.length, devices: comparison.moves.length };
      const { pool } = this.#options;
      let version: number;
      try {
        const grids = [...next.grids()];
        const audit = { action, target, detail: { note, ...counts, ...detail } };
        version = await blaming(saveGridSet(pool, { grids, hashOf: (grid) => gridHash(grid as Grid), hash: `${what}:${before.version}`, base: before.version, what, who, note, activate: inForce, audit, draft })); // prettier-ignore
      } catch (error) {
        if (error instanceof GridConflict) return conflict(error.active);
        throw error;
      }
      const set = next.numbered(version);
      if (inForce) await this.#swap(set);
      return { version, set, comparison, problems: list.items };
    });
  }

  /** Brings a stored version into force: one that waited, or a former one again. */
  activate(
    n: number,
    { who, note, expected, dryRun, allowed }: Pick<GridEdit, "who" | "note" | "expected" | "dryRun" | "allowed">,
  ): Promise<GridEdited | GridRefusal> {
    return this.#inTurn(async () => {
      const before = this.#current;
      if (expected !== undefined && expected !== before.version) return conflict(before.version);
      const set = await this.version(n);
      if (set === null) return { code: "unknown", message: `no version ${n}` };
      const comparison = this.compare(set);
      const refusal = allowed?.(comparison, before, set) ?? null;
      if (refusal !== null) return refusal;
      if (dryRun === true || n === before.version) return { version: null, set, comparison, problems: [] };
      const detail = { cells: comparison.changes.length, devices: comparison.moves.length };
      try {
        await blaming(activateGridSet(this.#options.pool, n, { who, note, expected: before.version, detail }));
      } catch (error) {
        if (error instanceof GridConflict) return conflict(error.active);
        throw error;
      }
      await this.#swap(set);
      return { version: n, set, comparison, problems: [] };
    });
  }

  async #swap(set: GridSet): Promise<void> {
    const { submit, swap, log } = this.#options;
    let swapped = false;
    try {
      await submit((now) => {
        const before = this.#current;
        this.#current = set;
        swapped = true;
        swap(set, before, now);
      });
    } catch (error) {
      // It is in force by the database. Where the turn that swapped did not commit, the pipeline has loaded everything anew, with it.
      log.warn({ version: set.version, err: (error as Error).message }, "grids were swapped in a turn that failed");
      if (!swapped) throw error;
    }
    log.info({ version: set.version, grids: set.size }, "grids in force");
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** A stored version, the one in force where none is named; null = there is none. */
export async function loadSet(pool: pg.Pool, version?: number): Promise<GridSet | null> {
  const stored = await blaming(loadGridSet(pool, version));
  // The rows were checked when they were imported.
  return stored === null
    ? null
    : new GridSet(stored.grids as readonly Grid[], stored.version, { former: stored.former as readonly Grid[] });
}

function conflict(active: number): GridRefusal {
  return { code: "conflict", message: `version ${active} is in force meanwhile` };
}
