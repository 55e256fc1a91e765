import { appendFile, mkdir, open, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";

export interface EvidenceOptions {
  readonly dir: string;
  /** how long pictures are kept, ms */
  readonly keepMs: number;
  /** bytes of all cameras together */
  readonly maxBytes: number;
  /** bytes of the disk that stay free: the ring shrinks as others need room, so that records are never refused for its sake */
  readonly reserveBytes: number;
  /** bytes free on the disk of `dir`; default: what the system says */
  readonly free?: () => Promise<number>;
  /** ms UTC */
  readonly now: () => number;
  readonly log: Logger;
}

export interface EvidencePicture {
  /** ms UTC */
  readonly ts: number;
  readonly picture: Buffer;
}

interface Segment {
  readonly device: string;
  readonly path: string;
  readonly from: number;
  to: number;
  bytes: number;
}

/** A file holds so much of one camera's time, ms: the unit in which the ring forgets. */
const SEGMENT_MS = 10_000;
const HEAD_BYTES = 12;
/** Pictures that wait for a slow disk; more are dropped. */
const MAX_PENDING = 16_777_216;
const MAX_PICTURE = 16_777_216;

/**
 * The last minutes of every camera on disk, for whoever looks into an event later. Bounded by time and by bytes, the oldest go first;
 * a record is u32 length, f64 time (ms UTC), picture. No fsync: evidence must not slow the spool down, and a torn end is
 * skipped when it is read.
 */
export class EvidenceRing {
  readonly #options: EvidenceOptions;
  /** oldest first */
  #segments: Segment[] = [];
  readonly #open = new Map<string, Segment>();
  #bytes = 0;
  #pending = 0;
  #chain: Promise<void> = Promise.resolve();
  #failed = false;
  /** pictures that the disk was too slow or too full for */
  dropped = 0;

  constructor(options: EvidenceOptions) {
    this.#options = options;
  }

  /** Finds what an earlier run left. @throws Error when the folder cannot be used */
  async start(): Promise<void> {
    const { dir } = this.#options;
    await mkdir(dir, { recursive: true });
    for (const device of await readdir(dir)) {
      const files = await readdir(join(dir, device)).catch(() => []);
      for (const name of files) {
        const from = Number(/^(\d+)\.mjr$/.exec(name)?.[1] ?? Number.NaN);
        const path = join(dir, device, name);
        if (Number.isNaN(from)) continue;
        const { size } = await stat(path);
        this.#segments.push({ device: decodeURIComponent(device), path, from, to: from + SEGMENT_MS, bytes: size });
        this.#bytes += size;
      }
    }
    this.#segments.sort((a, b) => a.from - b.from);
    this.#later(() => this.#forget());
  }

  /** Keeps a picture; returns at once. */
  add(device: string, ts: number, picture: Buffer): void {
    if (this.#pending + picture.length > MAX_PENDING) {
      this.dropped++;
      return;
    }
    this.#pending += picture.length;
    this.#later(async () => {
      try {
        await this.#write(device, ts, picture);
        this.#failed = false;
      } catch (error) {
        this.dropped++;
        if (!this.#failed) this.#options.log.error({ err: (error as Error).message }, "evidence cannot be kept");
        this.#failed = true;
      } finally {
        this.#pending -= picture.length;
      }
    });
  }

  #later(work: () => Promise<void>): void {
    this.#chain = this.#chain.then(work).catch((error: Error) => {
      this.#options.log.error({ err: error.message }, "evidence ring");
    });
  }

  async #write(device: string, ts: number, picture: Buffer): Promise<void> {
    let segment = this.#open.get(device);
    // A clock that was set back begins a new file too.
    if (segment === undefined || ts >= segment.from + SEGMENT_MS || ts < segment.to) {
      this.#open.delete(device);
      await this.#forget();
      if ((await this.#room()) < picture.length) throw new Error("the disk has no room for evidence");
      segment = await this.#begin(device, ts);
    }
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(picture.length, 0);
    head.writeDoubleBE(ts, 4);
    await appendFile(segment.path, Buffer.concat([head, picture]));
    const size = HEAD_BYTES + picture.length;
    segment.to = ts;
    segment.bytes += size;
    this.#bytes += size;
    if (this.#bytes > this.#options.maxBytes) await this.#forget();
  }

  async #begin(device: string, ts: number): Promise<Segment> {
    const folder = join(this.#options.dir, encodeURIComponent(device));
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${Math.floor(ts)}.mjr`);
    const segment = { device, path, from: ts, to: ts, bytes: 0 };
    // The clock may stand where it stood before: what is there is added to.
    const known = this.#segments.find((other) => other.path === path);
    if (known === undefined) this.#segments.push(segment);
    this.#open.set(device, known ?? segment);
    return known ?? segment;
  }

  /** Bytes that the ring may have now. */
  async #room(): Promise<number> {
    const { dir, maxBytes, reserveBytes, free } = this.#options;
    const left = free === undefined ? await freeBytes(dir) : await free();
    return Math.min(maxBytes, this.#bytes + left - reserveBytes);
  }

  async #forget(): Promise<void> {
    const room = await this.#room();
    const oldest = this.#options.now() - this.#options.keepMs;
    const gone = this.#segments.filter((segment) => segment.to < oldest);
    let left = this.#bytes - gone.reduce((sum, segment) => sum + segment.bytes, 0);
    for (const segment of this.#segments) {
      if (left <= room) break;
      if (gone.includes(segment)) continue;
      gone.push(segment);
      left -= segment.bytes;
    }
    for (const segment of gone) {
      await rm(segment.path, { force: true });
      if (this.#open.get(segment.device) === segment) this.#open.delete(segment.device);
      this.#bytes -= segment.bytes;
    }
    if (gone.length > 0) this.#segments = this.#segments.filter((segment) => !gone.includes(segment));
  }

  /** What is kept: time span (ms UTC) and bytes of each camera. */
  spans(): Record<string, { from: number; to: number; bytes: number }> {
    const spans: Record<string, { from: number; to: number; bytes: number }> = {};
    for (const { device, from, to, bytes } of this.#segments) {
      const span = Object.hasOwn(spans, device) ? spans[device] : { from, to, bytes: 0 };
      spans[device] = { from: Math.min(span.from, from), to: Math.max(span.to, to), bytes: span.bytes + bytes };
    }
    return spans;
  }

  /** Pictures of one camera, from and to included, in the order they were taken; one in memory at a time. */
  async *read(device: string, from: number, to: number): AsyncGenerator<EvidencePicture> {
    const wanted = this.#segments.filter((s) => s.device === device && s.to >= from && s.from <= to);
    for (const { path } of wanted) {
      // It may be forgotten while it is read.
      const file = await open(path, "r").catch(() => null);
      if (file === null) continue;
      try {
        const head = Buffer.alloc(HEAD_BYTES);
        for (let at = 0; (await file.read(head, 0, HEAD_BYTES, at)).bytesRead === HEAD_BYTES;) {
          const length = head.readUInt32BE(0);
          const ts = head.readDoubleBE(4);
          if (length > MAX_PICTURE) break;
          at += HEAD_BYTES;
          if (ts >= from && ts <= to) {
            const picture = Buffer.alloc(length);
            if ((await file.read(picture, 0, length, at)).bytesRead < length) break;
            yield { ts, picture };
          }
          at += length;
        }
      } finally {
        await file.close();
      }
    }
  }

  /** Resolves when everything that was added is written. */
  async flush(): Promise<void> {
    await this.#chain;
  }
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}
