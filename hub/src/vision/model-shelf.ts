import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { HubError } from "../errors.ts";
import { findModels, loadModel, type LoadedModel } from "./card.ts";
import type { Detected } from "./detector.ts";
import { LastValues } from "./last-values.ts";
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

/** A folder of the models' folder. */
export interface ShelvedModel {
  readonly name: string;
  /** null = nothing of it is in use */
  readonly model: LoadedModel | null;
  /** why what lies in the folder now is not used; null = it is */
  readonly refused: string | null;
  /** a frame from JPEG to detections, wall time on a thread, over the last 128; null = none yet */
  readonly frameMs: { readonly p50: number; readonly p95: number } | null;
  /** frames since the start */
  readonly frames: number;
}

const NONE: readonly string[] = [];
const TIMES = 128;

interface Shelf {
  readonly pool: DetectorPool;
  readonly names: readonly string[];
  readonly models: readonly LoadedModel[];
}

/**
 * The models that are in use, and the threads that run them. A new version in the folder is taken without a restart: the new
 * threads start first, then new frames go to them, and the old ones end once the frames that they hold are answered.
 */
export class ModelShelf {
  readonly #options: Pick<VisionOptions, "modelsDir" | "workers" | "log"> & { readonly maxPixels: number };
  #shelf: Shelf | null = null;
  /** null = not looked yet */
  #signature: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #swapping: Promise<void> = Promise.resolve();
  #draining = new Set<Promise<void>>();
  #crashed = 0;
  /** by folder */
  readonly #refused = new Map<string, string>();
  /** by `name@version` */
  readonly #times = new Map<string, LastValues>();
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

  /** names of the models in use; the same list as long as they are the same */
  get names(): readonly string[] {
    return this.#shelf?.names ?? NONE;
  }

  /** `name@version` of the models in use */
  get ids(): readonly string[] {
    return this.#shelf?.models.map((m) => m.id) ?? [];
  }

  list(): ShelvedModel[] {
    const models = new Map((this.#shelf?.models ?? []).map((m) => [m.card.name, m]));
    return [...new Set([...models.keys(), ...this.#refused.keys()])].sort().map((name) => {
      const model = models.get(name) ?? null;
      const times = model === null ? undefined : this.#times.get(model.id);
      const refused = this.#refused.get(name) ?? null;
      return { name, model, refused, frameMs: times?.quantiles() ?? null, frames: times?.count ?? 0 };
    });
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
        let times = this.#times.get(id);
        if (times === undefined) this.#times.set(id, (times = new LastValues(TIMES)));
        times.add(seen.ms);
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
    if (this.#closed || signature === this.#signature) return;
    this.#signature = signature;
    this.#refused.clear();
    let models = names.flatMap((name) => this.#load(name));
    if (models.length === 0) {
      if (this.#shelf === null) log.warn({ modelsDir }, "vision is off: no usable model was found");
      return;
    }
    const before = this.#shelf;
    const same =
      before?.models.map((m) => m.card.sha256 + m.id).join() === models.map((m) => m.card.sha256 + m.id).join();
    if (same && sameCards(before?.models ?? [], models)) return;
    let pool: DetectorPool;
    for (;;) {
      pool = new DetectorPool(workers, { models, maxPixels });
      try {
        await pool.start();
        break;
      } catch (error) {
        await pool.close();
        const why = error instanceof Error ? error.message : String(error);
        // one that the runtime cannot load must not keep the others from their work
        const bad = models.find((m) => why.startsWith(`${m.id}:`));
        for (const { card } of bad === undefined ? models : [bad]) this.#refused.set(card.name, why);
        if (bad === undefined || models.length === 1) {
          const what = before === null ? "vision is off: the detectors did not start" : "the old models stay";
          return log.error({ err: error }, what);
        }
        log.error({ err: error, model: bad.id }, "a model is left out");
        const old = before?.models.filter((m) => m.card.name === bad.card.name && m.id !== bad.id) ?? [];
        models = [...models.filter((m) => m !== bad), ...old];
      }
    }
    pool.onIdle = () => this.onIdle?.();
    this.#shelf = { pool, models, names: models.map((m) => m.card.name) };
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
      // where the hub keeps its files is nobody's business who reads about models
      this.#refused.set(name, error.message.replaceAll(join(this.#options.modelsDir, "/"), ""));
      return this.#shelf?.models.filter((m) => m.card.name === name) ?? [];
    }
  }
}

/** A card may change without its file: thresholds, labels. */
function sameCards(a: readonly LoadedModel[], b: readonly LoadedModel[]): boolean {
  return JSON.stringify(a.map((m) => m.card)) === JSON.stringify(b.map((m) => m.card));
}

/** Changes with the card and with any file of the folder that it may name. */
function signatureOf(dir: string): string {
  const parts = [dir];
  try {
    for (const file of readdirSync(dir).sort()) {
      if (file !== "model.yaml" && !file.endsWith(".onnx")) continue;
      const { size, mtimeMs } = statSync(join(dir, file));
      parts.push(`${file}:${size}:${mtimeMs}`);
    }
  } catch {
    parts.push("-"); // gone meanwhile
  }
  return parts.join(" ");
}
