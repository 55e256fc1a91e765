import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { GridSource } from "./geojson.ts";
import type { Grid } from "./grid.ts";
import { noteHash } from "./grid-hash.ts";
import { GridSet } from "./grid-set.ts";
import type { ImportOptions } from "./import.ts";
import type { GridProblem } from "./problem.ts";

export interface ImportTask {
  readonly sources: readonly GridSource[];
  readonly options: Omit<ImportOptions, "under">;
  readonly under: readonly Grid[] | null;
}

export interface ImportAnswer {
  readonly grids: readonly Grid[];
  /** of the grids, in their order */
  readonly hashes: readonly string[];
  readonly problems: readonly GridProblem[];
  /** problems that keep it from being imported */
  readonly stops: number;
}

/** Memory of the thread at most, MB. */
const MEMORY_MB = 2048;

/**
 * Reads and checks imports in a thread of their own, one after the other: looking for overlaps and gaps takes seconds in a city, and
 * no reading waits for that.
 */
export class ImportThread {
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws Error when the thread runs out of memory */
  read(
    sources: readonly GridSource[],
    { under, ...options }: ImportOptions,
  ): Promise<Omit<ImportAnswer, "grids" | "hashes"> & { readonly set: GridSet }> {
    const work = async () => {
      const task: ImportTask = { sources, options, under: under === undefined ? null : [...under.grids()] };
      const { grids, hashes, ...rest } = await run(task);
      grids.forEach((grid, i) => noteHash(grid, hashes[i]));
      return { ...rest, set: under === undefined ? new GridSet(grids, 0) : under.next(grids, 0) };
    };
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

async function run(task: ImportTask): Promise<ImportAnswer> {
  const worker = new Worker(new URL("./import-worker.ts", import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  });
  try {
    const [answer] = (await once(worker, "message")) as [ImportAnswer];
    return answer;
  } finally {
    await worker.terminate();
  }
}
