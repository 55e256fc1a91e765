import { createHash } from "node:crypto";
import { CLIP_LIMIT, CLIP_PIECE_BYTES, type ClipCommand, type ClipEnd } from "@gridhub/device-profiles/clip.ts";
import type { Device, Edge } from "../../device.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import type { ClipStore } from "./clip-store.ts";

/**
 * wanted: asked for as soon as the edge is there; coming: the edge was asked; here: on the hub's disk; failed: it will not come.
 * Reasons: what the edge says (`none`, `off`, `unknown`, `busy`, `invalid`, `error`), `late` (the edge did not come in time), `stalled`,
 * `malformed`, `too_large`, `disk`.
 */
export type ClipState = "wanted" | "coming" | "here" | "failed";

/** One clip that somebody wants, or has. JSON: it is durable. Times in ms UTC. */
export interface Clip {
  readonly id: string;
  /** of the camera */
  readonly uid: string;
  /** of the edge's clock */
  readonly from: number;
  readonly to: number;
  /** account, or "hub" */
  readonly by: string;
  readonly at: number;
  readonly state: ClipState;
  readonly reason: string;
  readonly bytes: number;
  readonly frames: number;
}

export interface ClipDeskOptions {
  readonly store: ClipStore;
  /** sends a command to an edge; fire and forget */
  readonly send: (edge: Edge, id: string, command: ClipCommand) => void;
  readonly device: (uid: string) => Device | undefined;
  readonly isOnline: (edge: Edge) => boolean;
  readonly onError: (error: Error) => void;
}

interface Live {
  clip: Clip;
  /** when something of it came last, or it was asked for */
  heard: number;
  tries: number;
}

const KEY = "clip ";
const MAX_BYTES = 8 * 2 ** 20;
/** Clips that come at a time, of all edges; of each edge it is one. */
const AT_ONCE = 4;
const MAX_WAITING = 256;
const MAX_KNOWN = 5000;
/** Without a piece for so long it is asked for again, ms; the edge waits for the end of the span first. */
const STALL_MS = 30_000;
const TRIES = 5;
const EVERY_MS = 250;
/** An edge that comes back later has forgotten, ms. */
const LATE_MS = 86_400_000;

/**
 * Asks edges for clips of what was raised, and takes in what they send. What is wanted is durable and is asked for again after a restart
 * of the hub, of the edge, or of the connection; pieces are not, so it comes anew. Only an edge that was asked may send, and only that.
 */
export class ClipDesk {
  readonly #options: ClipDeskOptions;
  readonly #clips = new Map<string, Live>();
  readonly #dirty = new Set<string>();
  #next = 0;
  #ends: { readonly id: string; readonly state: ClipState; readonly reason: string; readonly end?: ClipEnd }[] = [];

  constructor(options: ClipDeskOptions) {
    this.#options = options;
  }

  load(rows: readonly FoldStateRow[]): void {
    this.#clips.clear();
    this.#dirty.clear();
    this.#ends = [];
    for (const { key, state } of rows) {
      if (!key.startsWith(KEY) || state === null) continue;
      const clip = state as Clip;
      this.#options.store.drop(clip.id);
      const here = clip.state === "here" && this.#options.store.has(clip.id);
      const again = clip.state === "coming" || (clip.state === "here" && !here);
      this.#put({ ...clip, state: again ? "wanted" : clip.state }, 0);
      if (again) this.#dirty.add(clip.id);
    }
  }

