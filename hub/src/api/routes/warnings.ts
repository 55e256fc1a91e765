import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { KeptWarning } from "../../weather/warning-book.ts";
import type { App } from "../app.ts";
import { ApiFailure } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { WarningInfo, WarningRequest } from "../posture-schema.ts";
import type { Scope } from "../scope.ts";

const tags = ["posture"];
const Query = Type.Object({ past: Type.Optional(Type.Boolean()) });
const BODY_LIMIT = 1_048_576;

/** Weather warnings in CAP 1.2: who sends them needs an account with the role operator and a session token. */
export function warningRoutes(app: App, { context }: Parts): void {
  const { posture: desk, pipeline, pool } = context;

  app.get(
    "/api/warnings",
    {
      config: { role: "viewer" },
      schema: { tags, querystring: Query, response: { 200: Type.Object({ items: Type.Array(WarningInfo) }) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const kept = desk.warnings.list(request.query.past !== true);
      return {
        items: kept.map((each) => view(each, scope)).filter(({ towns }) => towns.length > 0 || scope.everything),
      };
    },
  );

  app.post(
    "/api/warnings",
    {
      bodyLimit: BODY_LIMIT,
      config: { role: "operator" },
      schema: {
        tags,
        body: WarningRequest,
        response: { 200: Type.Object({ taken: Type.Boolean(), warning: WarningInfo }) },
      },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      if (!scope.everything) throw new ApiFailure(403, "FORBIDDEN", "a warning may concern towns that you do not see");
      const { cap } = request.body;
      const read = desk.read(typeof cap === "string" ? cap : JSON.stringify(cap));
      if ("code" in read) throw new ApiFailure(422, read.code, read.message);
      const { warning, towns } = read;
      const [taken, receivedAt] = await pipeline.submit(
        (now) => [desk.warnings.take(warning, towns, now), now] as const,
      );
      if (taken)
        await blaming(
          audit(pool, account.username, "warning", `warning:${warning.id}`, { colour: warning.colour, towns }),
        );
      const kept = desk.warnings
        .list(false)
        .find(({ warning: w }) => w.id === warning.id && w.sender === warning.sender);
      return { taken, warning: view(kept ?? { warning, towns, receivedAt, endedAt: null }, scope) };
    },
  );
}

function view({ warning, towns, receivedAt, endedAt }: KeptWarning, scope: Scope): WarningInfo {
  const { id, sender, status, action, event, colour, headline, description, instruction, sentAt, from, until } =
    warning;
  return {
    ...{ id, sender, status, action, event, colour, headline, description, instruction, sentAt, from, until },
    receivedAt,
    endedAt,
    towns: towns.filter((town) => scope.has(town)),
  };
}
