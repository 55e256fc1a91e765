import Type from "typebox";
import type { App } from "../app.ts";
import { notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";

const AdapterInfo = Type.Object({
  kind: Type.String(),
  /** key of the edge that it stands for */
  edge: Type.String(),
  topics: Type.Array(Type.String()),
  /** devices heard since the start */
  devices: Type.Number(),
  /** messages made of what came, and publishes or parts of them that were refused; since the start */
  translated: Type.Number(),
  refused: Type.Number(),
  /** devices that the other system describes, at most 1000 */
  described: Type.Array(
    Type.Object({
      /** name there, name here */
      foreign: Type.String(),
      device: Type.String(),
      vendor: Type.String(),
      model: Type.String(),
    }),
  ),
});

const DraftPath = Type.Object({ site: Type.String(), edge: Type.String(), device: Type.String() });

export function adapterRoutes(app: App, { context }: Parts): void {
  const { registry, adapters = () => [] } = context;
  const tags = ["onboarding"];

  app.get(
    "/api/adapters",
    {
      config: { role: "operator" },
      schema: { tags, response: { 200: Type.Object({ items: Type.Array(AdapterInfo) }) } },
    },
    async (request) => {
      const sites = callerOf(request).scope.sites();
      const items = adapters()
        .filter(({ edge }) => sites === null || sites.has(edge.slice(0, edge.indexOf("/"))))
        .map(({ topics, described, ...rest }) => ({
          ...rest,
          topics: [...topics],
          described: described
            .slice(0, 1000)
            .map(({ foreign, device, vendor, model }) => ({ foreign, device, vendor, model })),
        }));
      return { items };
    },
  );

  app.get(
    "/api/adapters/:site/:edge/:device/draft",
    {
      config: { role: "operator" },
      schema: { tags, params: DraftPath, response: { 200: Type.Object({ yaml: Type.String() }) } },
    },
    async (request) => {
      const { site, edge, device } = request.params;
      const sites = callerOf(request).scope.sites();
      if (registry.edge(site, edge) === undefined || sites?.has(site) === false) throw notFound("device");
      for (const status of adapters()) {
        if (status.edge !== `${site}/${edge}`) continue;
        const yaml = status.described.find((described) => described.device === device)?.draft() ?? null;
        if (yaml !== null) return { yaml };
      }
      throw notFound("draft of a profile");
    },
  );
}
