import Type from "typebox";
import type { GridEdit } from "../../grid-keeper.ts";
import { memberOf } from "../../grids/geojson.ts";
import type { FormationMember, Grid } from "../../grids/grid.ts";
import { gridHash } from "../../grids/grid-hash.ts";
import type { GridSet } from "../../grids/grid-set.ts";
import { addMember, removeMember, replaceMembers } from "../../grids/member-edit.ts";
import { readMemberships, withMemberships } from "../../grids/members-csv.ts";
import type { GridProblem } from "../../grids/problem.ts";
import { isValid } from "../../grids/sea-membership.ts";
import type { App } from "../app.ts";
import { type Cell, csv } from "../csv.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { MemberList, MemberRequest, MembershipImport, MembershipImported } from "../grid-schema.ts";
import { refused, withinScope } from "../grid-view.ts";
import { callerOf } from "../guard.ts";
import { ifMatch } from "../if-match.ts";
import type { Parts } from "../parts.ts";
import { Text, Time } from "../query.ts";
import type { Scope } from "../scope.ts";
import { roleCovers } from "../sessions.ts";

const tags = ["memberships"];
/** 200,000 lines. */
const BODY_LIMIT = 24 * 1_048_576;
const MOST_PROBLEMS = 500;
const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

/** Who is in which formation and from when to when: looked at, imported, changed one by one. Each change is a version. */
export function membershipRoutes(app: App, { context }: Parts): void {
  const { gridKeeper: keeper, clock } = context;

  app.get(
    "/api/formations/:id/members",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        description: "All terms of a formation; `valid` are those of the moment",
        params: Id,
        querystring: Type.Object({ at: Type.Optional(Time) }),
        response: { 200: MemberList },
      },
    },
    async (request, reply) => {
      const { scope, account } = callerOf(request);
      const list = members(request.params.id, scope, roleCovers(account.role, "admin"), request.query.at);
      reply.header("etag", `"${list.etag}"`);
      return list;
    },
  );

  app.get(
    "/api/memberships.csv",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        description: "As it can be imported again; with `at` only the terms of that moment",
        querystring: Type.Object({
          at: Type.Optional(Time),
          /** below this grid */
          grid: Type.Optional(Text(128)),
        }),
      },
    },
    async (request, reply) => {
      const { at, grid } = request.query;
      const within = callerOf(request).scope.within(grid);
      const rows: Cell[][] = [];
      const set = keeper.current;
      for (const id of [...set.formations()].sort()) {
        if (within !== null && !within.has(id)) continue;
        for (const m of sorted(set.roster(id)))
          if (at === undefined || isValid(m, at))
            rows.push([m.mmsi, id, iso(m.from), iso(m.to), m.name, m.role, m.gear ?? ""]);
      }
      return reply
        .header("content-disposition", 'attachment; filename="memberships.csv"')
        .type("text/csv; charset=utf-8")
        .send(csv(["mmsi", "formation", "from", "to", "name", "role", "gear"], rows));
    },
  );

  app.post(
    "/api/memberships/import",
    {
      bodyLimit: BODY_LIMIT,
      config: { role: "admin" },
      schema: { tags, body: MembershipImport, response: { 200: MembershipImported } },
    },
    async (request) => {
      const { scope, account } = callerOf(request);
      const { csv: text, mode = "merge", dry_run: dryRun = false, note = "" } = request.body;
      const { lines, problems } = readMemberships(text, "csv");
      const outside = lines.filter(({ formation }) => !scope.has(formation));
      const all: GridProblem[] = [...problems];
      for (const { line, formation } of outside) all.push({ file: "csv", feature: null, id: formation, field: `line ${line} formation`, code: "orphan", expected: `expected the id of a formation, found "${formation}"`, severity: "error", line }); // prettier-ignore
      const known = lines.filter(({ formation }) => scope.has(formation));
      all.push(...withMemberships([...keeper.current.grids()], known, "csv").problems);
      const answer = (version: number | null, changes: MembershipImported["changes"]) => ({
        lines: lines.length,
        version,
        active: keeper.current.version,
        changes,
        problems: all.slice(0, MOST_PROBLEMS).map(({ line = 0, field, code, expected }) => ({ line, field: field.replace(/^line \d+ ?/, ""), code, expected })), // prettier-ignore
      });
      const cells = (set: GridSet) => {
        const grids = [...set.grids()];
        if (mode === "merge") return withMemberships(grids, known, "csv").grids;
        return replaceMembers(grids, new Set(set.formations().filter((id) => scope.has(id))), known);
      };
      const before = keeper.current;
      const done = await keeper.edit({
        what: "members",
        who: account.username,
        note,
        action: "members_import",
        target: "memberships",
        detail: { lines: lines.length, mode },
        dryRun: dryRun || all.length > 0,
        allowed: withinScope(scope),
        cells,
      });
      if ("code" in done) throw refused(done);
      // what a table with faults would do is not told: it would not be done
      if (all.length > 0) return answer(null, { added: 0, removed: 0, changed: 0 });
      return answer(done.version, termChanges(before, done.set));
    },
  );

  app.post(
    "/api/formations/:id/members",
    {
      config: { role: "admin" },
      schema: { tags, params: Id, body: MemberRequest, response: { 200: MemberList } },
    },
    async (request) => {
      const { id } = request.params;
      const { mmsi, name = "", role = "", gear, from, to, move = false, note = "" } = request.body;
      if (from !== undefined && to !== undefined && from >= to)
        throw new ApiFailure(400, "INVALID", "body to: must be after from");
      const known = [...keeper.current.grids()].flatMap((grid) => grid.members).findLast((m) => m.mmsi === mmsi);
      const member = memberOf(
        { mmsi, name: name === "" ? (known?.name ?? "") : name, role },
        gear ?? known?.gear,
        from,
        to,
      );
      return edit(request, id, "member_add", { mmsi, from, to, move }, note, (set) =>
        addMember(set.grids(), id, member, { move, now: clock() }),
      );
    },
  );

  app.delete(
    "/api/formations/:id/members/:mmsi",
    {
      config: { role: "admin" },
      schema: {
        tags,
        params: Type.Object({ ...Id.properties, mmsi: Type.Integer({ minimum: 1, maximum: 999_999_999 }) }),
        querystring: Type.Object({
          /** which of several terms, by its beginning (ms UTC), or `always` for the one without; absent = all */
          from: Type.Optional(Text(20)),
          /** it ends then, ms UTC; absent = it is taken back as if it had never been */
          at: Type.Optional(Time),
          note: Type.Optional(Text(500)),
        }),
        response: { 200: MemberList },
      },
    },
    async (request) => {
      const { id, mmsi } = request.params;
      const { from, at, note = "" } = request.query;
      if (from !== undefined && from !== "always" && !/^\d{1,16}$/.test(from))
        throw new ApiFailure(400, "INVALID", "querystring from: expected ms UTC or `always`");
      const term = from === undefined ? undefined : from === "always" ? null : Number(from);
      return edit(request, id, "member_remove", { mmsi, from, at }, note, (set) =>
        removeMember(set.grids(), id, mmsi, { from: term, at }),
      );
    },
  );

  async function edit(
    request: Parameters<typeof callerOf>[0],
    id: string,
    action: string,
    detail: object,
    note: string,
    cells: GridEdit["cells"],
  ): Promise<MemberList> {
    const { scope, account } = callerOf(request);
    const etag = ifMatch(request);
    members(id, scope, true);
    const done = await keeper.edit({
      what: "members",
      who: account.username,
      note,
      action,
      target: `formation:${id}`,
      detail,
      allowed: withinScope(scope),
      cells: (set) => (etagOf(set.get(id)) === etag ? cells(set) : { code: "changed", message: "its members changed meanwhile" }), // prettier-ignore
    });
    if ("code" in done) throw refused(done);
    return members(id, scope, true);
  }

  function members(id: string, scope: Scope, admin: boolean, at = clock()): MemberList {
    const set = keeper.current;
    const formation = set.get(id);
    if (formation?.level !== "formation" || !scope.has(id)) throw notFound("formation");
    const items = sorted(formation.members).map((m) => {
      const { mmsi, name, role, gear = null, from = null, to = null } = m;
      return { mmsi, name, role, gear, from, to, valid: isValid(m, at) };
    });
    const mayEdit = admin && (scope.everything || scope.has(formation.parent));
    return { formation: id, name: formation.name, etag: etagOf(formation), version: set.version, at, mayEdit, items }; // prettier-ignore
  }
}

/** Vessels whose terms differ. */
function termChanges(before: GridSet, after: GridSet): MembershipImported["changes"] {
  const terms = (set: GridSet) => {
    const of = new Map<number, string[]>();
    for (const { id, members } of set.grids())
      for (const m of members) of.set(m.mmsi, [...(of.get(m.mmsi) ?? []), `${id} ${JSON.stringify(m)}`]);
    return of;
  };
  const [old, now] = [terms(before), terms(after)];
  const changes = { added: 0, removed: 0, changed: 0 };
  for (const mmsi of new Set([...old.keys(), ...now.keys()])) {
    const [a, b] = [old.get(mmsi), now.get(mmsi)];
    if (a === undefined) changes.added++;
    else if (b === undefined) changes.removed++;
    else if (a.sort().join() !== b.sort().join()) changes.changed++;
  }
  return changes;
}

const sorted = (members: readonly FormationMember[]) =>
  [...members].sort((a, b) => a.mmsi - b.mmsi || (a.from ?? -Infinity) - (b.from ?? -Infinity));
const iso = (ms: number | undefined) => (ms === undefined ? "" : new Date(ms).toISOString());
const etagOf = (grid: Grid | undefined) => (grid === undefined ? "" : gridHash(grid).slice(0, 16));
