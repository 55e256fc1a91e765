import Type from "typebox";
import type { PostureLevel } from "../../posture/posture-level.ts";
import { rankOf } from "../../posture/posture-level.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { PostureChangeInfo, PostureInfo, PostureRequest, type TownPostureInfo } from "../posture-schema.ts";

const tags = ["posture"];
const TownName = Type.Object({ town: Type.String({ minLength: 1, maxLength: 128 }) });

/** 平战结合: the level of each town, who set it and until when, and how many edges follow. */
export function postureRoutes(app: App, { context }: Parts): void {
  const { posture: desk, pipeline, pool, clock } = context;

  app.get(
    "/api/posture",
    { config: { role: "viewer" }, schema: { tags, response: { 200: PostureInfo } } },
    async (request) => {
      const { scope } = callerOf(request);
      const towns = desk.towns.towns().filter((town) => scope.has(town));
      return { towns: towns.map(view), effects: { ...desk.effects }, longestHours: desk.longestMs / 3_600_000 };
    },
  );

  app.get(
    "/api/posture/:town/history",
    {
      config: { role: "viewer" },
      schema: { tags, params: TownName, response: { 200: Type.Object({ items: Type.Array(PostureChangeInfo) }) } },
    },
    async (request) => {
      const { town } = request.params;
      if (!callerOf(request).scope.has(town) || !desk.towns.towns().includes(town)) throw notFound("town");
      return { items: desk.book.history(town) };
    },
  );

  app.put(
    "/api/posture/:town",
    {
      config: { role: "operator" },
      schema: { tags, params: TownName, body: PostureRequest, response: { 200: PostureInfo.properties.towns.items } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { town } = request.params;
      const { level, until = null, reason = "" } = request.body;
      if (!scope.has(town) || !desk.towns.towns().includes(town)) throw notFound("town");
      const who = account.username;
      const done = await pipeline.submit((now) => desk.book.set(town, { level, until, reason, who }, now));
      if ("code" in done) throw new ApiFailure(422, done.code, done.message);
      await blaming(audit(pool, who, "posture", `town:${town}`, { level, until, reason, from: done.from }));
      return view(town);
    },
  );

  function view(town: string): TownPostureInfo {
    const level = desk.book.levelOf(town);
    return {
      town,
      name: context.grids().get(town)?.name ?? town,
      level,
      change: desk.book.of(town),
      suggestion: suggestion(town, level),
      edges: edges(town),
    };
  }

  function suggestion(town: string, level: PostureLevel): TownPostureInfo["suggestion"] {
    const found = desk.suggestion(town, clock());
    if (found === null || rankOf(found.level) <= rankOf(level)) return null;
    const { id, colour, headline } = found.warning.warning;
    return { level: found.level, colour, headline, warning: id };
  }

  function edges(town: string): TownPostureInfo["edges"] {
    const counts = { total: 0, confirmed: 0, pending: 0, refused: 0 };
    for (const edge of context.registry.edges()) {
      if (desk.towns.edge(edge) !== town) continue;
      counts.total++;
      const obeys = desk.reach.obeys(edge);
      if (obeys !== "nothing") counts[obeys]++;
    }
    return counts;
  }
}
