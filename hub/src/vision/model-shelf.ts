import { statSync } from "node:fs";
import { join } from "node:path";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { HubError } from "../errors.ts";
import { findModels, loadModel, type LoadedModel } from "./card.ts";
import type { Detected } from "./detector.ts";
import type { VisionOptions } from "./options.ts";
import { DetectorPool } from "./pool.ts";

/** What came of one frame: per model (`name`, `name@version`) what it saw, a refused picture, or a detector that broke. */
export type Looked =
  { readonly found: readonly LookedAt[] } | { readonly rejection: Rejection } | { readonly error: string };

export interface LookedAt {
  readonly name: string;
  readonly id: string;
  readonly result: Detected;
}

interface Shelf {
  readonly pool: DetectorPool;
  readonly models: readonly LoadedModel[];
}

/**
 * The models that are in use, and the threads that run them. A new version in the folder is taken without a restart: the new
 * threads start first, then new frames go to them, and the old ones end once the frames that they hold are answered.
 */
export class ModelShelf {
  readonly #options: Pick<VisionOptions, "modelsDir" | "workers" | "log"> & { readonly maxPixels: number };
  #shelf: Shelf | null = null;
  #signature = "";
  #timer: NodeJS.Timeout | null = null;
  #swapping: Promise<void> = Promise.resolve();
  #draining = new Set<Promise<void>>();
  #crashed = 0;
  #closed = false;
  /** a thread became free */
  onIdle: (() => void) | null = null;

  constructor(options: Pick<VisionOptions, "modelsDir" | "workers" | "log"> & { readonly maxPixels: number }) {
    this.#options = options;
  }

  /** Never rejects for want of models: what is missing or refused is logged. @param watchMs 0 = the folder is read once */
  async start(watchMs: number): Promise<void> {
    await this.refresh();
    if (watchMs === 0) return;
    this.#timer = setInterval(() => void this.refresh(), watchMs);
    this.#timer.unref();
  }

  /** Looks whether the folder has changed, and takes over what is new and whole. */
  refresh(): Promise<void> {
    this.#swapping = this.#swapping.then(() => this.#refresh());
    return this.#swapping;
  }

  get enabled(): boolean {
    return this.#shelf !== null;
  }

  /** names of the models in use */
  get names(): readonly string[] {
    return this.#shelf?.models.map((m) => m.card.name) ?? [];
  }

  /** `name@version` of the models in use */
  get ids(): readonly string[] {
    return this.#shelf?.models.map((m) => m.id) ?? [];
  }

  get crashes(): number {
    return this.#crashed + (this.#shelf?.pool.crashes ?? 0);
  }

  get idle(): boolean {
    return this.#shelf?.pool.idle ?? false;
  }

  idOf(name: string): string {
    return this.#shelf?.models.find((m) => m.card.name === name)?.id ?? name;
  }

  /** The card's threshold of a class. */
  threshold(name: string, label: string): number {
    const card = this.#shelf?.models.find((m) => m.card.name === name)?.card;
    return card === undefined ? 0 : (card.thresholds[label] ?? card.threshold);
  }

  /** @param names models to ask; those that are gone meanwhile are left out */
  async run(names: readonly string[], picture: Uint8Array): Promise<Looked> {
    const shelf = this.#shelf;
    if (shelf === null) return { error: "no model is in use" };
    const wanted = shelf.models.flatMap((m, i) => (names.includes(m.card.name) ? [i] : []));
    if (wanted.length === 0) return { error: "its models are gone" };
    const result = await shelf.pool.run(wanted, picture);
    if (!("found" in result)) return result;
    return {
      found: result.found.map(({ model, result: seen }) => {
        const { card, id } = shelf.models[model];
        return { name: card.name, id, result: seen };
      }),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#swapping;
    const shelf = this.#shelf;
    this.#shelf = null;
    await Promise.all([shelf?.pool.close(), ...this.#draining]);
  }

  async #refresh(): Promise<void> {
    const { modelsDir, workers, log, maxPixels } = this.#options;
    const names = findModels(modelsDir);
    const signature = names.map((name) => signatureOf(join(modelsDir, name))).join("\n");
    if (this.#closed || (signature === this.#signature && this.#signature !== "")) return;
    const first = this.#signature === "";
    this.#signature = signature;
    const models = names.flatMap((name) => this.#load(name));
    if (models.length === 0) {
      if (first) log.warn({ modelsDir }, "vision is off: no usable model was found");
      return;
    }
    const before = this.#shelf;
    const same =
      before?.models.map((m) => m.card.sha256 + m.id).join() === models.map((m) => m.card.sha256 + m.id).join();
    if (same && sameCards(before?.models ?? [], models)) return;
    const pool = new DetectorPool(workers, { models, maxPixels });
    try {
      await pool.start();
    } catch (error) {
      await pool.close();
      log.error({ err: error }, before === null ? "vision is off: the detectors did not start" : "the old models stay");
      return;
    }
    pool.onIdle = () => this.onIdle?.();
    this.#shelf = { pool, models };
    log.info({ models: models.map((m) => m.id), workers }, before === null ? "vision is on" : "models were exchanged");
    if (before !== null) {
      this.#crashed += before.pool.crashes;
      const drained = before.pool.close().finally(() => this.#draining.delete(drained));
      this.#draining.add(drained);
    }
    this.onIdle?.();
  }

  /** What cannot be used is refused by name; a version that runs stays until a whole one is there. */
  #load(name: string): LoadedModel[] {
    try {
      return [loadModel(join(this.#options.modelsDir, name))];
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      this.#options.log.error({ model: name, code: error.code, advice: error.advice }, error.message);
      return this.#shelf?.models.filter((m) => m.card.name === name) ?? [];
    }
  }
}

/** A card may change without its file: thresholds, labels. */
function sameCards(a: readonly LoadedModel[], b: readonly LoadedModel[]): boolean {
  return JSON.stringify(a.map((m) => m.card)) === JSON.stringify(b.map((m) => m.card));
}

/** Changes with any file of the folder that the card may name. */
function signatureOf(dir: string): string {
  const parts = [dir];
  for (const file of ["model.yaml", "model.onnx"]) {
    const stat = statSync(join(dir, file), { throwIfNoEntry: false });
    parts.push(stat === undefined ? "-" : `${stat.size}:${stat.mtimeMs}`);
  }
  return parts.join(" ");
}
