import Type from "typebox";
import { CLIP_LIMIT } from "@gridhub/device-profiles/clip.ts";
import type { Device } from "../../device.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { eventDetail } from "../../store/queries/events.ts";
import { clipId } from "../../vision/clips/clip-desk.ts";
import type { App } from "../app.ts";
import { ClipPictures, type ClipInfo, Clips, NewClip } from "../clip-schema.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Text } from "../query.ts";
import type { Scope } from "../scope.ts";

const tags = ["events"];
const Id = Type.Object({ id: Text(64) });
const ClipId = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{16}$" }) });

/** A span that somebody wanted belongs to an event when it is no farther from those that its evidence names, ms. */
const AROUND_MS = 900_000;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the edges' evidence rings hold of an event, and the clips that were fetched. */
export function clipRoutes(app: App, { context }: Parts): void {
  const { vision, registry, health, pool, pipeline, clock } = context;
  const { clips, edgeReports } = vision;

  /** Its cameras that the account sees, with the spans that its evidence names; newest last. */
  async function clipsOf(id: string, scope: Scope): Promise<Map<Device, Span[]>> {
    const found = await blaming(eventDetail(pool, id));
    if (found === null || !scope.has(found.event.gridId)) throw notFound("event");
    const spans = new Map<Device, Span[]>();
    for (const evidence of [...found.timeline.map((line) => line.evidence), found.event.evidence]) {
      const { clip, cameras, camera } = (evidence ?? {}) as { clip?: unknown; cameras?: unknown; camera?: unknown };
      if (!isSpan(clip)) continue;
      const { from, to } = clip;
      for (const uid of new Set([camera, ...(Array.isArray(cameras) ? (cameras as unknown[]) : [])])) {
        const device = typeof uid === "string" ? registry.device(uid) : undefined;
        if (device === undefined || !scope.hasDevice(device)) continue;
        const known = spans.get(device) ?? [];
        if (!known.some((s) => s.from === from && s.to === to)) known.push({ from, to });
        spans.set(device, known);
      }
    }
    return spans;
  }

  function infoOf(device: Device, { from, to }: Span, now: number): ClipInfo {
    const clip = clips?.of(device.uid, from, to) ?? null;
    const kept = edgeReports.evidence(device.edge);
    const possible = kept === undefined ? "unknown" : kept === null || !kept.upload ? "off" : "at_edge";
    const gone = kept != null && now - from > kept.keepMs;
    const path = `/evidence/${encodeURIComponent(device.name)}/clip?from=${from}&to=${to}`;
    return {
      id: clip?.id ?? clipId(device.uid, from, to),
      camera: device.uid,
      title: device.title || device.uid,
      from,
      to,
      state: clip?.state ?? (possible === "at_edge" && gone ? "gone" : possible),
      reason: clip?.reason ?? "",
      edgeOnline: health.of(`edge:${device.edge.key}`)?.state === "online",
      bytes: clip === null ? 0 : (clips?.progress(clip.id) ?? 0),
      frames: clip?.frames ?? 0,
      by: clip?.by ?? "",
      url: kept == null || kept.url === null || gone ? null : kept.url.replace(/\/$/, "") + path,
    };
  }

  const listOf = (spans: ReadonlyMap<Device, readonly Span[]>) => {
    const now = clock();
    const items = [...spans].flatMap(([device, list]) => {
      const all = [...list];
      // other spans of the same time that somebody wanted
      for (const { from, to } of clips?.list(device.uid, list[0].from - AROUND_MS, now) ?? [])
        if (!all.some((s) => s.from === from && s.to === to) && from <= list[list.length - 1].to + AROUND_MS)
          all.push({ from, to });
      return all.map((span) => infoOf(device, span, now));
    });
    return { items };
  };

  app.get(
    "/api/events/:id/clips",
    { config: { role: "viewer" }, schema: { tags, params: Id, response: { 200: Clips } } },
    async (request) => listOf(await clipsOf(request.params.id, callerOf(request).scope)),
  );

  app.post(
    "/api/events/:id/clips",
    {
      config: { role: "operator" },
      schema: { tags, params: Id, body: NewClip, response: { 200: Clips } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { camera, from, to } = request.body;
      const spans = await clipsOf(request.params.id, scope);
      const [device, known] = [...spans].find(([d]) => d.uid === camera) ?? [];
      if (device === undefined || known === undefined) throw notFound("camera of this event");
      const last = known[known.length - 1];
      const span = { from: Math.floor(from ?? last.from), to: Math.ceil(to ?? last.to) };
      if (!(span.from < span.to && span.to - span.from <= CLIP_LIMIT.ms))
        throw new ApiFailure(400, "INVALID", `from, to: a span of at most ${CLIP_LIMIT.ms} ms`);
      const clip = await pipeline.submit(
        (now) => clips?.want(device.uid, span.from, span.to, account.username, now) ?? null,
      );
      if (clip === null) throw new ApiFailure(409, "TOO_MANY_CLIPS", "too many clips are waited for");
      await blaming(audit(pool, account.username, "clip", request.params.id, { camera, ...span }));
      return listOf(spans);
    },
  );

  /** A clip is seen by who sees its camera. */
  async function framesOf(id: string, scope: Scope) {
    const clip = clips?.get(id) ?? null;
    const device = clip === null ? undefined : registry.device(clip.uid);
    const frames = (await vision.clipFrames(id)) ?? null;
    if (clip === null || frames === null || device === undefined || !scope.hasDevice(device)) throw notFound("clip");
    return { clip, frames };
  }

  app.get(
    "/api/clips/:id",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        params: ClipId,
        response: {
          200: ClipPictures,
        },
      },
    },
    async (request) => {
      const { clip, frames } = await framesOf(request.params.id, callerOf(request).scope);
      return { camera: clip.uid, from: clip.from, to: clip.to, times: frames.map(({ ts }) => ts) };
    },
  );

  app.get(
    "/api/clips/:id/frames/:n",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        params: Type.Object({ ...ClipId.properties, n: Type.Integer({ minimum: 0, maximum: 10_000 }) }),
        produces: ["image/jpeg"],
        response: { 200: Type.Any() },
      },
    },
    async (request, reply) => {
      const { id, n } = request.params;
      await framesOf(id, callerOf(request).scope);
      const picture = await vision.clipPicture(id, n);
      if (picture === null) throw notFound("picture");
      const type = picture[0] === 0x89 ? "image/png" : "image/jpeg";
      // a clip never changes
      return reply.type(type).header("cache-control", "private, max-age=31536000, immutable").send(picture);
    },
  );
}

function isSpan(value: unknown): value is Span {
  if (typeof value !== "object" || value === null) return false;
  const { from, to } = value as { from?: unknown; to?: unknown };
  return typeof from === "number" && typeof to === "number" && from < to;
}
