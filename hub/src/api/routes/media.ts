import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { findMedia } from "../../store/queries/media.ts";
import type { App } from "../app.ts";
import { notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";

const Hash = Type.Object({ hash: Type.String({ pattern: "^[0-9a-f]{64}$", description: "sha256 of the picture" }) });

export function mediaRoutes(app: App, { context }: Parts): void {
  const { vision, registry, pool } = context;
  app.get(
    "/api/media/:hash",
    {
      config: { role: "viewer" },
      schema: { tags: ["events"], params: Hash, produces: ["image/jpeg"], response: { 200: Type.Any() } },
    },
    async (request, reply) => {
      const { hash } = request.params;
      const { scope } = callerOf(request);
      if (!scope.everything) {
        const row = await blaming(findMedia(pool, hash));
        const device = row?.deviceId == null ? undefined : registry.deviceById(row.deviceId);
        if (device === undefined || !scope.hasDevice(device)) throw notFound("picture");
      }
      const jpeg = await vision.evidence.read(hash);
      if (jpeg === null) throw notFound("picture");
      // the name is the content, so it never changes; the browser's own store only, since it needs a session
      return reply.type("image/jpeg").header("cache-control", "private, max-age=31536000, immutable").send(jpeg);
    },
  );
}
