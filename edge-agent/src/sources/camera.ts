import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import type { CameraPace } from "../twin.ts";
import { type CameraConfig, PATROL_MS } from "./camera-config.ts";
import { CameraError } from "./camera-error.ts";
import { createFeed, leastFps } from "./camera-feed.ts";
import { fitFrame, gateLuma } from "./frame-ladder.ts";
import { DEFAULT_GATE, MotionGate } from "./motion-gate.ts";
import type { Pointing } from "./onvif-ptz.ts";
import type { FeedSignals, PictureFeed } from "./picture-feed.ts";
import { PictureHealth } from "./picture-health.ts";
import type { Source, SourceContext } from "./source.ts";

const HEADER_BYTES = 512;
const BACKOFF_MAX_MS = 30_000;
/** Cameras lock an account after a few wrong passwords: a refused one is tried seldom. */
const AUTH_BACKOFF_MIN_MS = 10_000;
const AUTH_BACKOFF_MAX_MS = 300_000;
/** A camera that said "motion" and never took it back is believed for so long, ms. */
const EVENT_TRUST_MS = 60_000;
const DEFAULT_SKEW_MS = 60_000;

/**
 * A camera. Looks often, sends seldom: frames with motion (and a while after it), and patrol samples when nothing moves, because
 * stalls, debris and slow smoke do not. What is wrong with it becomes a status code.
 */
export class CameraSource implements Source {
  readonly #config: CameraConfig;
  readonly #gate: MotionGate;
  readonly #feed: PictureFeed;
  readonly #health: PictureHealth;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #failures = 0;
  #lastMotion = Number.NEGATIVE_INFINITY;
  #lastSent = Number.NEGATIVE_INFINITY;
  /** where a camera that turns looked then, and where at the last look */
  #sentPreset = "";
  #lookedAt = "";
  /** since when the camera itself reports motion, ms UTC */
  #eventSince: number | null = null;
  #told = "";
  /** time between looks and between patrol samples; may change while it runs */
  pace: CameraPace;

  constructor(config: CameraConfig, feed: PictureFeed = createFeed(config)) {
    this.#config = config;
    this.#feed = feed;
    const mask = (config.mask ?? []) as unknown as readonly (readonly (readonly [number, number])[])[];
    this.#gate = new MotionGate({ ...DEFAULT_GATE, mask });
    this.#health = new PictureHealth(config.max_skew_ms ?? DEFAULT_SKEW_MS);
    const { interval_ms } = config;
    this.pace = { interval_ms, patrol_ms: config.patrol_ms ?? PATROL_MS[config.class ?? "street"] };
  }

  get device(): string {
    return this.#config.device;
  }

  async start(context: SourceContext): Promise<void> {
    const signals: FeedSignals = {
      now: context.now,
      log: context.log,
      stop: this.#stop.signal,
      motion: (active) => {
        if (active) this.#lastMotion = context.now();
        this.#eventSince = active ? context.now() : null;
      },
      rebooted: () => {
        context.log.warn({ device: this.device }, "camera rebooted");
        this.#health.rebooted(context.now());
      },
    };
    // Cameras of one agent look at different moments of the interval.
    this.#schedule(context, signals, Math.random() * Math.min(1000, this.pace.interval_ms));
  }

  #schedule(context: SourceContext, signals: FeedSignals, delay: number): void {
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#turn(context, signals).finally(() => (this.#running = null));
    }, delay);
  }

  async #turn(context: SourceContext, signals: FeedSignals): Promise<void> {
    const { interval_ms } = this.pace;
    const began = performance.now();
    try {
      const code = await this.#look(context, signals);
      this.#failures = 0;
      this.#told = "";
      context.status(this.device, code);
      this.#schedule(context, signals, Math.max(0, interval_ms - (performance.now() - began)));
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#health.interrupted();
      this.#eventSince = null;
      this.#tell(context, error as Error);
      const code = error instanceof CameraError ? error.code : "internal";
      context.status(this.device, code);
      this.#schedule(context, signals, this.#backoff(code));
    }
  }

  /** The words behind a code, once as long as they stay the same. */
  #tell(context: SourceContext, error: Error): void {
    if (!(error instanceof CameraError)) context.log.error({ err: error, device: this.device }, "camera source");
    else if (error.message !== this.#told)
      context.log.warn({ device: this.device, code: error.code, why: error.message }, "no picture");
    this.#told = error.message;
  }

  #backoff(code: string): number {
    const doubled = 2 ** Math.min(this.#failures++, 10);
    return code === "auth"
      ? Math.min(AUTH_BACKOFF_MAX_MS, AUTH_BACKOFF_MIN_MS * doubled)
      : Math.min(BACKOFF_MAX_MS, this.pace.interval_ms * 2 * doubled);
  }

  /** One look at the picture. @returns the camera's status code */
  async #look(context: SourceContext, signals: FeedSignals): Promise<string> {
    const { bytes, cameraTime, pointing = null } = await this.#feed.next(signals);
    const turned = pointing?.moving === true;
    const preset = pointing?.preset ?? "";
    // all that stands elsewhere in the picture because the camera turned has not moved
    if (turned || preset !== this.#lookedAt) this.#gate.restart();
    this.#lookedAt = preset;
    const verdict = this.#gate.look(await gateLuma(bytes));
    const now = context.now();
    const { mean, deviation } = verdict;
    const minFps = leastFps(this.#config, this.pace.interval_ms);
    const status = this.#health.judge({ now, bytes, mean, deviation, cameraTime, minFps });
    context.evidence?.(this.device, now, bytes);
    if (!turned && (verdict.motion || this.#cameraSeesMotion(now))) this.#lastMotion = now;
    // where it has arrived is looked at once at least: it may be off again before the next patrol
    const arrived = pointing !== null && !turned && preset !== this.#sentPreset;
    const why = this.#due(now) ?? (arrived ? "patrol" : null);
    // Scaling a picture that nobody would take is the most expensive thing here.
    if (why === null || !context.takesFrames()) return status;
    const fitted = await fitFrame(bytes, LANE_LIMIT.frame - HEADER_BYTES);
    if (fitted === null) return "too_large";
    const { jpeg, w, h } = fitted;
    const motion = Math.round(verdict.largest * 1e4) / 1e4;
    const header: FrameHeader = { ...{ v: 1, ts: now, w, h, why, motion }, ...headerOf(pointing) };
    if (context.frame(this.device, header, jpeg)) {
      this.#lastSent = now;
      this.#sentPreset = preset;
    }
    return status;
  }

  #cameraSeesMotion(now: number): boolean {
    if (this.#eventSince === null) return false;
    return now >= this.#eventSince && now - this.#eventSince <= EVENT_TRUST_MS;
  }

  #due(now: number): FrameHeader["why"] | null {
    const { hold_ms, min_gap_ms } = this.#config;
    // A clock set back must not silence the camera until the old time is reached again.
    if (this.#lastSent > now) this.#lastSent = Number.NEGATIVE_INFINITY;
    if (this.#lastMotion > now) this.#lastMotion = Number.NEGATIVE_INFINITY;
    const since = now - this.#lastSent;
    if (now - this.#lastMotion <= hold_ms) return since >= min_gap_ms ? "motion" : null;
    return since >= this.pace.patrol_ms ? "patrol" : null;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#feed.close();
    await this.#running;
  }
}

function headerOf(pointing: Pointing | null): Pick<FrameHeader, "preset" | "moving"> {
  if (pointing === null) return {};
  return pointing.moving ? { moving: true } : { preset: pointing.preset };
}
