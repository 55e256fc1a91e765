import type { App } from "../app.ts";
import { ApiFailure } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { SECURITY_HEADERS } from "../security-headers.ts";

export function streamRoute(app: App, { context, scopes, stream }: Parts): void {
  const { sessions } = context;
  app.get(
    "/api/stream",
    {
      config: { role: "viewer" },
      exposeHeadRoute: false,
      schema: { tags: ["overview"], description: "Server-sent events", produces: ["text/event-stream"] },
    },
    (request, reply) => {
      const { token, account } = callerOf(request);
      const scope = () => scopes.of(account.grids);
      if (stream.full) {
        throw new ApiFailure(503, "STREAM_FULL", "too many open streams", { headers: { "retry-after": "10" } });
      }
      const last = request.headers["last-event-id"];
      const valid = async () => {
        const now = await sessions.find(token);
        return now !== undefined && now.role === account.role && now.grids.join() === account.grids.join();
      };
      reply.hijack();
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) reply.raw.setHeader(name, value);
      stream.attach(reply.raw, scope, last === undefined ? null : String(last), valid);
    },
  );
}
