import { createHash } from "node:crypto";
import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import type { SourceOf } from "../config.ts";
import type { CameraPace } from "../twin.ts";
import { fitFrame, gateLuma } from "./frame-ladder.ts";
import { DEFAULT_GATE, MotionGate, type GateVerdict } from "./motion-gate.ts";
import { onvifSnapshotUri } from "./onvif-uri.ts";
import { SnapshotClient, SnapshotError } from "./snapshot.ts";
import type { Source, SourceContext } from "./source.ts";

const HEADER_BYTES = 512;
const BACKOFF_MAX_MS = 30_000;
/** Cameras lock an account after a few wrong passwords: a refused one is tried seldom. */
const AUTH_BACKOFF_MIN_MS = 10_000;
const AUTH_BACKOFF_MAX_MS = 300_000;
/** The very same bytes so many times in a row: the picture is frozen. Live sensors always have noise. */
const FROZEN_LOOKS = 20;
/** Mean luma and deviation below which a picture is black, or covered; so many times in a row, a headlight is no fault. */
const BLACK_MEAN = 6;
const COVERED_DEVIATION = 4;
const DULL_LOOKS = 3;

/**
 * A camera by HTTP or ONVIF snapshot. Looks often, sends seldom: frames with motion (and a while after it), and patrol samples
 * when nothing moves, because stalls, debris and slow smoke do not. What is wrong with the picture becomes a status code.
 */
export class CameraSource implements Source {
  readonly #config: SourceOf<"snapshot"> | SourceOf<"onvif">;
  readonly #gate: MotionGate;
  readonly #client: SnapshotClient;
  readonly #stop = new AbortController();
  #url: string | null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #failures = 0;
  #lastMotion = Number.NEGATIVE_INFINITY;
  #lastSent = Number.NEGATIVE_INFINITY;
  #lastHash = "";
  #same = 0;
  #dull = 0;
  /** time between looks and between patrol samples; may change while it runs */
  pace: CameraPace;

  constructor(config: SourceOf<"snapshot"> | SourceOf<"onvif">) {
    this.#config = config;
    const mask = (config.mask ?? []) as unknown as readonly (readonly (readonly [number, number])[])[];
    this.#gate = new MotionGate({ ...DEFAULT_GATE, mask });
    const { username, password, timeout_ms, interval_ms, patrol_ms } = config;
    this.#client = new SnapshotClient({ username, password }, timeout_ms);
    this.#url = config.kind === "snapshot" ? config.url : null;
    this.pace = { interval_ms, patrol_ms };
  }

  get device(): string {
    return this.#config.device;
  }

  async start(context: SourceContext): Promise<void> {
    // Cameras of one agent look at different moments of the interval.
    this.#schedule(context, Math.random() * Math.min(1000, this.pace.interval_ms));
  }

  #schedule(context: SourceContext, delay: number): void {
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#turn(context).finally(() => (this.#running = null));
    }, delay);
  }

  async #turn(context: SourceContext): Promise<void> {
    const { interval_ms } = this.pace;
    const began = performance.now();
    try {
      const code = await this.#look(context);
      this.#failures = 0;
      context.status(this.device, code);
      this.#schedule(context, Math.max(0, interval_ms - (performance.now() - began)));
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const code = error instanceof SnapshotError ? error.code : "internal";
      if (code === "internal") context.log.error({ err: error, device: this.device }, "camera source");
      context.status(this.device, code);
      // A camera may have got a new address for its snapshot after a reboot.
      if (this.#config.kind === "onvif") this.#url = null;
      this.#schedule(context, this.#backoff(code));
    }
  }

  #backoff(code: string): number {
    const doubled = 2 ** Math.min(this.#failures++, 10);
    return code === "auth"
      ? Math.min(AUTH_BACKOFF_MAX_MS, AUTH_BACKOFF_MIN_MS * doubled)
      : Math.min(BACKOFF_MAX_MS, this.pace.interval_ms * 2 * doubled);
  }

  /** One look at the picture. @returns the camera's status code */
  async #look(context: SourceContext): Promise<string> {
    const picture = await this.#client.fetch((this.#url ??= await this.#findUrl()), this.#stop.signal);
    const verdict = this.#gate.look(await gateLuma(picture));
    const status = this.#judge(picture, verdict);
    const now = context.now();
    if (verdict.motion) this.#lastMotion = now;
    const why = this.#due(now);
    // Scaling a picture that nobody would take is the most expensive thing here.
    if (why === null || !context.takesFrames()) return status;
    const fitted = await fitFrame(picture, LANE_LIMIT.frame - HEADER_BYTES);
    if (fitted === null) return "too_large";
    const { jpeg, w, h } = fitted;
    const header: FrameHeader = { v: 1, ts: now, w, h, why, motion: Math.round(verdict.largest * 1e4) / 1e4 };
    if (context.frame(this.device, header, jpeg)) this.#lastSent = now;
    return status;
  }

  async #findUrl(): Promise<string> {
    if (this.#config.kind === "snapshot") return this.#config.url;
    const { host, port, username, password, timeout_ms } = this.#config;
    return onvifSnapshotUri({ host, port, username, password, timeoutMs: timeout_ms });
  }

  #judge(picture: Buffer, { mean, deviation }: GateVerdict): string {
    const hash = createHash("sha1").update(picture).digest("base64");
    this.#same = hash === this.#lastHash ? this.#same + 1 : 0;
    this.#lastHash = hash;
    this.#dull = mean < BLACK_MEAN || deviation < COVERED_DEVIATION ? this.#dull + 1 : 0;
    if (this.#dull >= DULL_LOOKS) return mean < BLACK_MEAN ? "black" : "covered";
    return this.#same >= FROZEN_LOOKS ? "frozen" : "ok";
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
    await this.#running;
  }
}
