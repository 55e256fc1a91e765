import { createHash } from "node:crypto";
import {
  CLIP_HEAD_BYTES,
  CLIP_LIMIT,
  CLIP_PIECE_BYTES,
  type ClipCommand,
  type ClipEnd,
  type ClipPiece,
  type ClipRefusal,
  clipHead,
} from "@gridhub/device-profiles/clip.ts";
import type { Logger } from "pino";
import type { EvidenceRing } from "./evidence-ring.ts";

export interface ClipSenderOptions {
  /** null = this agent keeps no pictures, or may not send any */
  readonly ring: Pick<EvidenceRing, "read" | "flush"> | null;
  readonly devices: ReadonlySet<string>;
  /** bytes that may leave within an hour */
  readonly hourBytes: number;
  /** resolves when the hub has it; rejects when the connection ended */
  readonly answer: (id: string, payload: string) => Promise<void>;
  /** ms UTC */
  readonly now: () => number;
  readonly log: Logger;
}

const MAX_WAITING = 8;
const HOUR_MS = 3_600_000;

/**
 * Answers the hub's requests for clips out of the evidence ring: one after the other, a piece at a time, so that a clip never stands in
 * the way of an alarm. Sends nothing but what was asked for, of the agent's own cameras, and so much an hour.
 */
export class ClipSender {
  readonly #options: ClipSenderOptions;
  readonly #waiting = new Map<string, ClipCommand>();
  #running: Promise<void> | null = null;
  readonly #stop = new AbortController();
  #hour = 0;
  #sent = 0;

  constructor(options: ClipSenderOptions) {
    this.#options = options;
  }

  /** @param command parsed JSON of `cmd/<id>`, from outside */
  ask(id: string, command: unknown): void {
    const { ring, devices } = this.#options;
    const asked = readCommand(command);
    if (asked === null) return this.#refuse(id, "invalid");
    if (ring === null) return this.#refuse(id, "off");
    if (!devices.has(asked.device)) return this.#refuse(id, "unknown");
    // asked for again: a hub that has lost what had come wants all of it
    if (!this.#waiting.has(id) && this.#waiting.size >= MAX_WAITING) return this.#refuse(id, "busy");
    this.#waiting.set(id, asked);
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#waiting.clear();
    await this.#running;
  }

  #refuse(id: string, refused: ClipRefusal["refused"]): void {
    const payload: ClipRefusal = { clip: id, refused };
    // without a connection nobody waits for it any more
    this.#options.answer(id, JSON.stringify(payload)).catch(() => {});
  }

  async #run(): Promise<void> {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#stop.signal.aborted) return;
      const [id, command] = next;
      try {
        await this.#send(id, command);
      } catch (error) {
        if (!this.#stop.signal.aborted)
          this.#options.log.warn({ err: (error as Error).message, clip: id }, "a clip was not sent");
      }
      if (this.#waiting.get(id) === command) this.#waiting.delete(id);
    }
  }

