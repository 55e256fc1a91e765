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
import { patienceOf, uidOf, viewOf } from "./view.ts";

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

/** Views of one camera; a camera that names more presets loses the one that it has not looked at for longest. */
const MAX_VIEWS = 64;

interface KnownView {
  state: CameraState;
  saved: number;
  shape: string;
}

/** The cameras' durable states, one a view: folds what the models saw into them, and makes findings with evidence of what comes out. */
export class CameraFold {
  readonly #evidence: EvidenceStore;
  readonly #incidents: Incidents;
  readonly #shelf: ModelShelf;
  readonly #log: VisionOptions["log"];
  readonly #calibrations: Calibrations;
  readonly #views = new Map<string, KnownView>();
  /** uid -> its views, the one looked at last at the end */
  readonly #byCamera = new Map<string, Set<string>>();
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
    this.#views.clear();
    this.#byCamera.clear();
    this.#sights.clear();
    const found: [string, CameraState][] = [];
    for (const { key, state: stored } of rows) {
      const state = readCameraState(stored);
      if (state !== null) found.push([key, state]);
    }
    for (const [view, state] of found.sort((a, b) => a[1].at - b[1].at))
      this.#put(view, { state, saved: state.at, shape: shapeOf(state) });
  }

  /** Of a view, see {@link viewOf}. */
  state(view: string): CameraState | undefined {
    return this.#views.get(view)?.state;
  }

  /** Of all views of a camera, the one looked at last at the end. */
  states(uid: string): CameraState[] {
    return [...(this.#byCamera.get(uid) ?? [])].flatMap((view) => this.#views.get(view)?.state ?? []);
  }

  #put(view: string, known: KnownView): void {
    const uid = uidOf(view);
    const views = this.#byCamera.get(uid) ?? new Set();
    views.delete(view);
    views.add(view);
    this.#byCamera.set(uid, views);
    this.#views.set(view, known);
  }

  fold(by: SeenBy, found: readonly LookedAt[], watch: Watch, batch: CommitBatch, out: Finding[], now: number): void {
    const { device, frame, rx } = by;
    const { ts: claimed } = frame.header;
    const ts = Math.abs(claimed - rx) <= CLOCK_MS ? claimed : rx;
    const view = viewOf(device.uid, frame.header);
    const camera = this.#views.get(view) ?? { state: NEW_CAMERA, saved: 0, shape: "" };
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
      const placed = place(this.#calibrations, device, outcome.box, { ...frame.header, width, height });
      const report = this.#incidents.fold(outcome, device, placed.point, ts, batch.foldState, view);
      if (report === null) continue;
      const frames = this.#pictures(outcome, by, { ts, width, height }, batch, now);
      evidenceHash ??= frames.find((p) => p.ts === ts)?.hash ?? null;
      const model = outcome.recipe.models.map((m) => seen.find((s) => s.model === m)?.id ?? m).join(", ");
      out.push(composeFinding(outcome, { device, ts, edgeTs: claimed, view, report, placed, frames, model }));
    }
    this.#sights.note(view, recipes, camera.state, state, () => ({
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
      batch.foldState.push({ room: "vision", key: view, state });
    }
    this.#put(view, camera);
    if ((this.#byCamera.get(device.uid)?.size ?? 0) > 1) this.#leave(by, ts, watch, batch, out);
  }

  /** Views that the camera has not looked at for long end, and what was raised there with them: nobody can say that it is there. */
  #leave({ device, frame }: SeenBy, ts: number, watch: Watch, batch: CommitBatch, out: Finding[]): void {
    const views = this.#byCamera.get(device.uid) ?? new Set();
    for (const view of views) {
      const state = this.#views.get(view)?.state ?? NEW_CAMERA;
      if (ts - state.at <= patienceOf(view) && views.size <= MAX_VIEWS) continue;
      for (const { recipe } of watch.recipes) {
        const known = state.recipes[recipe.name];
        if (known === undefined || known.raised === 0) continue;
        const { box, seen, since } = known;
        const outcome = {
          recipe,
          phase: "clear" as const,
          dwellMs: seen - since,
          objects: [],
          box,
          votes: "not looked at",
        };
        const report = this.#incidents.fold(outcome, device, null, ts, batch.foldState, view);
        if (report === null) continue;
        const placed = { point: null, located: "camera" as const, unlocated: "moving" as const };
        const edgeTs = frame.header.ts;
        out.push(
          composeFinding(outcome, { device, ts, edgeTs, view, report, placed, frames: [], model: recipe.model }),
        );
      }
      views.delete(view);
      this.#views.delete(view);
      batch.foldState.push({ room: "vision", key: view, state: null });
    }
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
    const first = phase === "raise" ? this.#sights.get(viewOf(device.uid, frame.header), recipe) : null;
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
