import { join } from "node:path";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import type { ClipFrame } from "@gridhub/device-profiles/clip.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { systemClock, type Clock } from "../clock.ts";
import type { Device } from "../device.ts";
import type { GridEvent } from "../event.ts";
import type { Finding } from "../finding.ts";
import type { CommitBatch, FoldStateRow } from "../store/batch.ts";
import { waitingRecipes } from "./camera-state.ts";
import { Calibrations } from "./calibration/calibrations.ts";
import { ClipDesk } from "./clips/clip-desk.ts";
import { ClipStore } from "./clips/clip-store.ts";
import { CameraFold, type SeenBy } from "./camera-fold.ts";
import { EvidenceStore } from "./evidence.ts";
import { EdgeReports } from "./edge-reports.ts";
import { FalseAlarms } from "./false-alarms.ts";
import { FrameTallies } from "./frame-tally.ts";
import { parseFrame } from "./frame.ts";
import { Incidents } from "./incidents.ts";
import { Landmarks } from "./landmarks.ts";
import { LastValues } from "./last-values.ts";
import { ModelShelf, type Looked, type ShelvedModel } from "./model-shelf.ts";
import { NewestFrames } from "./newest-frames.ts";
import type { CameraStatus, VisionOptions, VisionStats } from "./options.ts";
import { Pace, SILENT_MS } from "./pace.ts";
import { MAX_PIXELS } from "./picture.ts";
import { loadRecipes } from "./recipe.ts";
import { FrameScheduler } from "./scheduler.ts";
import { Thumbnails } from "./thumbnails.ts";
import { viewOf } from "./view.ts";
import { Watching } from "./watching.ts";

export type { VisionOptions, VisionStats };

interface Waiting extends SeenBy {
  readonly payload: Buffer;
  readonly models: readonly string[];
  readonly why: FrameHeader["why"];
}

interface Ready {
  readonly waiting: Waiting;
  readonly result: Exclude<Looked, { error: string }>;
}

/** At most one dead letter a camera in this time, ms: a broken camera must not fill the database with pictures. */
const DEAD_LETTER_MS = 60_000;
/** Results that wait for the pipeline; beyond it (the database is down) the oldest are dropped. */
const MAX_READY = 256;
const AGES = 512;
const SWEEP_MS = 60_000;
/** Of what is raised with this severity or a graver one, the hub fetches the clip by itself. */
const CLIP_SEVERITY = 2;

