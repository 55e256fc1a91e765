import Type from "typebox";
import type { FastifyRequest } from "fastify";
import type { App } from "../app.ts";
import { ApiFailure } from "../failure.ts";
import type { Parts } from "../parts.ts";

const State = Type.Object({ ok: Type.Boolean(), detail: Type.String() });

/** For machines: probes, Prometheus, generators of clients. */
export function operationRoutes(app: App, { context }: Parts): void {
  const { metrics, ready } = context;
  const hidden = { hide: true };

  app.get("/healthz", { schema: { tags: ["operations"], response: { 200: State } } }, async () => ({
    ok: true,
    detail: "",
  }));
  app.get(
    "/readyz",
    { schema: { tags: ["operations"], response: { 200: State, 503: State } } },
    async (_request, reply) => {
      const state = ready();
      reply.code(state.ok ? 200 : 503);
      return { ...state };
    },
  );
  app.get(
    "/metrics",
    { config: { role: "anyone" }, schema: { tags: ["operations"], produces: ["text/plain"] } },
    async (request, reply) => {
      if (request.caller?.bearer !== true && !isLoopback(request)) {
        throw new ApiFailure(401, "UNAUTHENTICATED", "metrics are for this machine, or for a bearer session");
      }
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    },
  );
  app.get("/api/openapi.json", { config: { role: "anyone" }, schema: hidden }, async (_request, reply) =>
    reply.header("cache-control", "no-cache").send(app.swagger()),
  );
}

/** By the address of who asks, also where a proxy on this machine hands on the request. */
function isLoopback({ ip }: FastifyRequest): boolean {
  return ip === "::1" || /^(?:::ffff:)?127\./.test(ip);
}
