import type { FastifyRequest } from "fastify";
import type { RoleName } from "../store/queries/access.ts";
import { blaming } from "../store/failure.ts";
import type { App } from "./app.ts";
import { readCookie, SESSION_COOKIE } from "./cookie.ts";
import { ApiFailure } from "./failure.ts";
import type { Scope, Scopes } from "./scope.ts";
import { type Account, roleCovers, type Sessions } from "./sessions.ts";

/** Who asks, by a session that is valid now. */
export interface Caller {
  readonly account: Account;
  readonly token: string;
  /** the token came in the Authorization header, which no foreign page can make a browser send */
  readonly bearer: boolean;
  readonly scope: Scope;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** the least role; `anyone` = also without a session */
    role?: RoleName | "anyone";
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

/** On every request, before its body is read: forged requests, then who it is, then whether that is enough. */
export function guard(app: App, sessions: Sessions, scopes: Scopes): void {
  app.decorateRequest("caller", null);
  // Fails closed: a route of the API that does not say who may use it is our mistake and stops the start.
  app.addHook("onRoute", ({ url, config }) => {
    if (url.startsWith("/api") && config?.role === undefined) throw new Error(`${url} names no role`);
  });
  app.addHook("onRequest", async (request) => {
    const { role } = request.routeOptions.config;
    if (role === undefined) return;
    refuseForged(request);
    request.caller = await identify(request, sessions, scopes);
    if (role === "anyone") return;
    if (request.caller === null) throw new ApiFailure(401, "UNAUTHENTICATED", "log in first");
    if (!roleCovers(request.caller.account.role, role)) {
      throw new ApiFailure(403, "FORBIDDEN", `this needs the role ${role}`);
    }
  });
}

/** The caller of a route that is not open to anyone. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new ApiFailure(401, "UNAUTHENTICATED", "log in first");
  return request.caller;
}

async function identify(request: FastifyRequest, sessions: Sessions, scopes: Scopes): Promise<Caller | null> {
  const { authorization, cookie } = request.headers;
  const bearer = /^Bearer ([\w-]{1,200})$/i.exec(authorization ?? "")?.[1];
  const token = bearer ?? readCookie(cookie, SESSION_COOKIE);
  if (token === null) return null;
  const account = await blaming(sessions.find(token));
  if (account === undefined) return null;
  return { account, token, bearer: bearer !== undefined, scope: scopes.of(account.grids) };
}

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A page elsewhere can make a browser send forms and simple requests with our cookie (SameSite stops most, not all of it). It
 * cannot send JSON without asking, nor hide where it comes from.
 */
function refuseForged({ method, headers, host }: FastifyRequest): void {
  if (READS.has(method)) return;
  const type = headers["content-type"]?.split(";", 1)[0].trim().toLowerCase();
  if (type !== "application/json") throw new ApiFailure(415, "JSON_REQUIRED", "the body must be application/json");
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  const foreign = origin !== undefined && !sameHost(origin, host);
  if (foreign || (site !== undefined && site !== "same-origin" && site !== "none")) {
    throw new ApiFailure(403, "FOREIGN_ORIGIN", "requests from other origins are refused", {
      advice: "A proxy in front of the hub must hand on the Host header.",
    });
  }
}

/** By host and port: a proxy that ends TLS may keep the scheme to itself. */
function sameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: theirs } = new URL(origin);
  const ours = `${protocol}//${host}`;
  return /^https?:$/.test(protocol) && URL.canParse(ours) && new URL(ours).host === theirs;
}
