import { CameraError } from "./camera-error.ts";

const SOI = Buffer.from([0xff, 0xd8]);
const EOI = Buffer.from([0xff, 0xd9]);

/**
 * Cuts a stream of JPEG pictures one after the other, as ffmpeg's `image2pipe` writes them, into pictures. Inside the coded data FF D9
 * does not occur (ITU-T T.81 B.1.1.5 stuffs every FF), and ffmpeg writes no thumbnails that would have an end of their own. Keeps at
 * most one unfinished picture.
 */
export class JpegSplitter {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #size = 0;

  /** @param limit bytes of one picture */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns the pictures that this chunk completes. @throws CameraError too_large, not_a_picture */
  push(chunk: Buffer): Buffer[] {
    const pictures: Buffer[] = [];
    let from = 0;
    // The end marker may lie across two chunks.
    const before = this.#parts.at(-1);
    if (before?.at(-1) === 0xff && chunk[0] === 0xd9) from = this.#finish(chunk, 0, 1, pictures);
    for (;;) {
      const end = chunk.indexOf(EOI, from);
      if (end < 0) break;
      from = this.#finish(chunk, from, end + 2, pictures);
    }
    if (from < chunk.length) {
      this.#parts.push(chunk.subarray(from));
      this.#size += chunk.length - from;
      if (this.#size > this.#limit) throw new CameraError("too_large", `a picture of more than ${this.#limit} bytes`);
    }
    return pictures;
  }

  #finish(chunk: Buffer, from: number, to: number, pictures: Buffer[]): number {
    const picture = Buffer.concat([...this.#parts, chunk.subarray(from, to)]);
    this.#parts = [];
    this.#size = 0;
    if (picture.length > this.#limit) throw new CameraError("too_large", `a picture of more than ${this.#limit} bytes`);
    if (!picture.subarray(0, 2).equals(SOI)) throw new CameraError("not_a_picture", "ffmpeg wrote no JPEG");
    pictures.push(picture);
    return to;
  }
}
