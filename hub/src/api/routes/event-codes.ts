import Type from "typebox";
import { formatCodes, parseCodes } from "../../events/code-csv.ts";
import type { PolicyData } from "../../events/event-policy.ts";
import { SETTING_SCHEMAS, type SettingName } from "../../events/policy-schema.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import {
  CodeImport,
  CodeImported,
  CodeInfo,
  CodeList,
  type EventSettings,
  EventSettingsInfo,
} from "../event-policy-schema.ts";
import { callerOf } from "../guard.ts";
import { changedMeanwhile, etagOf, ifMatch, ifMatchOrNull } from "../if-match.ts";
import type { Parts } from "../parts.ts";
import { ofEverything } from "./profiles.ts";

const tags = ["event policy"];

/** The table of codes and the lists behind fusion, parents and the ladder. Changed by who sees everything. */
export function eventCodeRoutes(app: App, { context: { pool, eventPolicy } }: Parts): void {
  const codesOf = ({ codes }: PolicyData): CodeInfo[] =>
    codes.map(({ kind, class: cls, code, codeName, titleZh, titleEn, group, severity, autoHandOff, provisional, towns }) => ({ kind, class: cls, code, codeName, titleZh, titleEn, group, severity, autoHandOff, provisional, towns: towns === null ? null : [...towns] })); // prettier-ignore
  const tagOfCode = (data: PolicyData, kind: string) => {
    const row = codesOf(data).find((each) => each.kind === kind);
    return row === undefined ? null : etagOf(row);
  };
  const settings = (): EventSettingsInfo => {
    const { fusion, parents, ladder } = eventPolicy.data;
    const etags = { fusion: etagOf(fusion), parents: etagOf(parents), ladder: etagOf(ladder) };
    return { ...(structuredClone({ fusion, parents, ladder }) as EventSettings), etags };
  };

  app.get("/api/event-codes", { config: { role: "viewer" }, schema: { tags, response: { 200: CodeList } } }, () => {
    const codes = codesOf(eventPolicy.data);
    return { etag: etagOf(codes), items: codes.map((row) => ({ ...row, etag: etagOf(row) })) };
  });

  app.get("/api/event-codes/export", { config: { role: "viewer" }, schema: { tags } }, async (_request, reply) =>
    // Excel takes a CSV for UTF-8 only with the mark.
    reply
      .header("content-disposition", 'attachment; filename="event-codes.csv"')
      .type("text/csv; charset=utf-8")
      .send(`\uFEFF${formatCodes(eventPolicy.data.codes)}`),
  );

  app.post(
    "/api/event-codes/import",
    { config: { role: "admin" }, schema: { tags, body: CodeImport, response: { 200: CodeImported } } },
    async (request) => {
      ofEverything(callerOf(request));
      const { csv, dry_run: dry = false } = request.body;
      const { rows, problems } = parseCodes(csv);
      const etag = dry ? null : ifMatch(request);
      const written = problems.length === 0 && rows.length > 0 && !dry;
      if (written) {
        taken(await blaming(eventPolicy.importCodes(rows, (data) => etagOf(codesOf(data)) === etag)));
        await blaming(
          audit(pool, callerOf(request).account.username, "event_codes_import", "codes", { rows: rows.length }),
        );
      }
      return { rows: rows.length, written, problems: problems.slice(0, 500) };
    },
  );

  app.put(
    "/api/event-codes/:kind",
    {
      config: { role: "admin" },
      schema: {
        tags,
        params: Type.Object({ kind: Type.String({ maxLength: 80 }) }),
        body: Type.Omit(CodeInfo, ["kind"], { additionalProperties: false }),
        response: { 200: CodeImported },
      },
    },
    async (request) => {
      ofEverything(callerOf(request));
      const { kind } = request.params;
      // a kind that is not there yet has nothing to be looked at
      const etag = tagOfCode(eventPolicy.data, kind) === null ? ifMatchOrNull(request) : ifMatch(request);
      // One way in: what the table refuses from a file it refuses from a form.
      const text = formatCodes([{ ...request.body, kind } as never]);
      const { rows, problems } = parseCodes(text);
      if (problems.length === 0) {
        taken(await blaming(eventPolicy.importCodes(rows, (data) => tagOfCode(data, kind) === etag)));
        await blaming(
          audit(pool, callerOf(request).account.username, "event_code", `code:${kind}`, { ...request.body }),
        );
      }
      return { rows: rows.length, written: problems.length === 0, problems };
    },
  );

  app.get(
    "/api/event-settings",
    { config: { role: "viewer" }, schema: { tags, response: { 200: EventSettingsInfo } } },
    () => settings(),
  );

  for (const name of Object.keys(SETTING_SCHEMAS) as SettingName[]) {
    app.put(
      `/api/event-settings/${name}`,
      {
        config: { role: "admin" },
        schema: {
          tags,
          // null = the defaults of the release
          body: Type.Object(
            { value: Type.Union([SETTING_SCHEMAS[name], Type.Null()]) },
            { additionalProperties: false },
          ),
          response: { 200: EventSettingsInfo },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        ofEverything(caller);
        const { value } = request.body as { value: unknown };
        const etag = ifMatch(request);
        taken(await blaming(eventPolicy.set(name, value, (data) => etagOf(data[name]) === etag)));
        await blaming(audit(pool, caller.account.username, "event_setting", `setting:${name}`, { value }));
        return settings();
      },
    );
  }
}

function taken(first: boolean): void {
  if (!first) throw changedMeanwhile();
}