  /** The clip of a camera around a time; the same one when it is wanted again. null = too many are. @param now hub time */
  want(uid: string, from: number, to: number, by: string, now: number): Clip | null {
    const begin = Math.floor(from);
    const end = Math.ceil(Math.min(to, from + CLIP_LIMIT.ms));
    const id = clipId(uid, begin, end);
    const known = this.#clips.get(id)?.clip;
    if (known !== undefined && known.state !== "failed") return known;
    let waiting = 0;
    for (const { clip } of this.#clips.values()) if (clip.state === "wanted") waiting++;
    if (waiting >= MAX_WAITING) return null;
    const clip: Clip = {
      ...{ id, uid, from: begin, to: end, by, at: now },
      ...{ state: "wanted", reason: "", bytes: 0, frames: 0 },
    };
    this.#put(clip, now);
    this.#dirty.add(id);
    for (const [first, { clip: old }] of this.#clips) {
      if (this.#clips.size <= MAX_KNOWN) break;
      if (old.state === "failed" || old.state === "here") this.#forget(first);
    }
    return clip;
  }

  get(id: string): Clip | null {
    return this.#clips.get(id)?.clip ?? null;
  }

  of(uid: string, from: number, to: number): Clip | null {
    return this.get(clipId(uid, Math.floor(from), Math.ceil(Math.min(to, from + CLIP_LIMIT.ms))));
  }

  /** Clips of a camera that begin in a span, wanted or here, by their begin. */
  list(uid: string, from: number, to: number): Clip[] {
    const found: Clip[] = [];
    for (const { clip } of this.#clips.values())
      if (clip.uid === uid && clip.from >= from && clip.from <= to) found.push(clip);
    return found.sort((a, b) => a.from - b.from);
  }

  /** Bytes that have come of it. */
  progress(id: string): number {
    const live = this.#clips.get(id);
    return live?.clip.state === "coming" ? this.#options.store.coming(id) : (live?.clip.bytes ?? 0);
  }

  /** An edge has connected: what it was sending is over. */
  announced(edge: Edge): void {
    for (const { clip } of this.#clips.values())
      if (clip.state === "coming" && this.#options.device(clip.uid)?.edge.key === edge.key) this.#again(clip);
  }

  /** An answer of an edge, parsed, from outside. @param now hub time, ms UTC */
  result(edge: Edge, value: unknown, now: number): void {
    if (typeof value !== "object" || value === null) return;
    const said = value as { readonly [key: string]: unknown };
    const live = typeof said.clip === "string" ? this.#clips.get(said.clip) : undefined;
    if (live === undefined || live.clip.state !== "coming") return;
    const { id, uid } = live.clip;
    if (this.#options.device(uid)?.edge.key !== edge.key) return;
    live.heard = now;
    if (typeof said.refused === "string") this.#done(id, "failed", said.refused.slice(0, 16));
    else if (typeof said.data === "string") this.#piece(id, said.i, said.data);
    else this.#end(id, said as unknown as ClipEnd, now);
  }

  /** Asks for what is wanted, asks again for what stalls, gives up what is too late. */
  tick(now: number, out: FoldStateRow[]): void {
    if (now >= this.#next || this.#ends.length > 0) {
      this.#next = now + EVERY_MS;
      this.#work(now);
    }
    for (const id of this.#dirty) {
      const live = this.#clips.get(id);
      out.push({ room: "vision", key: KEY + id, state: live === undefined ? null : live.clip });
    }
    this.#dirty.clear();
  }

  #work(now: number): void {
    const { device, isOnline, send, store } = this.#options;
    for (const { id, state, reason, end } of this.#ends.splice(0)) {
      const live = this.#clips.get(id);
      if (live === undefined) continue;
      // asked for anew while it was looked at
      store.drop(id);
      live.clip = { ...live.clip, state, reason, bytes: end?.bytes ?? 0, frames: end?.frames ?? 0 };
      this.#dirty.add(id);
    }
    const busy = new Set<string>();
    for (const live of this.#clips.values()) {
      if (live.clip.state !== "coming") continue;
      if (now - live.heard > STALL_MS + Math.max(0, live.clip.to - now)) this.#again(live.clip);
      else busy.add(device(live.clip.uid)?.edge.key ?? "");
    }
    for (const live of this.#clips.values()) {
      const { clip } = live;
      if (clip.state !== "wanted") continue;
      const camera = device(clip.uid);
      if (now - clip.at > LATE_MS) this.#done(clip.id, "failed", "late");
      else if (live.tries >= TRIES) this.#done(clip.id, "failed", "stalled");
      else if (camera === undefined) this.#done(clip.id, "failed", "unknown");
      else if (busy.size < AT_ONCE && !busy.has(camera.edge.key) && isOnline(camera.edge)) {
        busy.add(camera.edge.key);
        this.#begin(live, camera, now, send);
      }
    }
    for (const id of store.sweep(now)) this.#forget(id);
  }

  #begin(live: Live, camera: Device, now: number, send: ClipDeskOptions["send"]): void {
    const { clip } = live;
    try {
      this.#options.store.begin(clip.id);
    } catch (error) {
      this.#options.onError(error as Error);
      return this.#done(clip.id, "failed", "disk");
    }
    live.clip = { ...clip, state: "coming" };
    live.heard = now;
    live.tries++;
    this.#dirty.add(clip.id);
    send(camera.edge, clip.id, { op: "clip", device: camera.name, from: clip.from, to: clip.to, max_bytes: MAX_BYTES });
  }

  #piece(id: string, i: unknown, data: string): void {
    const bytes = Buffer.from(data, "base64");
    const sound = Number.isSafeInteger(i) && (i as number) >= 0 && bytes.length > 0 && bytes.length <= CLIP_PIECE_BYTES;
    let taken;
    try {
      taken = sound ? this.#options.store.piece(id, i as number, bytes, MAX_BYTES) : "malformed";
    } catch (error) {
      this.#options.onError(error as Error);
      return this.#done(id, "failed", "disk");
    }
    if (taken === "malformed" || taken === "too_large") this.#done(id, "failed", taken);
  }

  /** Whether it is whole is found out beside the turn; the next tick knows. */
  #end(id: string, end: ClipEnd, now: number): void {
    const { parts, bytes, sha256, frames } = end;
    const sound = [parts, bytes, frames].every(Number.isSafeInteger) && typeof sha256 === "string";
    if (!sound) return this.#done(id, "failed", "malformed");
    this.#options.store.end(id, end, now).then(
      (taken) => {
        if (taken === "taken") this.#ends.push({ id, state: "here", reason: "", end });
        else if (taken === "malformed") this.#ends.push({ id, state: "failed", reason: "malformed" });
      },
      (error: Error) => {
        this.#options.onError(error);
        this.#ends.push({ id, state: "failed", reason: "disk" });
      },
    );
  }

  #again(clip: Clip): void {
    const live = this.#clips.get(clip.id);
    if (live === undefined) return;
    this.#options.store.drop(clip.id);
    live.clip = { ...clip, state: "wanted" };
    this.#dirty.add(clip.id);
  }

  #done(id: string, state: ClipState, reason: string): void {
    const live = this.#clips.get(id);
    if (live === undefined) return;
    this.#options.store.drop(id);
    live.clip = { ...live.clip, state, reason };
    this.#dirty.add(id);
  }

  #put(clip: Clip, now: number): void {
    this.#clips.set(clip.id, { clip, heard: now, tries: 0 });
  }

  #forget(id: string): void {
    if (this.#clips.delete(id)) this.#dirty.add(id);
  }
}

/** The same camera and span give the same clip, whoever asks. */
export function clipId(uid: string, from: number, to: number): string {
  return createHash("sha256").update(`${uid} ${from} ${to}`).digest("hex").slice(0, 16);
}
