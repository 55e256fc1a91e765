import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import type { App } from "../app.ts";
import { sessionCookie } from "../cookie.ts";
import { ApiFailure } from "../failure.ts";
import { callerOf } from "../guard.ts";
import { LoginLimit } from "../login-limit.ts";
import type { Parts } from "../parts.ts";
import { Login, PasswordChange, User } from "../schema.ts";

const LoggedIn = Type.Interface([User], { token: Type.String() });

export function logInRoutes(app: App, { context }: Parts): void {
  const { sessions, clock } = context;
  const limit = new LoginLimit();

  app.post(
    "/api/login",
    { config: { role: "anyone" }, schema: { tags: ["session"], body: Login, response: { 200: LoggedIn } } },
    async (request, reply) => {
      const { username, password } = request.body;
      const wait = limit.admit(request.ip, clock());
      if (wait > 0) throw tooMany(wait);
      let result: Awaited<ReturnType<typeof sessions.login>> | null = null;
      try {
        result = await blaming(sessions.login(username, password));
      } finally {
        limit.settle(request.ip, result !== null && typeof result === "object");
      }
      if (result === "locked") throw locked();
      if (result === "denied") throw new ApiFailure(401, "LOGIN_FAILED", "unknown user name or wrong password");
      reply.header("set-cookie", sessionCookie(result.token, request.protocol === "https"));
      const { role, grids } = result.account;
      return { username, role, grids: [...grids], token: result.token };
    },
  );

  app.post(
    "/api/logout",
    { config: { role: "anyone" }, schema: { tags: ["session"], response: { 200: Type.Object({}) } } },
    async (request, reply) => {
      const { caller } = request;
      if (caller !== null) await blaming(sessions.logout(caller.token, caller.account.username));
      reply.header("set-cookie", sessionCookie("", request.protocol === "https"));
      return {};
    },
  );

  app.get(
    "/api/me",
    { config: { role: "viewer" }, schema: { tags: ["session"], response: { 200: User } } },
    async (request) => {
      const { username, role, grids } = callerOf(request).account;
      return { username, role, grids: [...grids] };
    },
  );

  app.post(
    "/api/me/password",
    {
      config: { role: "viewer" },
      schema: {
        tags: ["session"],
        body: PasswordChange,
        response: { 200: Type.Object({ sessionsEnded: Type.Number() }) },
      },
    },
    async (request) => {
      const { account, token } = callerOf(request);
      const { current, next } = request.body;
      refuseGuessable(next, account.username, current);
      // Checked like a log-in: a session left open must not become a way to try passwords.
      const wait = limit.admit(request.ip, clock());
      if (wait > 0) throw tooMany(wait);
      let result: Awaited<ReturnType<typeof sessions.changePassword>> | null = null;
      try {
        result = await blaming(sessions.changePassword(account.username, token, current, next));
      } finally {
        limit.settle(request.ip, typeof result === "number");
      }
      if (result === "locked") throw locked();
      if (result === "wrong") throw new ApiFailure(403, "PASSWORD_WRONG", "the current password is not right");
      return { sessionsEnded: result };
    },
  );
}

function refuseGuessable(next: string, username: string, current: string): void {
  const plain = (text: string) => text.normalize("NFKC").toLowerCase();
  if (plain(next) === plain(username)) {
    throw new ApiFailure(400, "INVALID", "body next: must differ from the user name");
  }
  if (next.normalize("NFKC") === current.normalize("NFKC")) {
    throw new ApiFailure(400, "INVALID", "body next: must differ from the current password");
  }
}

function locked(): ApiFailure {
  return new ApiFailure(429, "ACCOUNT_LOCKED", "too many wrong passwords, the account is locked for a while");
}

function tooMany(seconds: number): ApiFailure {
  return new ApiFailure(429, "TOO_MANY_LOGINS", "too many log-ins from this address", {
    headers: { "retry-after": String(seconds) },
  });
}
