import sharp from "sharp";
import type { NewestFrame, NewestFrames } from "./newest-frames.ts";

export interface Thumbnail {
  readonly jpeg: Buffer;
  /** of the frame that it was made of, ms UTC */
  readonly ts: number;
}

const WIDTH = 320;
/** Pictures of about 10 KB; the longest not asked for goes first. */
const KEPT = 512;

/** The newest pictures, small: made when somebody asks, one after the other, once a frame. */
export class Thumbnails {
  readonly #newest: NewestFrames;
  readonly #made = new Map<string, Thumbnail>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(newest: NewestFrames) {
    this.#newest = newest;
  }

  /** @returns null where no picture of the camera is kept, or none that can be decoded */
  of(uid: string): Promise<Thumbnail | null> {
    const made = this.#turn.then(() => this.#make(uid));
    this.#turn = made;
    return made;
  }

  async #make(uid: string): Promise<Thumbnail | null> {
    const frame = this.#newest.get(uid);
    const known = this.#made.get(uid);
    this.#made.delete(uid);
    if (frame === null) return null;
    const thumbnail = known?.ts === frame.ts ? known : await shrink(frame);
    if (thumbnail === null) return null;
    this.#made.set(uid, thumbnail);
    for (const [first] of this.#made) {
      if (this.#made.size <= KEPT) break;
      this.#made.delete(first);
    }
    return thumbnail;
  }
}

async function shrink({ jpeg, ts, width, height }: NewestFrame): Promise<Thumbnail | null> {
  try {
    // what the header says was looked at when the frame came
    const small = sharp(jpeg, { limitInputPixels: width * height, sequentialRead: true })
      .resize({ width: WIDTH, withoutEnlargement: true })
      .jpeg({ quality: 70 });
    return { jpeg: await small.toBuffer(), ts };
  } catch {
    return null;
  }
}