  async #send(id: string, command: ClipCommand): Promise<void> {
    const { ring, now, log } = this.#options;
    if (ring === null) return;
    await this.#until(command.to);
    await ring.flush();
    const chosen = await choose(ring, command).catch((error: Error) => {
      log.error({ err: error.message }, "evidence cannot be read");
      return null;
    });
    if (chosen === null) return this.#refuse(id, "error");
    if (chosen.times.size === 0) return this.#refuse(id, "none");
    if (!this.#affords(chosen.bytes, now())) return this.#refuse(id, "busy");
    const answer = (payload: object): Promise<void> => {
      if (this.#waiting.get(id) !== command) throw new Error("asked for again");
      return this.#answer(id, JSON.stringify({ clip: id, ...payload }));
    };
    const out = new Pieces(answer);
    for await (const { ts, picture } of ring.read(command.device, command.from, command.to)) {
      if (this.#stop.signal.aborted) return;
      if (!chosen.times.has(ts)) continue;
      // as it leaves: a link that breaks in the middle, again and again, does not use up an hour with what never went
      this.#sent += CLIP_HEAD_BYTES + picture.length;
      await out.add(clipHead(ts, picture.length));
      await out.add(picture);
      out.frames++;
    }
    // the ring forgot it while it was being read
    if (out.frames === 0) return this.#refuse(id, "none");
    const end = await out.end();
    await answer(end);
    log.info({ clip: id, device: command.device, frames: end.frames, bytes: end.bytes }, "a clip was sent");
  }

  /** An agent that stops does not wait for a hub that takes nothing. */
  async #answer(id: string, payload: string): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) throw new Error("the agent stops");
    let abort = (): void => {};
    const stopped = new Promise<never>((_, reject) => {
      abort = () => reject(new Error("the agent stops"));
      signal.addEventListener("abort", abort);
    });
    try {
      await Promise.race([this.#options.answer(id, payload), stopped]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** What is asked for may still be going on. */
  async #until(time: number): Promise<void> {
    const wait = Math.min(CLIP_LIMIT.ms, time - this.#options.now());
    const { signal } = this.#stop;
    if (wait <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, wait);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    });
  }

  #affords(bytes: number, now: number): boolean {
    const hour = Math.floor(now / HOUR_MS);
    if (hour !== this.#hour) this.#sent = 0;
    this.#hour = hour;
    return this.#sent + bytes <= this.#options.hourBytes;
  }
}

/** Times of the pictures that fit: all, or every second, third ... one. */
async function choose(
  ring: Pick<EvidenceRing, "read">,
  { device, from, to, max_bytes }: ClipCommand,
): Promise<{ times: Set<number>; bytes: number }> {
  const all: { ts: number; bytes: number }[] = [];
  for await (const { ts, picture } of ring.read(device, from, to))
    all.push({ ts, bytes: CLIP_HEAD_BYTES + picture.length });
  for (let step = 1; step <= all.length; step++) {
    const some = all.filter((_, i) => i % step === 0);
    const bytes = some.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes <= max_bytes) return { times: new Set(some.map(({ ts }) => ts)), bytes };
  }
  return { times: new Set(), bytes: 0 };
}

/** Cuts a stream of bytes into pieces of the contract's size. */
class Pieces {
  readonly #send: (piece: Omit<ClipPiece, "clip">) => Promise<void>;
  readonly #hash = createHash("sha256");
  #held: Buffer[] = [];
  #heldBytes = 0;
  #bytes = 0;
  #parts = 0;
  frames = 0;

  constructor(send: (piece: Omit<ClipPiece, "clip">) => Promise<void>) {
    this.#send = send;
  }

  async add(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const taken = bytes.subarray(at, at + CLIP_PIECE_BYTES - this.#heldBytes);
      at += taken.length;
      this.#held.push(taken);
      this.#heldBytes += taken.length;
      if (this.#heldBytes === CLIP_PIECE_BYTES) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const data = Buffer.concat(this.#held).toString("base64");
    this.#held = [];
    this.#heldBytes = 0;
    await this.#send({ i: this.#parts++, data });
  }

  async end(): Promise<Omit<ClipEnd, "clip">> {
    if (this.#heldBytes > 0) await this.#flush();
    return { parts: this.#parts, bytes: this.#bytes, sha256: this.#hash.digest("hex"), frames: this.frames };
  }
}

function readCommand(value: unknown): ClipCommand | null {
  if (typeof value !== "object" || value === null) return null;
  const { op, device, from, to, max_bytes } = value as { readonly [K in keyof ClipCommand]?: unknown };
  if (op !== "clip" || typeof device !== "string") return null;
  if (typeof from !== "number" || typeof to !== "number" || typeof max_bytes !== "number") return null;
  const span = to - from;
  if (!(span >= 0 && span <= CLIP_LIMIT.ms && max_bytes > 0)) return null;
  return { op, device, from, to, max_bytes: Math.min(max_bytes, CLIP_LIMIT.bytes) };
}
