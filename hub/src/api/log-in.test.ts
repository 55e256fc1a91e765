import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { PASSWORD, type Scene, startScene } from "./api.testing.ts";

let scene: Scene;
let admin: string, operator: string, viewer: string;
/** the moment that the limit of log-ins sees, where time must not give anything back; null = it passes */
let still: number | null = null;
beforeAll(async () => {
  scene = await startScene({ clock: () => still ?? Date.now() });
  admin = await scene.account("admin", "admin");
  operator = await scene.account("operator", "operator");
  viewer = await scene.account("viewer", "viewer");
  await scene.edge("east", "e1", ["d1"]);
});
afterAll(() => scene?.close());

const login = (username: string, password: string, headers?: Record<string, string>) =>
  scene.call<{ token: string; code: string }>("POST", "/api/login", { body: { username, password }, headers });

describe("log-in", () => {
  it("gives a token and a cookie that no script reads, and either opens the API", async () => {
    const { status, headers, body } = await login("viewer", PASSWORD);
    expect(status).toBe(200);
    expect(body).toEqual({
      username: "viewer",
      role: "viewer",
      grids: [],
      token: expect.stringMatching(/^[\w-]{43}$/),
    });
    const cookie = headers.get("set-cookie")!;
    expect(cookie).toBe(`gridhub_session=${body.token}; HttpOnly; SameSite=Strict; Path=/`);
    const me = { username: "viewer", role: "viewer", grids: [] };
    expect((await scene.call("GET", "/api/me", { token: body.token })).body).toEqual(me);
    expect((await scene.call("GET", "/api/me", { headers: { cookie: cookie.split(";")[0] } })).body).toEqual(me);
    expect(await scene.refusal("GET", "/api/me")).toBe("401 UNAUTHENTICATED");
    expect(await scene.refusal("GET", "/api/me", { token: "x".repeat(43) })).toBe("401 UNAUTHENTICATED");
  });

  it("marks the cookie Secure behind a proxy that ends TLS", async () => {
    const { headers } = await login("viewer", PASSWORD, { "x-forwarded-proto": "https" });
    expect(headers.get("set-cookie")).toMatch(/; Secure$/);
    expect(headers.get("strict-transport-security")).toContain("max-age");
  });

  it("ends a session for good", async () => {
    const { body } = await login("viewer", PASSWORD);
    const { token } = body;
    const answer = await scene.call("POST", "/api/logout", { token, body: {} });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("set-cookie")).toContain("Max-Age=0");
    expect(await scene.refusal("GET", "/api/me", { token })).toBe("401 UNAUTHENTICATED");
    expect((await scene.call("POST", "/api/logout", { body: {} })).status).toBe(200);
  });

  it("locks an account after five wrong passwords, and tells wrong names and passwords alike", async () => {
    await scene.account("clumsy", "viewer");
    const wrongName = await login("nobody", "wrong");
    for (let i = 0; i < 5; i++) {
      const { status, body } = await login("clumsy", "wrong");
      expect([status, body]).toEqual([wrongName.status, wrongName.body]);
    }
    expect(wrongName.status).toBe(401);
    const locked = await login("clumsy", PASSWORD);
    expect([locked.status, locked.body.code]).toEqual([429, "ACCOUNT_LOCKED"]);
  });

  it("slows an address down that tries many names", async () => {
    const from = { "x-forwarded-for": "198.51.100.7" };
    still = Date.now();
    onTestFinished(() => void (still = null));
    const statuses = new Set<number>();
    for (let i = 0; i < 11; i++) statuses.add((await login(`guess-${i}`, "wrong", from)).status);
    expect(statuses).toEqual(new Set([401, 429]));
    const refused = await login("viewer", PASSWORD, from);
    expect(refused.body.code).toBe("TOO_MANY_LOGINS");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await login("viewer", PASSWORD)).status).toBe(200);
  });

  it("records log-ins and failures in the sealed audit trail", async () => {
    await login("viewer", "wrong");
    const { rows } = await scene.pool.query(
      `select who, action, hash = audit_hash(prev, seq, ts, who, action, target, detail) as sealed from audit
       order by seq desc limit 1`,
    );
    expect(rows).toEqual([{ who: "viewer", action: "login_failed", sealed: true }]);
  });
});

