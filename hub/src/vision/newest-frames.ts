/** A camera's newest picture, for who sets the camera up. */
export interface NewestFrame {
  readonly jpeg: Buffer;
  /** ms UTC, as it reached the hub */
  readonly ts: number;
  readonly width: number;
  readonly height: number;
  /** "" = none named */
  readonly preset: string;
  /** it turned when the picture was taken, or looked away from its presets */
  readonly moving: boolean;
}

/** All pictures together, bytes; the longest unseen camera's goes first. */
const MAX_BYTES = 32 * 2 ** 20;
/** A camera that somebody asks for keeps its picture for so long, whatever others send, ms. */
const WANTED_MS = 900_000;
const MAX_WANTED = 64;

/** The newest picture of as many cameras as fit, in memory only: of those that somebody looks at in any case. */
export class NewestFrames {
  readonly #frames = new Map<string, NewestFrame>();
  readonly #wanted = new Map<string, number>();
  #bytes = 0;

  /** The picture is copied: it is a part of a larger network buffer. */
  note(uid: string, { jpeg, ...rest }: NewestFrame): void {
    this.#drop(uid);
    this.#frames.set(uid, { ...rest, jpeg: Buffer.from(jpeg) });
    this.#bytes += jpeg.length;
    for (const [other] of this.#frames) {
      if (this.#bytes <= MAX_BYTES) break;
      if (other !== uid && (this.#wanted.get(other) ?? 0) < rest.ts) this.#drop(other);
    }
  }

  /** @param now hub time, ms UTC */
  want(uid: string, now: number): NewestFrame | null {
    this.#wanted.delete(uid);
    this.#wanted.set(uid, now + WANTED_MS);
    for (const [first] of this.#wanted) {
      if (this.#wanted.size <= MAX_WANTED) break;
      this.#wanted.delete(first);
    }
    return this.#frames.get(uid) ?? null;
  }

  get(uid: string): NewestFrame | null {
    return this.#frames.get(uid) ?? null;
  }

  #drop(uid: string): void {
    this.#bytes -= this.#frames.get(uid)?.jpeg.length ?? 0;
    this.#frames.delete(uid);
  }
}
