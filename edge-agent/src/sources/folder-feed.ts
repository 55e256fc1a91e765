import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CameraError } from "./camera-error.ts";
import type { Picture, PictureFeed } from "./picture-feed.ts";

const MAX_FILES = 1_000_000;

/** The pictures of a folder in the order of their names, one a look. */
export class FolderFeed implements PictureFeed {
  readonly #path: string;
  readonly #loop: boolean;
  #names: string[] = [];
  #at = 0;

  constructor(path: string, loop: boolean) {
    this.#path = path;
    this.#loop = loop;
  }

  async next(): Promise<Picture> {
    if (this.#at >= this.#names.length) {
      if (this.#names.length > 0 && !this.#loop) throw new CameraError("no_file", "the folder has come to its end");
      await this.#list();
    }
    const path = join(this.#path, this.#names[this.#at++]);
    const bytes = await readFile(path).catch((error: Error) => {
      throw new CameraError("no_file", error.message);
    });
    return { bytes, cameraTime: null };
  }

  async #list(): Promise<void> {
    const all = await readdir(this.#path).catch((error: Error) => {
      throw new CameraError("no_file", error.message);
    });
    this.#names = all
      .filter((name) => /\.(jpe?g|png)$/i.test(name))
      .sort()
      .slice(0, MAX_FILES);
    this.#at = 0;
    if (this.#names.length === 0) throw new CameraError("no_file", `no pictures in ${this.#path}`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
