import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { mulberry32 } from "@gridhub/device-profiles/seeded-random.ts";
import { MqttEdge } from "../mqtt-edge.ts";

export interface CameraParkOptions {
  /** e.g. `mqtt://127.0.0.1:1883` */
  readonly url: string;
  readonly cameras: number;
  /** gateways that they hang on, evenly */
  readonly edges: number;
  /** cameras with a fault from the start */
  readonly faulty: number;
  readonly seed: number;
  readonly site: string;
  /** of an edge that the hub knows */
  readonly tokenOf: (edge: string) => string;
  /** a JPEG that every camera sends */
  readonly picture: Buffer;
  readonly heartbeatMs?: number;
  /** between two patrol frames of a camera; 0 = none */
  readonly patrolMs?: number;
  /** degrees; the park is a square of a tenth of a degree around it */
  readonly lon?: number;
  readonly lat?: number;
}

/** What an edge agent says of cameras that do not work. */
const FAULTS = ["auth", "unreachable", "timeout", "frozen", "black", "covered", "low_fps", "certificate"] as const;
const STEP_MS = 200;

/**
 * Thousands of cameras as the hub hears of them: heartbeats of their edges with a reason for each that does not work, and now and then a
 * patrol frame. Which are faulty, and of what, is drawn from a seed.
 */
export class CameraPark {
  /** camera -> reason code */
  readonly faults = new Map<string, string>();
  readonly #options: CameraParkOptions;
  readonly #edges: { readonly edge: MqttEdge; readonly cameras: readonly string[] }[] = [];
  readonly counts = { heartbeats: 0, frames: 0 };
  #timer: NodeJS.Timeout | undefined;
  #step = 0;

  constructor(options: CameraParkOptions) {
    this.#options = options;
    const { cameras, edges, url, site, tokenOf, lon = 122.45, lat = 30.72, seed } = options;
    const draw = mulberry32(seed);
    const per = Math.ceil(cameras / edges);
    for (let e = 0; e < edges; e++) {
      const name = edgeName(e);
      const own = Array.from({ length: Math.min(per, cameras - e * per) }, (_, i) => cameraName(e * per + i));
      const devices = own.map((id) => ({
        id,
        profile: "generic/camera-snapshot",
        lon: lon + (draw() - 0.5) / 10,
        lat: lat + (draw() - 0.5) / 10,
      }));
      const edge = new MqttEdge({ url, site, name, token: tokenOf(name), devices, boot: 1 });
      this.#edges.push({ edge, cameras: own });
    }
    while (this.faults.size < Math.min(options.faulty, cameras))
      this.faults.set(cameraName(Math.floor(draw() * cameras)), FAULTS[Math.floor(draw() * FAULTS.length)]);
  }

  /** Names of the edges, which the hub has to know before the start. */
  static edges(n: number): string[] {
    return Array.from({ length: n }, (_, e) => edgeName(e));
  }

  /** Resolves when the hub knows all cameras. */
  async start(): Promise<void> {
    await Promise.all(this.#edges.map(({ edge }) => edge.start()));
    this.#timer = setInterval(() => this.#turn(), STEP_MS);
  }

  /** Power fails at one edge: no goodbye, no more heartbeats. @returns its cameras */
  cut(n: number): readonly string[] {
    const { edge, cameras } = this.#edges[n];
    edge.cut();
    return cameras;
  }

  /** From now on a camera works (`""`), or has this fault. */
  set(camera: string, code: string): void {
    if (code === "") this.faults.delete(camera);
    else this.faults.set(camera, code);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#edges.map(({ edge }) => edge.close()));
  }

  /** Edges and cameras take turns, so that the load is even. */
  #turn(): void {
    const { heartbeatMs = 30_000, patrolMs = 60_000, picture } = this.#options;
    const now = Date.now();
    const step = this.#step++;
    const beats = Math.max(1, Math.round(heartbeatMs / STEP_MS));
    const frames = Math.round(patrolMs / STEP_MS);
    for (const [e, { edge, cameras }] of this.#edges.entries()) {
      if (!edge.connected) continue;
      // the first one at once: the hub is to know of faults that are there
      if (step === 0 || (step + e) % beats === 0) {
        const sources = Object.fromEntries(cameras.map((id) => [id, this.faults.get(id) ?? "ok"]));
        edge.heartbeat(now, sources);
        this.counts.heartbeats++;
      }
      if (frames === 0) continue;
      for (const [i, id] of cameras.entries()) {
        const code = this.faults.get(id);
        // a frozen, black or slow camera sends pictures, the others have none
        const sends = code === undefined || code === "frozen" || code === "black" || code === "low_fps";
        if (!sends || (step + e * 7 + i) % frames !== 0) continue;
        edge.frame(id, message(now, picture));
        this.counts.frames++;
      }
    }
  }
}

function edgeName(e: number): string {
  return `park-${String(e + 1).padStart(3, "0")}`;
}

function cameraName(i: number): string {
  return `cam-${String(i + 1).padStart(5, "0")}`;
}

function message(ts: number, picture: Buffer): Buffer {
  const header: FrameHeader = { v: 1, ts, w: 64, h: 36, why: "patrol" };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, picture]);
}
