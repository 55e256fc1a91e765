import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { ApiFailure } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { EdgeCredential, EdgeInfo, NewEdge } from "../schema.ts";

export function edgeRoutes(app: App, { context }: Parts): void {
  const { registry, health, agents, broker, pool } = context;

  app.get(
    "/api/edges",
    {
      config: { role: "viewer" },
      schema: { tags: ["edges"], response: { 200: Type.Object({ items: Type.Array(EdgeInfo) }) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const known = new Map(Array.from(health.edges(), (status) => [status.key, status] as const));
      const items: EdgeInfo[] = [];
      for (const { key, title } of registry.edges()) {
        if (!scope.hasEdge(key, registry)) continue;
        const status = known.get(key);
        const all = registry.devicesOf(key);
        let devices = 0;
        let solo = all.size === 1;
        for (const device of all.values()) {
          if (scope.hasDevice(device)) devices++;
          solo &&= device.uid === key;
        }
        items.push({
          key,
          title: title || key,
          health: status?.state ?? "unknown",
          healthReason: status?.reason ?? "",
          healthSince: status?.since ?? 0,
          devices,
          solo,
          agent: agents.get(key) ?? status?.agent ?? "",
          queue: status?.queue ?? null,
          oldest: status?.oldest ?? null,
          lostRecords: status?.lostRecords ?? 0,
        });
      }
      return { items: items.sort((a, b) => (a.key < b.key ? -1 : 1)) };
    },
  );

  app.post(
    "/api/edges",
    {
      config: { role: "admin" },
      schema: { tags: ["edges"], body: NewEdge, response: { 201: EdgeCredential } },
    },
    async (request, reply) => {
      const { account, scope } = callerOf(request);
      const { site, edge, title, renew = false } = request.body;
      const key = `${site}/${edge}`;
      if (scope.sites()?.has(site) === false) {
        throw new ApiFailure(403, "FORBIDDEN", `site ${site} is outside your grids`);
      }
      const exists = registry.hasCredential(key);
      // A typing error must not cut off an edge that works.
      if (exists && !renew) {
        throw new ApiFailure(409, "EDGE_EXISTS", `edge ${key} exists already`, {
          advice: "Send renew: true to give it a new token; the old one ends at once.",
        });
      }
      const { token } = await blaming(registry.createEdge(site, edge, title?.toWellFormed()));
      if (exists) broker.disconnect({ site, edge });
      await blaming(audit(pool, account.username, exists ? "edge_renew" : "edge_create", `edge:${key}`));
      reply.code(201);
      return { username: key, token, address: broker.address };
    },
  );
}
