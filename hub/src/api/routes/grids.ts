import type { FastifyReply } from "fastify";
import Type from "typebox";
import type { GridEdited, GridRefusal } from "../../grid-keeper.ts";
import type { Grid } from "../../grids/grid.ts";
import type { GridSet } from "../../grids/grid-set.ts";
import { ImportThread } from "../../grids/import-thread.ts";
import type { GridProblem } from "../../grids/problem.ts";
import type { GridVersionRow } from "../../store/queries/grids.ts";
import type { App } from "../app.ts";
import { notFound } from "../failure.ts";
import { ActivateRequest, CheckRequest, GridDiff, GridReport, GridVersionInfo, ImportInfo, ImportRequest } from "../grid-schema.ts"; // prettier-ignore
import { diffInfo, expectedVersion, refused, reportInfo, withinScope } from "../grid-view.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Limit } from "../query.ts";
import { Nullable } from "../schema.ts";

const tags = ["grids"];
/** A city of 20,000 cells is some 20 MB of GeoJSON. */
const BODY_LIMIT = 64 * 1_048_576;
const Version = Type.Object({ n: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }) });

/** Versions of the tree of grids: look at a file, import it, bring a version into force, go back to a former one. */
export function gridRoutes(app: App, { context: { gridKeeper: keeper } }: Parts): void {
  const thread = new ImportThread();

  app.get(
    "/api/grids/versions",
    {
      config: { role: "operator" },
      schema: {
        tags,
        querystring: Type.Object({
          limit: Type.Optional(Limit(200, 50)),
          /** the last version of the page before */
          cursor: Type.Optional(Type.Integer({ minimum: 1 })),
        }),
        response: {
          200: Type.Object({
            active: Type.Number(),
            items: Type.Array(GridVersionInfo),
            next: Nullable(Type.Number()),
          }),
        },
      },
    },
    async (request) => {
      const { limit = 50, cursor } = request.query;
      const rows = await keeper.versions({ limit, before: cursor });
      const next = rows.length === limit ? (rows.at(-1)?.version ?? null) : null;
      return { active: keeper.current.version, items: rows.map(versionInfo), next };
    },
  );

  app.get(
    "/api/grids/versions/:n",
    {
      config: { role: "operator" },
      schema: {
        tags,
        description: "One version, and what activating it would change",
        params: Version,
        response: { 200: Type.Object({ info: GridVersionInfo, diff: GridDiff }) },
      },
    },
    async (request) => {
      const { n } = request.params;
      const [row] = await keeper.versions({ limit: 1, before: n + 1 });
      const set = row?.version === n ? await keeper.version(n) : null;
      if (set === null) throw notFound("version");
      return { info: versionInfo(row), diff: diffInfo(keeper.compare(set), callerOf(request).scope, set) };
    },
  );

  app.get(
    "/api/grids/versions/:n/geojson",
    {
      config: { role: "operator" },
      schema: { tags, description: "What can be imported again: grids below the account's roots", params: Version },
    },
    async (request, reply) => {
      const set = await keeper.version(request.params.n);
      if (set === null) throw notFound("version");
      const { scope } = callerOf(request);
      const grids = [...set.grids()].filter(({ id }) => set.path(id).some((grid) => scope.has(grid.id)));
      return sendGeoJson(reply, grids, set.version);
    },
  );

  app.post(
    "/api/grids/check",
    {
      bodyLimit: BODY_LIMIT,
      config: { role: "admin" },
      schema: { tags, body: CheckRequest, response: { 200: GridReport } },
    },
    async (request) => {
      const { geojson, crs, tolerance_m: toleranceM } = request.body;
      const { set, problems } = await thread.read([{ file: "body", data: geojson }], { crs, toleranceM });
      return reportInfo(set, problems);
    },
  );

  app.post(
    "/api/grids/imports",
    {
      bodyLimit: BODY_LIMIT,
      config: { role: "admin" },
      schema: { tags, body: ImportRequest, response: { 200: ImportInfo } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { geojson, crs, mode = "replace", dry_run: dryRun = false, activate = true, note = "" } = request.body;
      const expected = dryRun ? undefined : expectedVersion(request);
      const { set, problems, stops } = await thread.read([{ file: "body", data: geojson }], {
        crs,
        under: mode === "merge" ? keeper.current : undefined,
        acceptShapes: request.body.accept_shapes,
      });
      if (stops > 0 && !dryRun)
        throw refused({ code: "problems", message: `${stops} errors in what was sent`, problems });
      const done = await keeper.edit({
        what: "import",
        who: account.username,
        note,
        action: "grid_import",
        target: "grids",
        expected,
        dryRun,
        inForce: activate,
        allowed: withinScope(scope),
        cells: () => [...set.grids()],
      });
      return answer(done, problems, scope, set);
    },
  );

  app.post(
    "/api/grids/versions/:n/activate",
    {
      config: { role: "admin" },
      schema: { tags, params: Version, body: ActivateRequest, response: { 200: ImportInfo } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { note = "", dry_run: dryRun = false } = request.body;
      const expected = dryRun ? undefined : expectedVersion(request);
      const allowed = withinScope(scope);
      const done = await keeper.activate(request.params.n, { who: account.username, note, expected, dryRun, allowed });
      return answer(done, [], scope);
    },
  );

  function answer(
    done: GridEdited | GridRefusal,
    problems: readonly GridProblem[],
    scope: Parameters<typeof diffInfo>[1],
    set?: GridSet,
  ) {
    if ("code" in done) throw refused(done);
    return {
      version: done.version,
      active: keeper.current.version,
      report: reportInfo(set ?? done.set, [...problems, ...done.problems]),
      diff: diffInfo(done.comparison, scope, done.set),
    };
  }

  function versionInfo({ cells, ...row }: GridVersionRow): GridVersionInfo {
    return { ...row, grids: cells, active: row.version === keeper.current.version };
  }
}

/** As it can be imported: properties by the README of grids/. */
function sendGeoJson(reply: FastifyReply, grids: readonly Grid[], version: number) {
  const features = grids.map(({ id, name, level, category, parent, codes, synthetic, geometry, members, sea }) => ({
    type: "Feature",
    geometry,
    properties: {
      id,
      name,
      level,
      category,
      parent,
      codes,
      ...(synthetic && { synthetic }),
      ...(level === "formation" && { members }),
      ...(sea !== undefined && { sea }),
    },
  }));
  return reply
    .header("content-disposition", `attachment; filename="grids-${version}.geojson"`)
    .type("application/geo+json; charset=utf-8")
    .send(JSON.stringify({ type: "FeatureCollection", datum: "wgs84", features }));
}
