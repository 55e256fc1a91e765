import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { listAudit, verifyAudit } from "../../store/queries/audit.ts";
import type { App } from "../app.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Limit } from "../query.ts";
import { Nullable } from "../schema.ts";
import { ofEverything } from "./profiles.ts";

const tags = ["audit"];
const AuditLine = Type.Object({
  seq: Type.Number(),
  /** ms UTC */
  ts: Type.Number(),
  who: Type.String(),
  action: Type.String(),
  target: Type.String(),
  detail: Type.Record(Type.String(), Type.Unknown()),
});

/** Who did what, and whether the record of it is whole. For accounts that see everything. */
export function auditRoutes(app: App, { context: { pool } }: Parts): void {
  app.get(
    "/api/audit",
    {
      config: { role: "admin" },
      schema: {
        tags,
        querystring: Type.Object({
          limit: Type.Optional(Limit(500, 100)),
          /** `seq` of the last line of the page before */
          cursor: Type.Optional(Type.Integer({ minimum: 1 })),
        }),
        response: { 200: Type.Object({ items: Type.Array(AuditLine), next: Nullable(Type.Number()) }) },
      },
    },
    async (request) => {
      ofEverything(callerOf(request));
      const { limit = 100, cursor } = request.query;
      const rows = await blaming(listAudit(pool, { limit, cursor }));
      const items = rows.map((row) => ({ ...row, detail: { ...row.detail } }));
      return { items, next: items.length === limit ? (items.at(-1)?.seq ?? null) : null };
    },
  );

  app.get(
    "/api/audit/verify",
    {
      config: { role: "admin" },
      schema: {
        tags,
        response: {
          200: Type.Object({
            whole: Type.Boolean(),
            /** first line that was changed, or that follows one that is missing */
            broken: Nullable(Type.Number()),
          }),
        },
      },
    },
    async (request) => {
      ofEverything(callerOf(request));
      const broken = await blaming(verifyAudit(pool));
      return { whole: broken === null, broken };
    },
  );
}
