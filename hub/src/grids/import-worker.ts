import { parentPort, workerData } from "node:worker_threads";
import { gridHash } from "./grid-hash.ts";
import { GridSet } from "./grid-set.ts";
import type { ImportAnswer, ImportTask } from "./import-thread.ts";
import { readImport } from "./import.ts";

// The thread that reads and checks an import; see import-thread.ts.

const { sources, options, under } = workerData as ImportTask;
const tree = under === null ? undefined : new GridSet(under, 0);
const { set, problems, stops } = readImport(sources, { ...options, under: tree });
const grids = [...set.grids()];
const answer: ImportAnswer = { grids, hashes: grids.map(gridHash), problems, stops: stops.length };
parentPort?.postMessage(answer);