describe("a new password", () => {
  const NEXT = "a-new-and-long-one";
  const change = (token: string | undefined, current: string, next: unknown, headers?: Record<string, string>) =>
    scene.call<{ code?: string; message?: string; sessionsEnded?: number }>("POST", "/api/me/password", {
      token,
      headers,
      body: { current, next },
    });

  it("takes the place of the old one and ends the other sessions, not this one", async () => {
    const token = await scene.account("changer", "viewer");
    const other = (await login("changer", PASSWORD)).body.token;
    expect((await scene.call("GET", "/api/me", { token: other })).status).toBe(200);
    const { status, body } = await change(token, PASSWORD, NEXT);
    expect([status, body]).toEqual([200, { sessionsEnded: 1 }]);
    expect(await scene.refusal("GET", "/api/me", { token: other })).toBe("401 UNAUTHENTICATED");
    expect((await scene.call("GET", "/api/me", { token })).status).toBe(200);
    expect((await login("changer", PASSWORD)).body.code).toBe("LOGIN_FAILED");
    expect((await login("changer", NEXT)).status).toBe(200);
    const { rows } = await scene.pool.query(
      `select who, target, detail, hash = audit_hash(prev, seq, ts, who, action, target, detail) as sealed from audit
       where action = 'password_change'`,
    );
    expect(rows).toEqual([{ who: "changer", target: "changer", detail: { sessionsEnded: 1 }, sealed: true }]);
  });

  it("is neither short, nor endless, nor the user name, nor the old one", async () => {
    const token = await scene.account("Long-User-Name", "viewer");
    for (const next of ["eleven-char", "x".repeat(201), "long-user-name", PASSWORD, 12, null]) {
      const { status, body } = await change(token, PASSWORD, next);
      expect([status, body.code], String(next)).toEqual([400, "INVALID"]);
      expect(body.message).toContain("next");
    }
    expect((await login("Long-User-Name", PASSWORD)).status).toBe(200);
    expect((await change(token, PASSWORD, "twelve-chars")).status).toBe(200);
  });

  it("needs a session, and the current password: a wrong one counts toward the lockout", async () => {
    expect((await change(undefined, PASSWORD, NEXT)).status).toBe(401);
    const token = await scene.account("guesser", "operator");
    const from = { "x-forwarded-for": "198.51.100.8" };
    for (let i = 0; i < 5; i++) {
      const { status, body } = await change(token, "wrong", NEXT, from);
      expect([status, body.code]).toEqual([403, "PASSWORD_WRONG"]);
    }
    const { status, body } = await change(token, PASSWORD, NEXT, from);
    expect([status, body.code]).toEqual([429, "ACCOUNT_LOCKED"]);
    expect((await login("guesser", PASSWORD, from)).body.code).toBe("ACCOUNT_LOCKED");
    const { rows } = await scene.pool.query(
      "select count(*)::int as n from audit where who = 'guesser' and action = 'password_change_failed'",
    );
    expect(rows).toEqual([{ n: 5 }]);
  });
});

