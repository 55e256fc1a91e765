import type { Socket } from "node:net";
import type { FrameStream } from "@gridhub/device-profiles/protocol/frame-stream.ts";

/** A sender that pauses so long inside a frame has not begun one. */
const STALL_MS = 3000;

export interface ConnectionOptions {
  readonly idleMs: number;
  /** time for the first frame of a known station, ms */
  readonly greetMs: number;
  /** handles one frame; resolves to the answer when that may be sent */
  frame(frame: Uint8Array): Promise<Uint8Array | null>;
  closed(): void;
}

/**
 * One connection of a station. While frames are being stored the socket is not read: what a station sends faster than the disk takes
 * it waits in the kernel, and this side holds one piece and one unfinished frame. Answers leave in the order of the frames.
 */
export class StationConnection {
  readonly #socket: Socket;
  readonly #stream: FrameStream;
  readonly #options: ConnectionOptions;
  #greet: NodeJS.Timeout | undefined;
  #stall: NodeJS.Timeout | undefined;
  #closing = false;
  #device: string | null = null;

  constructor(socket: Socket, stream: FrameStream, options: ConnectionOptions) {
    this.#socket = socket;
    this.#stream = stream;
    this.#options = options;
  }

  /** the device that this connection speaks for; null = it has not said */
  get device(): string | null {
    return this.#device;
  }

  /** bytes that belonged to no intact frame */
  get skipped(): number {
    return this.#stream.skipped;
  }

  start(): void {
    const socket = this.#socket;
    this.#greet = setTimeout(() => this.close(), this.#options.greetMs);
    socket.setTimeout(this.#options.idleMs, () => this.close());
    socket.on("data", (chunk) => this.#take(this.#stream.push(chunk)));
    // a peer that resets is news only by its "close"
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closing = true;
      clearTimeout(this.#greet);
      clearTimeout(this.#stall);
      this.#options.closed();
    });
  }

  speaksFor(device: string): void {
    this.#device = device;
    clearTimeout(this.#greet);
  }

  #take(frames: readonly Uint8Array[]): void {
    clearTimeout(this.#stall);
    if (this.#stream.pending > 0) this.#stall = setTimeout(() => this.#take(this.#stream.stalled()), STALL_MS);
    if (frames.length === 0) return;
    this.#socket.pause();
    // together: they share one disk write
    Promise.all(frames.map((frame) => (this.#closing ? null : this.#options.frame(frame)))).then(
      (answers) => this.#answer(answers.filter((answer) => answer !== null)),
      () => this.close(),
    );
  }

  #answer(answers: readonly Uint8Array[]): void {
    if (this.#socket.destroyed) return;
    if (this.#closing) {
      this.#socket.write(Buffer.concat(answers));
      this.#socket.destroySoon();
    } else if (answers.length === 0 || this.#socket.write(Buffer.concat(answers))) this.#socket.resume();
    // a station that does not read its answers is not read either
    else this.#socket.once("drain", () => this.#socket.resume());
  }

  /** Sends what is being answered, then closes. */
  closeAfterAnswer(): void {
    this.#closing = true;
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }
}
