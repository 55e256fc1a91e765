import { createHash } from "node:crypto";
import type { ClipInfo, ClipPictures, NewClip } from "../../src/api/clip-schema.ts";
import type { EventDetail, User } from "../../src/api/schema.ts";
import { smoke, stall } from "./evidence.ts";
import type { World } from "./world.ts";

type Answer = [status: number, body: unknown];
type Step = Pick<ClipInfo, "state"> & Partial<Pick<ClipInfo, "reason" | "bytes" | "by" | "edgeOnline">>;

/** What becomes of a clip that is asked for: each look at it is a step. */
const ARRIVAL: readonly Step[] = [
  { state: "wanted" },
  { state: "coming", bytes: 430_000 },
  { state: "coming", bytes: 1_240_000 },
  { state: "here", bytes: 1_912_300 },
];
const HERE: Step = { state: "here", bytes: 2_431_902, by: "hub" };
/** One after another for events of long ago. */
const PAST: readonly Step[] = [
  { state: "gone" },
  { state: "failed", reason: "none", by: "operator" },
  { state: "failed", reason: "stalled", by: "hub" },
  { state: "off" },
  { state: "failed", reason: "busy", by: "hub" },
  { state: "unknown", edgeOnline: false },
];
const EVERY_MS = 500;
/** an edge that sees nothing move sends fewer */
const PAUSE_MS = 12_000;
const OLD_MS = 1_800_000;

interface Kept {
  readonly uid: string;
  readonly from: number;
  readonly to: number;
  readonly kind: string;
  by: string;
  /** where it stands when nobody has asked for it */
  readonly first: Step;
  /** into ARRIVAL; null = not asked for */
  step: number | null;
}

/** Clips of the mock: of each vision event its own camera's, of a fire a second camera's behind an edge that is away. */
export function makeClips(world: World, details: ReadonlyMap<string, EventDetail>) {
  const kept = new Map<string, Kept>();
  const fail = (status: number, code: string): Answer => [status, { code, message: code }];
  const titleOf = (uid: string) => world.devices.find((d) => d.uid === uid)?.title ?? uid;

  function put(uid: string, span: { from: number; to: number }, kind: string, first: Step): string {
    const id = createHash("sha256").update(`${uid} ${span.from} ${span.to}`).digest("hex").slice(0, 16);
    if (!kept.has(id)) kept.set(id, { uid, ...span, kind, by: first.by ?? "", first, step: null });
    return id;
  }

  /** ids of what an event has */
  function of({ event, evidence }: EventDetail, now: number): string[] {
    const { clip } = evidence as { clip?: { from: number; to: number } };
    if (clip === undefined || event.deviceUid === null) return [];
    const n = Number(event.id.slice(4, 8));
    const old = now - clip.from > OLD_MS;
    const first: Step =
      event.kind === "vision.fire" && !old ? HERE : old ? PAST[n % PAST.length]! : { state: "at_edge" };
    const ids = [put(event.deviceUid, clip, event.kind, first)];
    const away = world.devices.find((d) => d.kind === "camera" && d.site === event.deviceUid?.split("/")[0] && d.health === "offline"); // prettier-ignore
    if (event.kind === "vision.fire" && !old && away !== undefined)
      ids.push(put(away.uid, clip, event.kind, { state: "wanted", by: "hub", edgeOnline: false }));
    return ids;
  }

  function info(id: string): ClipInfo {
    const clip = kept.get(id)!;
    const { uid, from, to, by } = clip;
    const now = clip.step === null ? clip.first : ARRIVAL[Math.min(clip.step, ARRIVAL.length - 1)]!;
    if (clip.step !== null) clip.step++;
    const { state, reason = "", bytes = 0, edgeOnline = true } = now;
    const frames = state === "here" ? timesOf(clip).length : 0;
    const url =
      state === "at_edge" ? `https://10.20.0.7:8090/evidence/${uid.split("/")[1]}/clip?from=${from}&to=${to}` : null;
    return { id, camera: uid, title: titleOf(uid), from, to, state, reason, edgeOnline, bytes, frames, by, url };
  }

  const timesOf = ({ from, to }: Kept) =>
    Array.from({ length: Math.floor((to - from) / EVERY_MS) }, (_, i) => from + i * EVERY_MS).filter(
      (ts) => ts < to - PAUSE_MS || ts >= to - 2 * EVERY_MS,
    );

  return {
    /** null = not a route of this room */
    answer(method: string, path: string, body: unknown, user: User): Answer | null {
      const event = /^\/api\/events\/([^/]+)\/clips$/u.exec(path)?.[1];
      if (event !== undefined) {
        const detail = details.get(event);
        if (detail === undefined) return fail(404, "NOT_FOUND");
        const ids = of(detail, Date.now());
        if (method === "POST") {
          if (user.role === "viewer") return fail(403, "FORBIDDEN");
          const { camera, from } = body as NewClip;
          const clip = ids.map((id) => kept.get(id)!).find((c) => c.uid === camera && c.from === from);
          if (clip === undefined) return fail(404, "NOT_FOUND");
          clip.step = 0;
          clip.by = user.username;
        }
        return [200, { items: ids.map(info) }];
      }
      const id = /^\/api\/clips\/([0-9a-f]{16})$/u.exec(path)?.[1];
      if (id === undefined) return null;
      const clip = kept.get(id);
      if (clip === undefined) return fail(404, "NOT_FOUND");
      const { uid: camera, from, to } = clip;
      return [200, { camera, from, to, times: timesOf(clip) } satisfies ClipPictures];
    },
    /** picture of a clip as SVG; undefined = not a route of this room, or none */
    picture(path: string): string | undefined {
      const [, id, n] = /^\/api\/clips\/([0-9a-f]{16})\/frames\/(\d+)$/u.exec(path) ?? [];
      const clip = kept.get(id ?? "");
      const ts = clip === undefined ? undefined : timesOf(clip)[Number(n)];
      if (clip === undefined || ts === undefined) return undefined;
      // it begins ten seconds in, and grows
      const seconds = (ts - clip.from) / 1000;
      return (clip.kind === "vision.stall" ? stall() : smoke(Math.max(-4, Math.min(3, seconds - 10)))).svg;
    },
  };
}
