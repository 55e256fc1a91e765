import type { Problem } from "@gridhub/device-profiles/problem.ts";
import Type from "typebox";
import type { AreaRuleSource, RulesRefused } from "../../area-rule-keeper.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { AreaRuleSourceInfo, AreaRuleTaken, AreaRuleText } from "../rules-schema.ts";
import { ofEverything } from "./profiles.ts";

const tags = ["rules"];
const Name = Type.Object({ name: Type.String({ pattern: "^[a-z][a-z0-9_-]{0,63}$" }) });
const Revision = Type.Object({ revision: Type.Integer({ minimum: 1 }) });

/** Texts of area rules: read, handed in, taken back. They reach over grids, so only who sees everything changes them. */
export function areaRuleRoutes(app: App, { context: { rules, pool } }: Parts): void {
  const { sources } = rules;

  app.get(
    "/api/rules/areas",
    {
      config: { role: "operator" },
      schema: { tags, response: { 200: Type.Object({ items: Type.Array(AreaRuleSourceInfo) }) } },
    },
    (request) => {
      ofEverything(callerOf(request));
      return { items: sources.sources().map(infoOf) };
    },
  );

  app.put(
    "/api/rules/areas/:name",
    {
      config: { role: "admin" },
      schema: { tags, params: Name, body: AreaRuleText, response: { 200: AreaRuleTaken } },
    },
    async (request) => {
      const { account } = ofEverything(callerOf(request));
      const { name } = request.params;
      const { text, note = "", revision = 0 } = request.body;
      const done = await sources.put({ name, text, note, who: account.username }, revision);
      if ("refused" in done) {
        if (done.refused === "problems") return { taken: false, source: null, problems: done.problems.map(problemOf) };
        throw refusal(done);
      }
      const detail = { rules: done.rules.map(({ id }) => id), revision: done.stored?.revision ?? 0 };
      await blaming(audit(pool, account.username, "area_rules_put", `rules:${name}`, detail));
      return { taken: true, source: infoOf(done), problems: done.problems.map(problemOf) };
    },
  );

  app.delete(
    "/api/rules/areas/:name",
    {
      config: { role: "admin" },
      schema: { tags, params: Name, querystring: Revision, response: { 200: Type.Object({ gone: Type.Boolean() }) } },
    },
    async (request) => {
      const { account } = ofEverything(callerOf(request));
      const { name } = request.params;
      const refused = await sources.remove(name, request.query.revision);
      if (refused !== null) throw refusal(refused);
      await blaming(audit(pool, account.username, "area_rules_delete", `rules:${name}`));
      return { gone: true };
    },
  );
}

function refusal({ refused }: RulesRefused): ApiFailure {
  if (refused === "unknown") return notFound("text of rules");
  return new ApiFailure(409, "CHANGED", "somebody else has changed it", { advice: "Load it again." });
}

function infoOf({ name, origin, text, rules, problems, stored }: AreaRuleSource): AreaRuleSourceInfo {
  return {
    name,
    origin,
    text,
    rules: rules.map(({ id }) => id),
    revision: stored?.revision ?? null,
    at: stored?.at ?? null,
    who: stored?.who ?? "",
    note: stored?.note ?? "",
    problems: problems.map(problemOf),
  };
}

const problemOf = ({ line, path, message, level }: Problem) => ({ line, path, message, level });
