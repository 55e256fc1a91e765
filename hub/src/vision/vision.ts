import { join } from "node:path";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { systemClock, type Clock } from "../clock.ts";
import type { Device } from "../device.ts";
import { HubError } from "../errors.ts";
import type { Finding } from "../finding.ts";
import type { Log } from "../log.ts";
import type { CommitBatch, FoldStateRow } from "../store/batch.ts";
import { foldFrame, NEW_CAMERA, type CameraState, type Outcome, type Watch } from "./camera.ts";
import { findModels, loadModel } from "./card.ts";
import { composeFinding, type EvidencePicture } from "./compose.ts";
import type { Detection } from "./detection.ts";
import type { Detected } from "./detector.ts";
import { EvidenceStore } from "./evidence.ts";
import { FirstSights } from "./first-sight.ts";
import { parseFrame, type Frame } from "./frame.ts";
import { MAX_PIXELS } from "./picture.ts";
import { DetectorPool, type JobResult } from "./pool.ts";
import { loadRecipes, type Recipe } from "./recipe.ts";
import { FrameScheduler, type DropReason } from "./scheduler.ts";
import { DEFAULT_TRACKS } from "./tracks.ts";
import { parseZone } from "./zone.ts";

export interface VisionOptions {
  readonly modelsDir: string;
  readonly mediaDir: string;
  /** detector threads; 0 = no vision */
  readonly workers: number;
  /** multiplies stays, dwells and gaps; 1 in production */
  readonly durationScale: number;
  readonly log: Pick<Log, "info" | "warn" | "error">;
  /** larger pictures are refused before they are decoded */
  readonly maxPixels?: number;
  /** a frame that waited longer is not looked at, ms */
  readonly freshMs?: number;
  /** cameras that may wait at a time, one frame each */
  readonly capacity?: number;
  readonly timeZone?: string;
  readonly mediaDays?: number;
  readonly mediaBytes?: number;
  readonly recipesDir?: string;
  /** pictures that retention removed from the disk, by hash: their rows can go */
  readonly onSwept?: (hashes: readonly string[]) => void;
  /** the clock of `rx` and `now` */
  readonly clock?: Clock;
}

export interface VisionStats {
  readonly enabled: boolean;
  readonly models: readonly string[];
  readonly offered: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly inferred: number;
  readonly waiting: number;
  readonly crashes: number;
  readonly media: { readonly files: number; readonly bytes: number };
  /** from arrival at the hub to the result, over the last 512 frames */
  readonly ageMs: { readonly p50: number; readonly p95: number };
}

interface Waiting {
  readonly device: Device;
  readonly frame: Frame;
  readonly payload: Buffer;
  readonly rx: number;
  readonly models: readonly number[];
}

interface Ready {
  readonly waiting: Waiting;
  readonly result: Exclude<JobResult, { error: string }>;
}

/** A camera's clock is believed this far, ms; beyond it the hub's arrival time counts. */
const CLOCK_MS = 30_000;
/** Durable state of a camera whose recipes and tracks did not change is written this often, ms. */
const KEEP_MS = 10_000;
/** At most one dead letter a camera in this time, ms: a broken camera must not fill the database with pictures. */
const DEAD_LETTER_MS = 60_000;
/** Results that wait for the pipeline; beyond it (the database is down) the oldest are dropped. */
const MAX_READY = 256;
const AGES = 512;

/** Camera frames to findings: mailbox scheduler -> detector threads -> tracks and recipes. Joined to the hub by the pipeline. */
export class Vision {
  /** wakes the pipeline when something is ready to collect */
  onReady: (() => void) | null = null;
  readonly evidence: EvidenceStore;
  private readonly options: VisionOptions;
  private readonly clock: Clock;
  private readonly scheduler: FrameScheduler<Waiting>;
  private readonly minute: (ts: number) => number;
  private pool: DetectorPool | null = null;
  private models: { name: string; id: string }[] = [];
  private recipes: Recipe[] = [];
  private readonly cameras = new Map<string, { state: CameraState; saved: number; shape: string }>();
  private readonly sights = new FirstSights();
  private readonly deadLetters = new Map<string, number>();
  private ready: Ready[] = [];
  private readonly ages = new Float64Array(AGES);
  private offered = 0;
  private inferred = 0;
  private swept = 0;

  constructor(options: VisionOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.scheduler = new FrameScheduler({ freshMs: options.freshMs ?? 10_000, capacity: options.capacity ?? 1024 });
    this.evidence = new EvidenceStore({
      dir: options.mediaDir,
      maxAgeMs: (options.mediaDays ?? 90) * 86_400_000,
      maxBytes: options.mediaBytes ?? 20 * 2 ** 30,
    });
    this.minute = localMinute(options.timeZone ?? "Asia/Shanghai");
  }

