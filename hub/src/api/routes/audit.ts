import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import { listAudit, verifyAudit } from "../../store/queries/audit.ts";
import type { App } from "../app.ts";
import { AuditPage, AuditVerdict } from "../audit-schema.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Limit } from "../query.ts";
import { ofEverything } from "./profiles.ts";

const tags = ["audit"];

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
        response: { 200: AuditPage },
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
        response: { 200: AuditVerdict },
      },
    },
    async (request) => {
      ofEverything(callerOf(request));
      const broken = await blaming(verifyAudit(pool));
      return { whole: broken === null, broken };
    },
  );
}
