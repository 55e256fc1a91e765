import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { HubError } from "../../errors.ts";
import type { App } from "../app.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { GridInfo } from "../schema.ts";
import type { Scope } from "../scope.ts";

interface Prepared {
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

const Grids = Type.Object({ version: Type.Number(), items: Type.Array(GridInfo) });
/** Answers kept ready: one for each scope that looks. */
const MAX_PREPARED = 64;

/** What the map is drawn of: large, the same for hours, so prepared once and confirmed by ETag. */
export function mapRoutes(app: App, { context }: Parts): void {
  const coast = readCoast(context.coastFile);
  let grids = new Map<string, Prepared>();
  let of: unknown = null;

  function gridsFor(scope: Scope): Prepared {
    const set = context.grids();
    if (of !== set || grids.size >= MAX_PREPARED) grids = new Map();
    of = set;
    let prepared = grids.get(scope.key);
    if (prepared === undefined) {
      const items = set.items().filter(({ id }) => scope.has(id));
      prepared = prepare(JSON.stringify({ version: set.version, items }));
      grids.set(scope.key, prepared);
    }
    return prepared;
  }

  app.get(
    "/api/grids",
    { config: { role: "viewer" }, schema: { tags: ["map"], response: { 200: Grids } } },
    (request, reply) => sendPrepared(request, reply, gridsFor(callerOf(request).scope)),
  );
  app.get(
    "/api/coast",
    {
      config: { role: "viewer" },
      schema: { tags: ["map"], description: "GeoJSON FeatureCollection of land", response: { 200: Type.Any() } },
    },
    (request, reply) => sendPrepared(request, reply, coast),
  );
}

function sendPrepared(request: FastifyRequest, reply: FastifyReply, { etag, plain, gzip }: Prepared): void {
  reply.headers({ etag, vary: "accept-encoding", "cache-control": "private, no-cache" });
  const known = request.headers["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known?.includes(etag)) return void reply.code(304).send();
  reply.type("application/json; charset=utf-8");
  if (!/\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""))) void reply.send(plain);
  else void reply.header("content-encoding", "gzip").send(gzip);
}

function prepare(text: string): Prepared {
  const plain = Buffer.from(text);
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { etag, plain, gzip: gzipSync(plain) };
}

/** @throws HubError CONFIG_UNREADABLE */
function readCoast(file: string): Prepared {
  if (file === "") return prepare('{"type":"FeatureCollection","features":[]}');
  try {
    return prepare(JSON.stringify(JSON.parse(readFileSync(file, "utf8"))));
  } catch (cause) {
    throw new HubError("CONFIG_UNREADABLE", `coast: ${(cause as Error).message}`, { cause });
  }
}