  /** Never rejects for want of models: what is missing or refused is logged, and vision is off without any. */
  async start(): Promise<void> {
    const { modelsDir, workers, log } = this.options;
    this.evidence.start();
    if (workers === 0) return log.info("vision is off: no detector threads are configured");
    this.recipes = loadRecipes(
      this.options.recipesDir ?? join(import.meta.dirname, "recipes"),
      this.options.durationScale,
    );
    const dirs: string[] = [];
    for (const name of findModels(modelsDir)) {
      try {
        const { card, id } = loadModel(join(modelsDir, name));
        dirs.push(join(modelsDir, name));
        this.models.push({ name: card.name, id });
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        log.error({ model: name, code: error.code, advice: error.advice }, error.message);
      }
    }
    if (dirs.length === 0) return log.warn({ modelsDir }, "vision is off: no usable model was found");
    const pool = new DetectorPool(workers, { dirs, maxPixels: this.options.maxPixels ?? MAX_PIXELS });
    try {
      await pool.start();
    } catch (error) {
      this.models = [];
      await pool.close();
      return log.error({ err: error }, "vision is off: the detectors did not start");
    }
    pool.onIdle = () => this.pump();
    this.pool = pool;
    log.info(
      { models: this.models.map((m) => m.id), recipes: this.recipes.map((r) => r.name), workers },
      "vision is on",
    );
  }

  /** Continues from stored state; replaces all there is. */
  load(rows: readonly FoldStateRow[]): void {
    this.cameras.clear();
    this.sights.clear();
    for (const row of rows) {
      if (row.room !== "vision" || !isCameraState(row.state)) continue;
      this.cameras.set(row.key, { state: row.state, saved: row.state.at, shape: shapeOf(row.state) });
    }
  }

  /** Takes a frame message over; never blocks. It may be dropped (counted); a malformed one is returned as a Rejection. */
  offer(device: Device, payload: Buffer, rx: number): Rejection | null {
    this.offered++;
    const frame = parseFrame(payload, this.options.maxPixels ?? MAX_PIXELS);
    if ("reason" in frame) {
      this.scheduler.dropped.invalid++;
      return frame;
    }
    const wanted = new Set(this.watched(device).map((r) => r.model));
    const models = this.models.flatMap((m, i) => (wanted.has(m.name) ? [i] : []));
    if (this.pool === null || models.length === 0) {
      this.scheduler.dropped.disabled++;
      return null;
    }
    this.scheduler.offer(device.uid, frame.header.why, rx, { device, frame, payload, rx, models });
    this.pump();
    return null;
  }

  /** Findings, detections, media rows and durable state that became ready since the last call. @param now hub time, ms UTC */
  collect(batch: CommitBatch, out: Finding[], now: number): void {
    if (now - this.swept > 60_000) {
      this.swept = now;
      const gone = this.evidence.sweep(now);
      if (gone.length > 0) this.options.onSwept?.(gone);
    }
    const ready = this.ready;
    this.ready = [];
    for (const { waiting, result } of ready) {
      if ("rejection" in result) this.refuse(waiting, result.rejection, batch);
      else this.fold(waiting, result.found, batch, out, now);
    }
  }

  stats(): VisionStats {
    const known = [...this.ages.subarray(0, Math.min(this.inferred, AGES))].sort((a, b) => a - b);
    const at = (p: number): number =>
      known.length === 0 ? 0 : known[Math.min(known.length - 1, Math.floor(p * known.length))];
    return {
      enabled: this.pool !== null,
      models: this.models.map((m) => m.id),
      offered: this.offered,
      dropped: { ...this.scheduler.dropped },
      inferred: this.inferred,
      waiting: this.scheduler.waiting,
      crashes: this.pool?.crashes ?? 0,
      media: this.evidence.size,
      ageMs: { p50: at(0.5), p95: at(0.95) },
    };
  }

  async close(): Promise<void> {
    const pool = this.pool;
    this.pool = null;
    await pool?.close();
  }

  private pump(): void {
    const pool = this.pool;
    while (pool?.idle) {
      const next = this.scheduler.take(this.clock());
      if (next === null) return;
      void pool.run(next.models, next.frame.picture).then((result) => this.done(next, result));
    }
  }

  private done(waiting: Waiting, result: JobResult): void {
    if ("error" in result) {
      this.scheduler.dropped.failed++;
      return;
    }
    if ("found" in result) this.ages[this.inferred++ % AGES] = this.clock() - waiting.rx;
    if (this.ready.length >= MAX_READY) {
      this.ready.shift();
      this.scheduler.dropped.stale++;
    }
    this.ready.push({ waiting, result });
    this.onReady?.();
  }

