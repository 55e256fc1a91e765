import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { CommitBatch, FoldStateRow } from "../store/batch.ts";
import { foldFrame, NEW_CAMERA, type CameraState, type Outcome, type Watch } from "./camera.ts";
import { readCameraState, shapeOf } from "./camera-state.ts";
import { composeFinding, type EvidencePicture } from "./compose.ts";
import { Calibrations } from "./calibration/calibrations.ts";
import type { Detection } from "./detection.ts";
import type { EvidenceStore } from "./evidence.ts";
import { FirstSights } from "./first-sight.ts";
import type { Frame } from "./frame.ts";
import type { Incidents } from "./incidents.ts";
import type { LookedAt, ModelShelf } from "./model-shelf.ts";
import type { VisionOptions } from "./options.ts";
import { place } from "./place.ts";

/** A frame, and where it came from. */
export interface SeenBy {
  readonly device: Device;
  readonly frame: Frame;
  /** when it reached the hub, ms UTC */
  readonly rx: number;
}

/** A camera's clock is believed this far, ms; beyond it the hub's arrival time counts. */
const CLOCK_MS = 30_000;
/** Durable state of a camera whose recipes and tracks did not change is written this often, ms. */
const KEEP_MS = 10_000;

/** The cameras' durable states: folds what the models saw into them, and makes findings with evidence of what comes out. */
export class CameraFold {
  readonly #evidence: EvidenceStore;
  readonly #incidents: Incidents;
  readonly #shelf: ModelShelf;
  readonly #log: VisionOptions["log"];
  readonly #calibrations: Calibrations;
  readonly #cameras = new Map<string, { state: CameraState; saved: number; shape: string }>();
  readonly #sights = new FirstSights();

  constructor(
    evidence: EvidenceStore,
    incidents: Incidents,
    shelf: ModelShelf,
    log: VisionOptions["log"],
    calibrations: Calibrations = new Calibrations(),
  ) {
    this.#evidence = evidence;
    this.#incidents = incidents;
    this.#shelf = shelf;
    this.#log = log;
    this.#calibrations = calibrations;
  }

  load(rows: readonly FoldStateRow[]): void {
    this.#cameras.clear();
    this.#sights.clear();
    for (const { key, state: stored } of rows) {
      const state = readCameraState(stored);
      if (state !== null) this.#cameras.set(key, { state, saved: state.at, shape: shapeOf(state) });
    }
  }

  state(uid: string): CameraState | undefined {
    return this.#cameras.get(uid)?.state;
  }

  fold(by: SeenBy, found: readonly LookedAt[], watch: Watch, batch: CommitBatch, out: Finding[], now: number): void {
    const { device, frame, rx } = by;
    const { ts: claimed } = frame.header;
    const ts = Math.abs(claimed - rx) <= CLOCK_MS ? claimed : rx;
    const camera = this.#cameras.get(device.uid) ?? { state: NEW_CAMERA, saved: 0, shape: "" };
    const factor = watch.scoreFactor ?? 1;
    const seen = found.map(({ name, id, result }) => ({
      model: name,
      id,
      detections: result.detections.filter((d) => d.score >= factor * this.#shelf.threshold(name, d.label)),
    }));
    const { width, height, luma } = found[0].result;
    const { state, outcomes } = foldFrame(camera.state, { ts, width, height, luma, found: seen }, watch);
    if (state === camera.state) return;
    const recipes = watch.recipes.map((r) => r.recipe);
    let evidenceHash: string | null = null;
    for (const outcome of outcomes) {
      const view = { width, height, preset: frame.header.preset };
      const placed = place(this.#calibrations, device, outcome.box, view);
      const report = this.#incidents.fold(outcome, device, placed.point, ts, batch.foldState);
      if (report === null) continue;
      const frames = this.#pictures(outcome, by, { ts, width, height }, batch, now);
      evidenceHash ??= frames.find((p) => p.ts === ts)?.hash ?? null;
      const model = outcome.recipe.models.map((m) => seen.find((s) => s.model === m)?.id ?? m).join(", ");
      out.push(composeFinding(outcome, { device, ts, edgeTs: claimed, report, placed, frames, model }));
    }
    this.#sights.note(device.uid, recipes, camera.state, state, () => ({
      jpeg: frame.picture,
      ts,
      width,
      height,
      detections: seen.flatMap((s) => s.detections),
    }));
    for (const { id, detections } of seen) {
      if (detections.length === 0) continue;
      batch.detections.push({ deviceId: device.id, ts, model: id, detections, mediaHash: evidenceHash });
    }
    camera.state = state;
    const shape = shapeOf(state);
    if (shape !== camera.shape || ts - camera.saved >= KEEP_MS) {
      camera.shape = shape;
      camera.saved = ts;
      batch.foldState.push({ room: "vision", key: device.uid, state });
    }
    this.#cameras.set(device.uid, camera);
  }

  /** The newest picture, then the one of the beginning where it is still there; none when the disk does not take them. */
  #pictures(
    { recipe, phase, objects }: Outcome,
    { device, frame }: SeenBy,
    { ts, width, height }: { readonly ts: number; readonly width: number; readonly height: number },
    batch: CommitBatch,
    now: number,
  ): EvidencePicture[] {
    if (phase === "clear") return [];
    const first = phase === "raise" ? this.#sights.get(device.uid, recipe) : null;
    const wanted = [{ jpeg: frame.picture as Uint8Array, ts, width, height, boxes: objects as readonly Detection[] }];
    if (first !== null) wanted.push(first);
    const kept: EvidencePicture[] = [];
    for (const picture of wanted) {
      try {
        const hash = this.#evidence.put(picture.jpeg, now);
        const row = { hash, bytes: picture.jpeg.length, type: "image/jpeg", deviceId: device.id, ts: picture.ts };
        if (!batch.media.some((m) => m.hash === hash)) batch.media.push(row);
        const boxes = picture.boxes.map(({ label, score, box }) => ({ label, score, box }));
        kept.push({ hash, w: picture.width, h: picture.height, ts: picture.ts, boxes });
      } catch (error) {
        this.#log.error({ err: error, device: device.uid }, "evidence picture could not be written");
      }
    }
    return kept;
  }
}
