import { randomUUID } from "node:crypto";
import Type from "typebox";
import { areaIndex, type AreaState, bodyOfDraft } from "../../area-desk.ts";
import type { GridRefusal } from "../../grid-keeper.ts";
import { type AreaBody as Body, areaOfCell, kindOf } from "../../grids/area.ts";
import { squareMetres } from "../../grids/diff.ts";
import type { Grid } from "../../grids/grid.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { AreaChanged, AreaInfo, AreaList, AreaPreview, AreaPreviewRequest, AreaRequest, NewAreaRequest, Note } from "../grid-schema.ts"; // prettier-ignore
import { refused, withinScope } from "../grid-view.ts";
import { callerOf } from "../guard.ts";
import { ifMatch } from "../if-match.ts";
import type { Parts } from "../parts.ts";
import { roleCovers } from "../sessions.ts";
import { Text, words } from "../query.ts";
import type { Scope } from "../scope.ts";

const tags = ["areas"];
const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
const MOST_VESSELS = 500;

/** Areas at sea: drawn, kept as drafts, brought into force, changed, removed. Each change in force is a version of the tree. */
export function areaRoutes(app: App, { context }: Parts): void {
  const { areas: desk, fleet, pool, clock, gridKeeper } = context;

  app.get(
    "/api/areas",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        querystring: Type.Object({
          /** active, draft, changed */
          state: Type.Optional(Text(64)),
          kind: Type.Optional(Text(200)),
          /** below this grid */
          grid: Type.Optional(Text(128)),
        }),
        response: { 200: AreaList },
      },
    },
    async (request) => {
      const { scope, account } = callerOf(request);
      const { state, kind, grid } = request.query;
      const [states, kinds, within] = [words(state), words(kind), scope.within(grid)];
      const inside = vesselsByArea();
      const items = (await desk.list())
        .filter((area) => sees(scope, area))
        .filter(
          ({ id, draft, grid: cell }) =>
            within === null || within.has(id) || (cell === null && within.has(draft?.cell.parent ?? "")),
        ) // prettier-ignore
        .map((area) => info(area, scope, roleCovers(account.role, "admin"), inside))
        .filter((item) => states === undefined || states.includes(item.state))
        .filter((item) => kinds === undefined || kinds.includes((item.area ?? item.draft?.area)?.kind ?? ""));
      return { version: gridKeeper.current.version, items };
    },
  );

  app.get(
    "/api/areas/:id",
    { config: { role: "viewer" }, schema: { tags, params: Id, response: { 200: AreaInfo } } },
    async (request, reply) => {
      const { scope, account } = callerOf(request);
      const state = await visible(request.params.id, scope);
      reply.header("etag", `"${state.etag}"`);
      return info(state, scope, roleCovers(account.role, "admin"), vesselsByArea());
    },
  );

  app.post(
    "/api/areas",
    { config: { role: "admin" }, schema: { tags, body: NewAreaRequest, response: { 200: AreaChanged } } },
    async (request) => {
      const { id = `area-${randomUUID().slice(0, 8)}`, area, state, note = "" } = request.body;
      if (gridKeeper.current.path(id).length > 0 || (await desk.get(id)) !== null)
        throw new ApiFailure(409, "ID_TAKEN", `there is a grid ${id}, or was one`);
      return save(callerOf(request), id, area as Body, state, note, null);
    },
  );

  app.put(
    "/api/areas/:id",
    { config: { role: "admin" }, schema: { tags, params: Id, body: AreaRequest, response: { 200: AreaChanged } } },
    async (request) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const { area, state, note = "" } = request.body;
      await visible(id, caller.scope);
      return save(caller, id, area as Body, state, note, ifMatch(request));
    },
  );

  app.post(
    "/api/areas/:id/activate",
    {
      config: { role: "admin" },
      schema: {
        tags,
        description: "Brings the draft into force",
        params: Id,
        body: Type.Object({ note: Type.Optional(Note) }, { additionalProperties: false }),
        response: { 200: AreaChanged },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const { draft } = await visible(id, caller.scope);
      if (draft === null) throw notFound("draft");
      const { note = draft.note } = request.body;
      return save(caller, id, bodyOfDraft(draft), "active", note, ifMatch(request));
    },
  );

  app.delete(
    "/api/areas/:id",
    {
      config: { role: "admin" },
      schema: {
        tags,
        params: Id,
        querystring: Type.Object({
          /** draft = give up what waits; area = take out of force what is, with its draft */
          what: Type.Optional(Type.Union([Type.Literal("draft"), Type.Literal("area")])),
          note: Type.Optional(Text(500)),
        }),
        response: { 200: AreaChanged },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const state = await visible(id, caller.scope);
      const { what = state.grid === null ? "draft" : "area", note = "" } = request.query;
      const etag = ifMatch(request);
      const who = caller.account.username;
      if (what === "draft") {
        mayHold(caller.scope, state.draft?.cell.parent ?? null);
        pass(await desk.discard(id, { etag }));
        await blaming(audit(pool, who, "area_draft_discard", `area:${id}`, {}));
      } else if (state.grid === null) throw notFound("area in force");
      else pass(await desk.remove(id, { who, note, etag, allowed: withinScope(caller.scope) }));
      return changed(id, caller.scope);
    },
  );

  app.post(
    "/api/areas/preview",
    {
      config: { role: "admin" },
      schema: {
        tags,
        description: "What is wrong with an area, and which vessels it would concern now",
        body: AreaPreviewRequest,
        response: { 200: AreaPreview },
      },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const { id = "preview", area } = request.body;
      mayHold(scope, area.parent);
      const made = desk.check(id, area as Body);
      const problems = "problems" in made ? made.problems.map((problem) => ({ ...problem })) : [];
      if (!("grid" in made)) return { problems, squareMetres: null, holds: false, total: 0, vessels: [], leaves: 0 };
      return preview(made.grid, gridKeeper.current.get(id), scope);
    },
  );

  async function save(
    { account: { username: who }, scope }: ReturnType<typeof callerOf>,
    id: string,
    body: Body,
    state: "draft" | "active",
    note: string,
    etag: string | null,
  ) {
    mayHold(scope, body.parent);
    const made = desk.check(id, body);
    if ("problems" in made) throw refused({ code: "problems", message: `${made.problems[0].field}: ${made.problems[0].expected}`, problems: made.problems }); // prettier-ignore
    if (state === "active") pass(await desk.publish(made.grid, { who, note, etag, allowed: withinScope(scope) }));
    else {
      const before = gridKeeper.current.get(id);
      if (before !== undefined) mayHold(scope, before.parent);
      pass(await desk.draft(made.grid, { who, note, etag }));
      await blaming(audit(pool, who, "area_draft", `area:${id}`, { note, kind: body.kind, name: body.name }));
    }
    return changed(id, scope);
  }

  async function changed(id: string, scope: Scope) {
    const state = await desk.get(id);
    const area = state === null ? null : info(state, scope, true, vesselsByArea());
    return { area, version: gridKeeper.current.version };
  }

  function preview(grid: Grid, before: Grid | undefined, scope: Scope): AreaPreview {
    const index = areaIndex(before === undefined ? [grid] : [grid, before]);
    const vessels: AreaPreview["vessels"] = [];
    let [total, leaves] = [0, 0];
    for (const { mmsi, name, formationId, lon, lat, ts } of fleet.vessels(clock())) {
      const wasInside = before?.geometry != null && index.contains(1, lon, lat);
      const isInside = index.contains(0, lon, lat);
      if ((!isInside && !wasInside) || !scope.hasVessel(mmsi, lon, lat, formationId)) continue;
      if (!isInside) leaves++;
      else if (total++ < MOST_VESSELS) vessels.push({ mmsi, name, formationId, lon, lat, ts, wasInside });
    }
    return { problems: [], squareMetres: squareMetres(grid), holds: desk.holds(grid, clock()), total, vessels, leaves };
  }

  function vesselsByArea(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { lon, lat } of fleet.vessels(clock()))
      for (const id of desk.at(lon, lat)) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  }

  function info(state: AreaState, scope: Scope, admin: boolean, inside: ReadonlyMap<string, number>): AreaInfo {
    const { id, etag, grid, draft } = state;
    const set = gridKeeper.current;
    const parent = (grid ?? draft?.cell)?.parent ?? null;
    return {
      id,
      etag,
      state: draft === null ? "active" : grid === null ? "draft" : "changed",
      parentName: parent === null ? "" : (set.get(parent)?.name ?? parent),
      area: grid === null ? null : (areaOfCell(grid) as AreaInfo["area"]),
      draft: draft === null ? null : { area: bodyOfDraft(draft) as NonNullable<AreaInfo["draft"]>["area"], who: draft.who, at: draft.at, note: draft.note }, // prettier-ignore
      holds: grid !== null && kindOf(grid) !== "ground" && desk.holds(grid, clock()),
      vessels: inside.get(id) ?? 0,
      mayEdit: admin && (scope.everything || (parent !== null && scope.has(parent))),
    };
  }

  function sees(scope: Scope, { id, grid, draft }: AreaState): boolean {
    return grid === null ? scope.has(draft?.cell.parent ?? null) : scope.has(id);
  }

  async function visible(id: string, scope: Scope): Promise<AreaState> {
    const state = await desk.get(id);
    if (state === null || !sees(scope, state)) throw notFound("area");
    return state;
  }

  /** An area lies below a grid of the account. */
  function mayHold(scope: Scope, parent: string | null): void {
    if (!scope.has(parent)) throw new ApiFailure(403, "OUTSIDE_SCOPE", "the area would not lie below your grids");
  }
}

function pass(outcome: object | null): void {
  if (outcome !== null && "code" in outcome) throw refused(outcome as GridRefusal);
}