  private fold(
    { device, frame, rx }: Waiting,
    found: readonly { readonly model: number; readonly result: Detected }[],
    batch: CommitBatch,
    out: Finding[],
    now: number,
  ): void {
    const { ts: claimed } = frame.header;
    const ts = Math.abs(claimed - rx) <= CLOCK_MS ? claimed : rx;
    const camera = this.cameras.get(device.uid) ?? { state: NEW_CAMERA, saved: 0, shape: "" };
    const watch = this.watch(device);
    const seen = found.map((f) => ({ model: this.models[f.model].name, detections: f.result.detections }));
    const { width, height } = found[0].result;
    const { state, outcomes } = foldFrame(camera.state, { ts, width, height, found: seen }, watch);
    if (state === camera.state) return;
    const recipes = watch.recipes.map((r) => r.recipe);
    const pictures = new Map<Outcome, EvidencePicture[]>();
    for (const outcome of outcomes)
      pictures.set(outcome, this.pictures(outcome, { device, frame, ts, width, height }, batch, now));
    this.sights.note(device.uid, recipes, camera.state, state, () => ({
      jpeg: frame.picture,
      ts,
      width,
      height,
      detections: seen.flatMap((s) => s.detections),
    }));
    for (const outcome of outcomes) {
      const model = this.models.find((m) => m.name === outcome.recipe.model)?.id ?? outcome.recipe.model;
      out.push(composeFinding(outcome, device, ts, pictures.get(outcome) ?? [], model));
    }
    const hash = [...pictures.values()].flat().find((p) => p.ts === ts)?.hash ?? null;
    for (const { model, result } of found) {
      if (result.detections.length === 0) continue;
      const { id } = this.models[model];
      batch.detections.push({ deviceId: device.id, ts, model: id, detections: result.detections, mediaHash: hash });
    }
    camera.state = state;
    const shape = shapeOf(state);
    if (shape !== camera.shape || ts - camera.saved >= KEEP_MS) {
      camera.shape = shape;
      camera.saved = ts;
      batch.foldState.push({ room: "vision", key: device.uid, state });
    }
    this.cameras.set(device.uid, camera);
  }

  /** The newest picture, then the one of the beginning where it is still there; none when the disk does not take them. */
  private pictures(
    { recipe, phase, objects }: Outcome,
    at: { device: Device; frame: Frame; ts: number; width: number; height: number },
    batch: CommitBatch,
    now: number,
  ): EvidencePicture[] {
    if (phase === "clear") return [];
    const { device, frame, ts, width, height } = at;
    const first = phase === "raise" ? this.sights.get(device.uid, recipe) : null;
    const wanted = [{ jpeg: frame.picture as Uint8Array, ts, width, height, boxes: objects as readonly Detection[] }];
    if (first !== null) wanted.push(first);
    const kept: EvidencePicture[] = [];
    for (const picture of wanted) {
      try {
        const hash = this.evidence.put(picture.jpeg, now);
        const row = { hash, bytes: picture.jpeg.length, type: "image/jpeg", deviceId: device.id, ts: picture.ts };
        if (!batch.media.some((m) => m.hash === hash)) batch.media.push(row);
        const boxes = picture.boxes.map(({ label, score, box }) => ({ label, score, box }));
        kept.push({ hash, w: picture.width, h: picture.height, ts: picture.ts, boxes });
      } catch (error) {
        this.options.log.error({ err: error, device: device.uid }, "evidence picture could not be written");
      }
    }
    return kept;
  }

  /** Header and size were right, the picture itself is not: found out by the detector thread, after the message was accepted. */
  private refuse({ device, payload, rx }: Waiting, rejection: Rejection, batch: CommitBatch): void {
    this.scheduler.dropped.invalid++;
    if (rx - (this.deadLetters.get(device.uid) ?? 0) < DEAD_LETTER_MS) return;
    this.deadLetters.set(device.uid, rx);
    const topic = topics.frame(device.site, device.edge.name, device.name);
    const { reason, detail } = rejection;
    batch.deadLetters.push({ rx, topic, edge: device.edge.key, reason, detail, payload });
  }

  /** Recipes for a camera: those for everywhere, plus and minus what its attribute `watch` says ("person -stall"). */
  private watched(device: Device): Recipe[] {
    const words = String(device.attributes.watch ?? "").split(/[\s,]+/);
    return this.recipes.filter((r) => (r.everywhere ? !words.includes(`-${r.name}`) : words.includes(r.name)));
  }

  private watch(device: Device): Watch {
    const scale = this.options.durationScale;
    return {
      recipes: this.watched(device).map((recipe) => ({
        recipe,
        zone: parseZone(device.attributes[recipe.zone]),
        hours: device.attributes[recipe.hours],
      })),
      tracks: { ...DEFAULT_TRACKS, gapMs: DEFAULT_TRACKS.gapMs * scale },
      minute: this.minute,
    };
  }
}

/** What makes a state worth writing at once: which tracks there are and how far the recipes are, not where the boxes wander. */
function shapeOf(state: CameraState): string {
  const tracks = Object.values(state.tracks).map((list) => list.map((t) => `${t.id}:${t.since}`));
  const recipes = Object.entries(state.recipes).map(([name, r]) => [name, r.since, r.raised, r.updated, r.absent]);
  return JSON.stringify([tracks, recipes]);
}

function isCameraState(value: unknown): value is CameraState {
  return typeof value === "object" && value !== null && (value as { v?: unknown }).v === 1;
}

function localMinute(timeZone: string): (ts: number) => number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return (ts) => {
    const [hour, minute] = format.format(ts).split(":").map(Number);
    return hour * 60 + minute;
  };
}
