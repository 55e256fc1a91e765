import { createHash, type Hash } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClipEnd, type ClipFrame, clipFrames } from "@gridhub/device-profiles/clip.ts";

const ID = /^[0-9a-f]{16}$/;
const FILE = /^([0-9a-f]{16})\.clip$/;

/** Bytes of a clip that come in; in a file of its own until it is whole. */
interface Coming {
  readonly hash: Hash;
  parts: number;
  bytes: number;
}

/** What became of a piece or an end. */
export type Taken = "taken" | "ignored" | "malformed" | "too_large";

/**
 * Clips on disk, `<dir>/<id>.clip`; a part of one is `<id>.part` and is worth nothing after a restart. Synchronous writes of at most
 * 45 KB, because the row that names a clip is committed next, and clips are rare. The oldest go first.
 */
export class ClipStore {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #coming = new Map<string, Coming>();
  /** oldest first */
  readonly #kept = new Map<string, { readonly bytes: number; readonly at: number }>();
  readonly #frames = new Map<string, readonly ClipFrame[]>();
  #bytes = 0;

  constructor(options: { readonly dir: string; readonly maxBytes: number; readonly maxAgeMs: number }) {
    this.#dir = options.dir;
    this.#maxBytes = options.maxBytes;
    this.#maxAgeMs = options.maxAgeMs;
  }

  /** Reads what is there and removes what an end has left half. */
  start(): void {
    mkdirSync(this.#dir, { recursive: true });
    const found: [string, { bytes: number; at: number }][] = [];
    for (const name of readdirSync(this.#dir)) {
      const id = FILE.exec(name)?.[1];
      if (id === undefined) {
        if (name.endsWith(".part")) rmSync(join(this.#dir, name), { force: true });
        continue;
      }
      const { size, mtimeMs } = statSync(join(this.#dir, name));
      found.push([id, { bytes: size, at: mtimeMs }]);
    }
    for (const [id, kept] of found.sort((a, b) => a[1].at - b[1].at)) {
      this.#kept.set(id, kept);
      this.#bytes += kept.bytes;
    }
  }

  has(id: string): boolean {
    return this.#kept.has(id);
  }

  /** Bytes that have come of a clip so far. */
  coming(id: string): number {
    return this.#coming.get(id)?.bytes ?? 0;
  }

  /** Begins anew. @throws the file system's error */
  begin(id: string): void {
    writeFileSync(this.#path(id, "part"), "");
    this.#coming.set(id, { hash: createHash("sha256"), parts: 0, bytes: 0 });
  }

  /** A piece again, after a turn that had to be repeated, is ignored; one out of its turn spoils the clip. */
  piece(id: string, i: number, data: Buffer, maxBytes: number): Taken {
    const coming = this.#coming.get(id);
    if (coming === undefined || i < coming.parts) return "ignored";
    // what was on its way when it was asked for anew
    if (coming.parts === 0 && i > 0) return "ignored";
    if (i > coming.parts) return "malformed";
    if (coming.bytes + data.length > maxBytes) return "too_large";
    appendFileSync(this.#path(id, "part"), data);
    coming.hash.update(data);
    coming.parts++;
    coming.bytes += data.length;
    return "taken";
  }

  /** @returns taken = it is whole and is what was sent */
  async end(id: string, { parts, bytes, sha256 }: ClipEnd, now: number): Promise<Taken> {
    const coming = this.#coming.get(id);
    if (coming === undefined) return "ignored";
    this.#coming.delete(id);
    // aside first: it may be begun anew before it is read
    renameSync(this.#path(id, "part"), this.#path(id, "end.part"));
    const same = coming.parts === parts && coming.bytes === bytes && coming.hash.digest("hex") === sha256;
    const content = same ? await readFile(this.#path(id, "end.part")) : Buffer.alloc(0);
    const frames = clipFrames(content);
    if (frames === null) {
      rmSync(this.#path(id, "end.part"), { force: true });
      return "malformed";
    }
    renameSync(this.#path(id, "end.part"), this.#path(id, "clip"));
    this.#bytes += bytes - (this.#kept.get(id)?.bytes ?? 0);
    this.#kept.delete(id); // to the end
    this.#frames.delete(id);
    this.#kept.set(id, { bytes, at: now });
    return "taken";
  }

  drop(id: string): void {
    if (!this.#coming.delete(id)) return;
    rmSync(this.#path(id, "part"), { force: true });
  }

  /** Times of its pictures, ms UTC of the edge; null = it is not here. @param id as it came from outside */
  async frames(id: string): Promise<readonly ClipFrame[] | null> {
    if (!this.#kept.has(id)) return null;
    const known = this.#frames.get(id);
    if (known !== undefined) return known;
    const frames = clipFrames(await readFile(this.#path(id, "clip")).catch(() => Buffer.alloc(0)));
    if (frames === null) return null;
    this.#frames.set(id, frames);
    for (const [first] of this.#frames) {
      if (this.#frames.size <= 64) break;
      this.#frames.delete(first);
    }
    return frames;
  }

  /** One of its pictures, JPEG or PNG. */
  async picture(id: string, n: number): Promise<Buffer | null> {
    const frame = (await this.frames(id))?.[n];
    if (frame === undefined) return null;
    const content = await readFile(this.#path(id, "clip")).catch(() => null);
    return content?.subarray(frame.at, frame.at + frame.length) ?? null;
  }

  /** Deletes what is too old or too much; @returns ids that went */
  sweep(now: number): string[] {
    const gone: string[] = [];
    for (const [id, { bytes, at }] of this.#kept) {
      if (this.#bytes <= this.#maxBytes && now - at <= this.#maxAgeMs) break;
      rmSync(this.#path(id, "clip"), { force: true });
      this.#kept.delete(id);
      this.#frames.delete(id);
      this.#bytes -= bytes;
      gone.push(id);
    }
    return gone;
  }

  get size(): { files: number; bytes: number } {
    return { files: this.#kept.size, bytes: this.#bytes };
  }

  #path(id: string, kind: "part" | "end.part" | "clip"): string {
    if (!ID.test(id)) throw new Error("no id of a clip");
    return join(this.#dir, `${id}.${kind}`);
  }
}
