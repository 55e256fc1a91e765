import { randomUUID } from "node:crypto";
import type { FastifyReply } from "fastify";
import Type from "typebox";
import type { Recall, RecallProblem } from "../../fleet/recall/recall.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { type Cell, csv } from "../csv.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { printCss, printPage } from "../recall-print.ts";
import {
  AckRequest, EndRequest, ExtendRequest, NewRecallRequest, RecallBoardInfo, RecallInfo, RecallOptionsInfo,
} from "../recall-schema.ts"; // prettier-ignore
import { isWhole, RecallView } from "../recall-view.ts";
import type { Scope } from "../scope.ts";

const tags = ["recall"];
const DEFAULT_REMIND_MIN = [120, 30];
const params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const Vessel = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  mmsi: Type.Integer({ minimum: 0, maximum: 999_999_999 }),
});
const board200 = { 200: RecallBoardInfo };

/** 防台召回: opened, extended and ended by operators; the board, what the radio room heard, CSV and a page of paper. */
export function recallRoutes(app: App, { context }: Parts): void {
  const { recalls: book, pipeline, pool, clock, grids, timeZone } = context;
  const view = new RecallView(book, grids);

  function board(id: string, scope: Scope): RecallBoardInfo {
    const found = view.board(id, scope, clock());
    if (found === null) throw notFound("recall");
    return found;
  }

  /** Who changes a recall answers for all that it calls. */
  function owned(id: string, scope: Scope): Recall {
    const recall = book.get(id);
    if (recall === undefined || !isWhole(recall, scope)) throw notFound("recall");
    return recall;
  }

  app.get(
    "/api/recalls",
    {
      config: { role: "viewer" },
      schema: { tags, response: { 200: Type.Object({ items: Type.Array(RecallInfo) }) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      return { items: book.recalls().flatMap(({ id }) => view.info(id, scope, clock()) ?? []) };
    },
  );

  app.get(
    "/api/recalls/options",
    { config: { role: "operator" }, schema: { tags, response: { 200: RecallOptionsInfo } } },
    async (request) => {
      const { scope } = callerOf(request);
      const set = grids();
      const sea = set.at(clock());
      const vessels = new Map<string, number>();
      for (const id of sea.formations())
        for (const grid of [id, ...sea.above(id)]) vessels.set(grid, (vessels.get(grid) ?? 0) + sea.members(id).length);
      const called = [...set.grids()].filter(({ id }) => vessels.has(id) && scope.has(id));
      return {
        grids: called.map(({ id, name, level }) => ({ id, name, level, vessels: vessels.get(id) ?? 0 })),
        // a boat may shelter wherever it is safe, whoever's harbour it is
        shelters: sea.areas().flatMap(({ id, name, rule }) => (rule === "harbour" ? [{ id, name }] : [])),
      };
    },
  );

  app.post(
    "/api/recalls",
    { config: { role: "operator" }, schema: { tags, body: NewRecallRequest, response: board200 } },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { shelters = [], raiseBy = "vessel", remindMin = DEFAULT_REMIND_MIN, ...wish } = request.body;
      if (!wish.grids.every((id) => scope.has(id) && grids().get(id) !== undefined)) throw notFound("grid");
      const plan = { id: randomUUID(), ...wish, shelters, raiseBy, remindMin };
      accepted(await pipeline.submit((now) => book.open(plan, account.username, now)));
      await blaming(audit(pool, account.username, "recall_open", `recall:${plan.id}`, plan));
      return board(plan.id, scope);
    },
  );

  app.get(
    "/api/recalls/:id",
    { config: { role: "viewer" }, schema: { tags, params, response: board200 } },
    async (request) => board(request.params.id, callerOf(request).scope),
  );

  app.post(
    "/api/recalls/:id/deadline",
    { config: { role: "operator" }, schema: { tags, params, body: ExtendRequest, response: board200 } },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { id } = request.params;
      const { deadline, note = "" } = request.body;
      const { deadline: from } = owned(id, scope);
      accepted(await pipeline.submit((now) => book.extend(id, deadline, account.username, note, now)));
      await blaming(audit(pool, account.username, "recall_deadline", `recall:${id}`, { from, deadline, note }));
      return board(id, scope);
    },
  );

  app.post(
    "/api/recalls/:id/end",
    { config: { role: "operator" }, schema: { tags, params, body: EndRequest, response: board200 } },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { id } = request.params;
      const { what, note = "" } = request.body;
      owned(id, scope);
      accepted(await pipeline.submit((now) => book.end(id, what, account.username, note, now)));
      await blaming(audit(pool, account.username, `recall_${what}`, `recall:${id}`, { note }));
      return board(id, scope);
    },
  );

  app.put(
    "/api/recalls/:id/vessels/:mmsi",
    { config: { role: "operator" }, schema: { tags, params: Vessel, body: AckRequest, response: board200 } },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { id, mmsi } = request.params;
      const { said, note = "" } = request.body;
      const called = board(id, scope).formations.some(({ vessels }) => vessels.some((v) => v.mmsi === mmsi));
      if (!called) throw notFound("vessel");
      accepted(await pipeline.submit((now) => book.acknowledge(id, mmsi, said, account.username, note, now)));
      await blaming(audit(pool, account.username, "recall_ack", `recall:${id}`, { mmsi, said, note }));
      return board(id, scope);
    },
  );

  app.get("/api/recalls/:id/board.csv", file, async (request, reply) => {
    const found = board(request.params.id, callerOf(request).scope);
    reply.type("text/csv; charset=utf-8");
    reply.header("content-disposition", `attachment; filename="gridhub-recall.csv"`);
    return csv(HEAD, cells(found, timeZone));
  });

  app.get("/api/recalls/:id/print", file, async (request, reply: FastifyReply) => {
    const found = board(request.params.id, callerOf(request).scope);
    reply.type("text/html; charset=utf-8");
    return printPage(found, timeZone);
  });

  app.get("/api/recalls/print.css", { config: { role: "viewer" }, schema: { tags } }, async (_request, reply) => {
    reply.type("text/css; charset=utf-8");
    return printCss;
  });
}

const file = { config: { role: "viewer" }, schema: { tags, params } } as const;

function accepted<T>(answer: T | RecallProblem): T {
  if (typeof answer !== "object" || answer === null || !("code" in answer)) return answer as T;
  const { code, message } = answer;
  if (code === "RECALL_UNKNOWN") throw notFound("recall");
  throw new ApiFailure(code === "RECALL_ENDED" || code === "RECALL_OVERLAPS" ? 409 : 422, code, message);
}

const HEAD = [
  "area", "formation", "mmsi", "name", "standing", "by_word", "said", "said_at", "said_to", "note", "harbour",
  "nearest_shelter", "distance_nm", "eta", "sog_kn", "cog", "lon", "lat", "last_heard",
]; // prettier-ignore

function* cells({ formations }: RecallBoardInfo, timeZone: string): Generator<Cell[]> {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  const time = (ts: number | null | undefined) => (ts == null ? null : format.format(ts));
  for (const { name, parentName, vessels } of formations)
    for (const v of vessels) {
      const { mmsi, standing, byWord, ack, harbourName, shelterName, distanceNm, etaAt, sog, cog, lon, lat, heardAt } =
        v;
      yield [parentName, name, mmsi, v.name, standing, byWord ? "yes" : "", ack?.said ?? null, time(ack?.ts),
        ack?.who ?? null, ack?.note ?? null, harbourName, shelterName, distanceNm, time(etaAt), sog, cog, lon, lat, time(heardAt)]; // prettier-ignore
    }
}
