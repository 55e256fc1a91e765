import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const NAME = /^([0-9a-f]{64})\.jpg$/;
const HASH = /^[0-9a-f]{64}$/;

interface Kept {
  bytes: number;
  /** ms UTC */
  at: number;
}

/**
 * Evidence pictures on disk, `<dir>/ab/abcdef...jpg`, named by their sha256: the same picture is kept once, and a changed one
 * does not fit its name. The oldest go first when age or size exceeds the limits.
 */
export class EvidenceStore {
  private readonly dir: string;
  private readonly maxBytes: number;
  private readonly maxAgeMs: number;
  /** oldest first */
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;

  constructor(options: { readonly dir: string; readonly maxBytes: number; readonly maxAgeMs: number }) {
    this.dir = options.dir;
    this.maxBytes = options.maxBytes;
    this.maxAgeMs = options.maxAgeMs;
  }

  /** Reads what is there. */
  start(): void {
    mkdirSync(this.dir, { recursive: true });
    const found: [string, Kept][] = [];
    for (const folder of readdirSync(this.dir)) {
      if (!/^[0-9a-f]{2}$/.test(folder)) continue;
      for (const file of readdirSync(join(this.dir, folder))) {
        const hash = NAME.exec(file)?.[1];
        if (hash === undefined) continue;
        const { size, mtimeMs } = statSync(join(this.dir, folder, file));
        found.push([hash, { bytes: size, at: mtimeMs }]);
      }
    }
    for (const [hash, kept] of found.sort((a, b) => a[1].at - b[1].at)) {
      this.kept.set(hash, kept);
      this.bytes += kept.bytes;
    }
  }

  /**
   * Writes a picture; synchronous, because the row that names it is committed next and evidence is rare (one or two files a
   * finding).
   * @returns sha256 hex @throws the file system's error
   */
  put(jpeg: Uint8Array, now: number): string {
    const hash = createHash("sha256").update(jpeg).digest("hex");
    if (this.kept.has(hash)) return hash;
    const path = this.path(hash);
    mkdirSync(join(this.dir, hash.slice(0, 2)), { recursive: true });
    // a crash in between leaves a file that no row names, never half a picture under its full name
    writeFileSync(`${path}.part`, jpeg);
    renameSync(`${path}.part`, path);
    this.kept.set(hash, { bytes: jpeg.length, at: now });
    this.bytes += jpeg.length;
    this.sweep(now);
    return hash;
  }

  /** @param hash as it came from outside: anything but 64 hex digits is answered with null, so no path can be built from it */
  async read(hash: string): Promise<Buffer | null> {
    if (!HASH.test(hash)) return null;
    try {
      return await readFile(this.path(hash));
    } catch {
      return null;
    }
  }

  /** Deletes what is too old or too much; @returns the hashes that went */
  sweep(now: number): string[] {
    const gone: string[] = [];
    for (const [hash, { bytes, at }] of this.kept) {
      if (this.bytes <= this.maxBytes && now - at <= this.maxAgeMs) break;
      rmSync(this.path(hash), { force: true });
      this.kept.delete(hash);
      this.bytes -= bytes;
      gone.push(hash);
    }
    return gone;
  }

  /** files and bytes on disk */
  get size(): { files: number; bytes: number } {
    return { files: this.kept.size, bytes: this.bytes };
  }

  private path(hash: string): string {
    return join(this.dir, hash.slice(0, 2), `${hash}.jpg`);
  }
}
