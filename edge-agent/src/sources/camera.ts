import { createHash } from "node:crypto";
import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import type { SourceOf } from "../config.ts";
import { fitFrame, gateLuma } from "./frame-ladder.ts";
import { DEFAULT_GATE, MotionGate } from "./motion-gate.ts";
import { onvifSnapshotUri } from "./onvif-uri.ts";
import { fetchSnapshot, SnapshotError } from "./snapshot.ts";
import type { Source, SourceContext } from "./source.ts";

const HEADER_BYTES = 512;
const BACKOFF_MAX_MS = 30_000;
/** The very same bytes so many times in a row: the picture is frozen. Live sensors always have noise. */
const FROZEN_AFTER = 20;
/** Mean luma and deviation below which a picture is black, or covered. */
const BLACK_MEAN = 6;
const COVERED_DEVIATION = 4;

/**
 * A camera by HTTP or ONVIF snapshot. Looks often, sends seldom: frames with motion (and a while after it), and patrol samples
 * when nothing moves, because stalls, debris and slow smoke do not. What is wrong with the picture becomes a status code.
 */
export class CameraSource implements Source {
  readonly #config: SourceOf<"snapshot"> | SourceOf<"onvif">;
  readonly #gate: MotionGate;
  #url: string | null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #stopped = false;
  #failures = 0;
  #lastMotion = 0;
  #lastSent = 0;
  #lastHash = "";
  #same = 0;

  constructor(config: SourceOf<"snapshot"> | SourceOf<"onvif">) {
    this.#config = config;
    const mask = (config.mask ?? []) as unknown as readonly (readonly (readonly [number, number])[])[];
    this.#gate = new MotionGate({ ...DEFAULT_GATE, mask });
    this.#url = config.kind === "snapshot" ? config.url : null;
  }

  async start(context: SourceContext): Promise<void> {
    this.#schedule(context, 0);
  }

  #schedule(context: SourceContext, delay: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#turn(context).finally(() => (this.#running = null));
    }, delay);
  }

  async #turn(context: SourceContext): Promise<void> {
    const { device, interval_ms } = this.#config;
    const began = context.now();
    try {
      const code = await this.#look(context);
      this.#failures = 0;
      context.status(device, code);
      this.#schedule(context, Math.max(0, interval_ms - (context.now() - began)));
    } catch (error) {
      context.status(device, error instanceof SnapshotError ? error.code : "not_a_picture");
      // A camera may have got a new address for its snapshot after a reboot.
      if (this.#config.kind === "onvif") this.#url = null;
      this.#failures++;
      this.#schedule(context, Math.min(BACKOFF_MAX_MS, interval_ms * 2 ** Math.min(this.#failures, 10)));
    }
  }

  /** One look at the picture. @returns the camera's status code */
  async #look(context: SourceContext): Promise<string> {
    const { device, username, password, timeout_ms } = this.#config;
    if (this.#url === null && this.#config.kind === "onvif") {
      const { host, port } = this.#config;
      this.#url = await onvifSnapshotUri({ host, port, username, password, timeoutMs: timeout_ms });
    }
    const picture = await fetchSnapshot(this.#url!, { username, password }, timeout_ms);
    const hash = createHash("sha1").update(picture).digest("base64");
    this.#same = hash === this.#lastHash ? this.#same + 1 : 0;
    this.#lastHash = hash;
    const verdict = this.#gate.look(await gateLuma(picture));
    const now = context.now();
    if (verdict.motion) this.#lastMotion = now;
    const why = this.#due(now);
    if (why !== null) {
      const fitted = await fitFrame(picture, LANE_LIMIT.frame - HEADER_BYTES);
      if (fitted === null) return "too_large";
      const header: FrameHeader = {
        v: 1,
        ts: now,
        w: fitted.w,
        h: fitted.h,
        why,
        motion: Math.round(verdict.largest * 1e4) / 1e4,
      };
      if (context.frame(device, header, fitted.jpeg)) this.#lastSent = now;
    }
    if (verdict.mean < BLACK_MEAN) return "black";
    if (verdict.deviation < COVERED_DEVIATION) return "covered";
    return this.#same >= FROZEN_AFTER ? "frozen" : "ok";
  }

  #due(now: number): FrameHeader["why"] | null {
    const { hold_ms, patrol_ms, min_gap_ms } = this.#config;
    const since = now - this.#lastSent;
    if (this.#lastMotion > 0 && now - this.#lastMotion <= hold_ms) return since >= min_gap_ms ? "motion" : null;
    return since >= patrol_ms ? "patrol" : null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