/** Camera frames to findings: mailbox scheduler -> detector threads -> tracks and recipes. Joined to the hub by the pipeline. */
export class Vision {
  /** wakes the pipeline when something is ready to collect */
  onReady: (() => void) | null = null;
  readonly evidence: EvidenceStore;
  /** how cameras lie on the ground; change them between two batches */
  readonly calibrations = new Calibrations();
  readonly newest = new NewestFrames();
  readonly thumbnails = new Thumbnails(this.newest);
  private readonly options: VisionOptions;
  private readonly clock: Clock;
  private readonly scheduler: FrameScheduler<Waiting>;
  private readonly shelf: ModelShelf;
  private readonly landmarks: Landmarks;
  private readonly incidents = new Incidents();
  private readonly falseAlarms = new FalseAlarms();
  private readonly pace: Pace;
  private readonly tallies = new FrameTallies();
  /** what edges say they run */
  readonly edgeReports = new EdgeReports();
  /** null = no clips are asked for */
  readonly clips: ClipDesk | null;
  private readonly clipStore: ClipStore | null;
  private watching: Watching;
  private readonly cameras: CameraFold;
  private readonly deadLetters = new Map<string, number>();
  private ready: Ready[] = [];
  private readonly ages = new LastValues(AGES);
  private offered = 0;
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
    const { modelsDir, workers, log, clips } = options;
    const maxAgeMs = (options.mediaDays ?? 90) * 86_400_000;
    this.clipStore = clips === undefined ? null : new ClipStore({ dir: clips.dir, maxBytes: clips.maxBytes, maxAgeMs });
    const onError = (error: Error): void => log.error({ err: error.message }, "a clip could not be written");
    this.clips =
      clips === undefined || this.clipStore === null
        ? null
        : new ClipDesk({ ...clips, store: this.clipStore, onError });
    this.shelf = new ModelShelf({ modelsDir, workers, log, maxPixels: options.maxPixels ?? MAX_PIXELS });
    this.shelf.onIdle = () => this.pump();
    this.pace = new Pace(options);
    this.landmarks = new Landmarks(options.landmarks ?? null, this.calibrations);
    this.watching = new Watching([], this.shelf, this.falseAlarms, options);
    this.cameras = new CameraFold(this.evidence, this.incidents, this.shelf, log, this.calibrations);
  }

  /** Never rejects for want of models: what is missing or refused is logged, and vision is off without any. */
  async start(): Promise<void> {
    const { workers, log, durationScale, recipesDir, modelsWatchMs } = this.options;
    this.evidence.start();
    this.clipStore?.start();
    if (workers === 0) return log.info("vision is off: no detector threads are configured");
    const folders = [recipesDir ?? join(import.meta.dirname, "recipes"), ...(this.options.recipes ?? [])];
    const recipes = loadRecipes(folders, durationScale);
    this.watching = new Watching(recipes, this.shelf, this.falseAlarms, this.options, this.landmarks);
    await this.shelf.start(modelsWatchMs ?? 5000);
  }

  /** Continues from stored state; replaces all there is. */
  load(rows: readonly FoldStateRow[]): void {
    const own = rows.filter((row) => row.room === "vision");
    this.cameras.load(own);
    this.incidents.load(own);
    this.falseAlarms.load(own);
    this.calibrations.load(own);
    this.clips?.load(own);
  }

  /** Takes a frame message over; never blocks. It may be dropped (counted); a malformed one is returned as a Rejection. */
  offer(device: Device, payload: Buffer, rx: number): Rejection | null {
    this.offered++;
    const frame = parseFrame(payload, this.options.maxPixels ?? MAX_PIXELS);
    if ("reason" in frame) {
      this.scheduler.dropped.invalid++;
      return frame;
    }
    const { picture: jpeg, width, height } = frame;
    const { preset = "", moving = false } = frame.header;
    this.newest.note(device.uid, { jpeg, ts: rx, width, height, preset, moving });
    this.pace.heard(device, rx);
    const state = this.cameras.state(viewOf(device.uid, frame.header));
    const models = this.shelf.enabled ? this.watching.models(device, state, rx) : [];
    if (models.length === 0) {
      this.scheduler.dropped.disabled++;
      return null;
    }
    // the edge does not know that something has begun here
    const why = waitingRecipes(state).length > 0 ? "candidate" : frame.header.why;
    this.tallies.offered(device.uid, why, rx);
    this.scheduler.offer(device.uid, why, rx, { device, frame, payload, rx, models, why });
    this.pump();
    return null;
  }

  /** Findings, detections, media rows and durable state that became ready since the last call. @param now hub time, ms UTC */
  collect(batch: CommitBatch, out: Finding[], now: number): void {
    if (now - this.swept > SWEEP_MS) {
      this.swept = now;
      const gone = this.evidence.sweep(now);
      if (gone.length > 0) this.options.onSwept?.(gone);
      this.falseAlarms.sweep(now, batch.foldState);
      this.tallies.sweep(now);
    }
    const before = out.length;
    const ready = this.ready;
    this.ready = [];
    for (const { waiting, result } of ready) {
      if ("rejection" in result) this.refuse(waiting, result.rejection, batch);
      else {
        const { device, frame } = waiting;
        const watch = this.watching.watch(device, viewOf(device.uid, frame.header), frame.header);
        this.cameras.fold(waiting, result.found, watch, batch, out, now);
      }
    }
    for (const finding of out.slice(before)) this.wantClip(finding, now);
    this.clips?.tick(now, batch.foldState);
    this.calibrations.drain(batch.foldState);
    this.pace.tick(
      now,
      (uid) => this.cameras.states(uid),
      (device) => this.watching.recipes(device),
      (device) => this.edgeReports.pace(device),
    );
  }

  /**
   * Somebody called an event a false alarm: what its cameras saw there is not raised again for the recipe's cooldown. Call in the
   * pipeline's turn. @param now hub time, ms UTC
   */
  falseAlarm(event: Readonly<GridEvent>, now: number, out: FoldStateRow[]): void {
    const recipe = this.watching.recipe(event.source.replace(/^vision:/, ""));
    if (recipe === undefined) return;
    const seen = this.incidents.sightings(event.kind, event.subject)?.cameras ?? {};
    const { camera, view = camera, area } = event.evidence as { camera?: unknown; view?: unknown; area?: unknown };
    const boxes = Object.entries(seen);
    if (boxes.length === 0 && typeof view === "string" && isBox(area)) boxes.push([view, area]);
    for (const [at, box] of boxes) if (box !== null) this.falseAlarms.add(event, at, recipe, box, now, out);
  }

  stats(): VisionStats {
    const { p50, p95 } = this.ages.quantiles() ?? { p50: 0, p95: 0 };
    return {
      enabled: this.shelf.enabled,
      models: this.shelf.ids,
      offered: this.offered,
      dropped: { ...this.scheduler.dropped },
      inferred: this.ages.count,
      waiting: this.scheduler.waiting,
      crashes: this.shelf.crashes,
      media: this.evidence.size,
      ageMs: { p50, p95 },
      load: this.pace.load,
    };
  }

  /** Whether a device has ever sent a frame that one could look at. */
  hasSeen(device: Device): boolean {
    return this.pace.of(device.uid, 0) !== null || this.cameras.states(device.uid).length > 0;
  }

  /** @param now hub time, ms UTC */
  stateOf(device: Device, now: number): CameraStatus["state"] {
    if (this.watching.recipes(device).length === 0) return "unwatched";
    const at = this.frameAt(device, now);
    if (at === null) return "idle";
    return now - at > SILENT_MS ? "silent" : "watching";
  }

  /** How a camera is doing. @param now hub time, ms UTC */
  camera(device: Device, now: number): CameraStatus {
    const recipes = this.watching.recipes(device);
    const heard = this.pace.of(device.uid, now);
    const begun = this.cameras.states(device.uid).flatMap((state) => Object.entries(state.recipes));
    const frameAt = this.frameAt(device, now);
    return {
      uid: device.uid,
      state: this.stateOf(device, now),
      frameAt,
      frameAgeMs: frameAt === null ? null : Math.max(0, now - frameAt),
      perSecond: Math.round((heard?.perSecond ?? 0) * 1000) / 1000,
      recipes: recipes.map((r) => r.name),
      models: [...new Set(recipes.flatMap((r) => r.models))].map((m) => this.shelf.idOf(m)),
      candidates: begun
        .filter(([, s]) => s.since !== 0)
        .map(([recipe, { since, raised }]) => {
          return { recipe, kind: this.watching.recipe(recipe)?.event ?? "", since, raised: raised !== 0 };
        }),
      pace: heard?.wish ?? null,
      runs: this.edgeReports.pace(device),
      looks: this.watching.looks(device, now),
      frames: this.tallies.of(device.uid, now),
    };
  }

  /** The models: those in use, and what of the folder was refused. */
  models(): readonly ShelvedModel[] {
    return this.shelf.list();
  }

  /** Pictures of a clip that is here; null = it is not. */
  async clipFrames(id: string): Promise<readonly ClipFrame[] | null> {
    return (await this.clipStore?.frames(id)) ?? null;
  }

  async clipPicture(id: string, n: number): Promise<Buffer | null> {
    return (await this.clipStore?.picture(id, n)) ?? null;
  }

  close(): Promise<void> {
    return this.shelf.close();
  }

  private frameAt(device: Device, now: number): number | null {
    const at = Math.max(this.pace.of(device.uid, now)?.lastAt ?? 0, this.cameras.states(device.uid).at(-1)?.at ?? 0);
    return at === 0 ? null : at;
  }

  /** The edge forgets within minutes: for what is grave nobody should have to ask in time. */
  private wantClip({ phase, severity, device, evidence }: Finding, now: number): void {
    const { clip } = evidence as { clip?: { from: number; to: number } };
    if (phase !== "raise" || severity > CLIP_SEVERITY || device === null || clip === undefined) return;
    if (this.edgeReports.evidence(device.edge)?.upload === true)
      this.clips?.want(device.uid, clip.from, clip.to, "hub", now);
  }

  private pump(): void {
    while (this.shelf.idle) {
      const next = this.scheduler.take(this.clock());
      if (next === null) return;
      void this.shelf.run(next.models, next.frame.picture).then((result) => this.done(next, result));
    }
  }

  private done(waiting: Waiting, result: Looked): void {
    if ("error" in result) {
      this.scheduler.dropped.failed++;
      return;
    }
    if ("found" in result) {
      const now = this.clock();
      const age = now - waiting.rx;
      this.ages.add(age);
      this.tallies.looked(waiting.device.uid, waiting.why, now, age);
      this.pace.took(result.found.reduce((ms, f) => ms + f.result.ms, 0));
    }
    if (this.ready.length >= MAX_READY) {
      this.ready.shift();
      this.scheduler.dropped.stale++;
    }
    this.ready.push({ waiting, result });
    this.onReady?.();
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
}

function isBox(value: unknown): value is readonly [number, number, number, number] {
  return Array.isArray(value) && value.length === 4 && value.every((v) => typeof v === "number");
}