describe("roles", () => {
  it("lets each role do its own and no more", async () => {
    const edge = { site: "east", edge: "by-role" };
    expect(await scene.refusal("GET", "/api/dead-letters", { token: viewer })).toBe("403 FORBIDDEN");
    expect((await scene.call("GET", "/api/dead-letters", { token: operator })).status).toBe(200);
    expect(await scene.refusal("POST", "/api/edges", { token: operator, body: edge })).toBe("403 FORBIDDEN");
    const made = await scene.call("POST", "/api/edges", { token: admin, body: edge });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ username: "east/by-role", address: "mqtt://127.0.0.1:1" });
    const action = { action: "comment" };
    expect(await scene.refusal("POST", "/api/events/x/actions", { token: viewer, body: action })).toBe("403 FORBIDDEN");
  });

  it("gives an edge a new token only when asked in so many words, and cuts off the old one", async () => {
    const edge = { site: "east", edge: "renewed", title: "码头" };
    const first = await scene.call<{ token: string }>("POST", "/api/edges", { token: admin, body: edge });
    expect(scene.registry.authenticate("east/renewed", first.body.token)).not.toBeNull();
    expect(await scene.refusal("POST", "/api/edges", { token: admin, body: edge })).toBe("409 EDGE_EXISTS");
    expect(scene.registry.authenticate("east/renewed", first.body.token)).not.toBeNull();
    const body = { ...edge, renew: true };
    const second = await scene.call<{ token: string }>("POST", "/api/edges", { token: admin, body });
    expect(scene.registry.authenticate("east/renewed", first.body.token)).toBeNull();
    expect(scene.registry.authenticate("east/renewed", second.body.token)).not.toBeNull();
    expect(scene.wire.cut).toEqual([{ site: "east", edge: "renewed" }]);
    const { rows } = await scene.pool.query(
      "select action, detail::text from audit where target = 'edge:east/renewed'",
    );
    expect(rows.map((row) => row.action)).toEqual(["edge_create", "edge_renew"]);
    expect(JSON.stringify(rows)).not.toContain(second.body.token);
  });
});

describe("forged requests", () => {
  const body = { site: "east", edge: "forged" };
  const post = (headers: Record<string, string>, payload: unknown = body) =>
    scene.refusal("POST", "/api/edges", { token: admin, body: payload, headers });

  it("are refused by what a page elsewhere cannot change", async () => {
    expect(await post({ origin: "https://evil.example" })).toBe("403 FOREIGN_ORIGIN");
    expect(await post({ origin: "null" })).toBe("403 FOREIGN_ORIGIN");
    expect(await post({ origin: `${scene.address}.evil.example` })).toBe("403 FOREIGN_ORIGIN");
    expect(await post({ "sec-fetch-site": "cross-site" })).toBe("403 FOREIGN_ORIGIN");
    expect(await post({ "content-type": "text/plain" })).toBe("415 JSON_REQUIRED");
    expect(await post({ "content-type": "application/x-www-form-urlencoded" }, "site=a")).toBe("415 JSON_REQUIRED");
    expect(await scene.refusal("POST", "/api/edges", { token: admin })).toBe("415 JSON_REQUIRED");
    expect(scene.registry.edge("east", "forged")).toBeUndefined();
    expect(
      (await scene.call("POST", "/api/edges", { token: admin, body, headers: { origin: scene.address } })).status,
    ).toBe(201);
  });

  it("cannot bring what the contract does not know", async () => {
    const refused = (payload: unknown) => post({}, payload);
    expect(await refused({ ...body, extra: 1 })).toBe("400 INVALID");
    expect(await refused({ site: "east", edge: "../x" })).toBe("400 INVALID");
    expect(await refused({ site: "east", edge: 7 })).toBe("400 INVALID");
    expect(await refused('{"site":')).toBe("400 INVALID");
    expect(await refused('{"__proto__":{},"site":"east","edge":"p"}')).toBe("400 INVALID");
    expect(await refused('{"site":"east","edge":"p","title":"a\\u0000b"}')).toBe("400 INVALID");
    expect(await refused(JSON.stringify({ ...body, title: "x".repeat(2_000_000) }))).toBe("413 BODY_TOO_LARGE");
    expect(await scene.refusal("GET", "/api/devices?q=%00", { token: admin })).toBe("400 INVALID");
  });
});
