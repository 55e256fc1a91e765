import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { HubError } from "../errors.ts";
import { type Scene, startScene } from "./api.testing.ts";
import { Metrics } from "../metrics.ts";
import { startApi } from "./server.ts";

let scene: Scene;
let token: string;
beforeAll(async () => {
  scene = await startScene({ coastFile: join(import.meta.dirname, "../../../simulators/data/coast.geojson") });
  token = await scene.account("viewer", "viewer");
  await scene.edge("east", "e1", ["d1"]);
});
afterAll(() => scene?.close());

/** fetch would tidy the path up before it is sent */
function rawGet(path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(scene.address);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    request({ hostname, port, path, headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on("error", reject)
      .end();
  });
}

describe("the API", () => {
  interface OpenApi {
    readonly openapi: string;
    readonly paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  }

  it("describes every route of the README, and no route is undocumented", async () => {
    const { body } = await scene.call<OpenApi>("GET", "/api/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    const table = readme.split("\n").filter((line) => /^\| `(GET|POST|PUT|DELETE|DELETE) /.test(line));
    const promised = new Set(
      table.flatMap((line) =>
        [...line.split("|")[1].matchAll(/(?:(GET|POST|PUT|DELETE|DELETE) )?(\/[\w/:{}.-]+)/g)].map(
          ([, method = "GET", path]) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
        ),
      ),
    );
    promised.delete("GET /api/openapi.json");
    const described = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== "head")
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...promised].sort()).toEqual(described.sort());
    expect(promised.size).toBeGreaterThan(40);
    expect(body.paths["/api/events/{id}/actions"].post.responses).toHaveProperty("4XX");
  });

  it("answers unknown routes and methods in its own shape", async () => {
    for (const path of ["/api", "/api/", "/api/none", "/api/events/x/y", "/assets/none.js"]) {
      expect(await scene.refusal("GET", path, { token }), path).toBe("404 NOT_FOUND");
    }
    expect(await scene.refusal("DELETE", "/api/events", { token })).toBe("404 NOT_FOUND");
    expect(await scene.refusal("POST", "/none", { token, body: {} })).toBe("404 NOT_FOUND");
    expect((await rawGet("/api/events/%zz")).status).toBe(400);
  });

  it("sends its security headers with everything", async () => {
    for (const path of ["/", "/api/me", "/api/none", "/healthz"]) {
      const { headers } = await scene.call("GET", path);
      expect(headers.get("content-security-policy"), path).toContain("frame-ancestors 'none'");
      expect(headers.get("x-content-type-options"), path).toBe("nosniff");
      expect(headers.get("referrer-policy"), path).toBe("no-referrer");
    }
    expect((await scene.call("GET", "/api/me", { token })).headers.get("cache-control")).toBe("no-store");
  });

  it("confirms grids and coast by ETag instead of sending them again", async () => {
    for (const path of ["/api/grids", "/api/coast"]) {
      const { headers, body } = await scene.call<{ items?: unknown[]; features?: unknown[] }>("GET", path, { token });
      expect((body.items ?? body.features)?.length, path).toBeGreaterThan(3);
      expect(headers.get("content-encoding")).toBe("gzip");
      const again = { token, headers: { "if-none-match": headers.get("etag")! } };
      expect((await scene.call("GET", path, again)).status, path).toBe(304);
    }
  });

  it("tells probes whether it runs and whether it is ready", async () => {
    expect((await scene.call("GET", "/healthz")).body).toEqual({ ok: true, detail: "" });
    expect((await scene.call("GET", "/readyz")).status).toBe(200);
  });

  it("gives numbers to this machine, elsewhere to sessions by bearer only", async () => {
    const away = { "x-forwarded-for": "198.51.100.9" };
    const local = await scene.call<string>("GET", "/metrics");
    expect(local.status).toBe(200);
    expect(await scene.refusal("GET", "/metrics", { headers: away })).toBe("401 UNAUTHENTICATED");
    const cookie = `gridhub_session=${token}`;
    expect(await scene.refusal("GET", "/metrics", { headers: { ...away, cookie } })).toBe("401 UNAUTHENTICATED");
    expect((await scene.call("GET", "/metrics", { token, headers: away })).status).toBe(200);
    for (const line of [
      "gridhub_messages_total 1",
      'gridhub_devices{state="unknown"} 1',
      'gridhub_events_active{severity="1"} 0',
      "gridhub_mqtt_clients 3",
      'gridhub_mqtt_refused_total{guard="connect"} 2',
      "gridhub_sse_clients 0",
      'gridhub_vision_dropped_total{reason="invalid"} 0',
    ]) {
      expect(local.body).toContain(`\n${line}\n`);
    }
    for (const name of [
      ...[
        "readings",
        "readings_stored",
        "frames",
        "positions",
        "duplicates",
        "turns",
        "commit_retries",
        "vision_frames",
      ],
      "rejected",
    ]) {
      expect(local.body).toContain(`# TYPE gridhub_${name}_total counter`);
    }
    for (const name of ["gridhub_pending_messages", "gridhub_pending_bytes", "process_cpu_seconds_total"]) {
      expect(local.body).toContain(`# TYPE ${name} `);
    }
    // a second look reads the same, not twice as much
    expect((await scene.call<string>("GET", "/metrics")).body).toContain("\ngridhub_messages_total 1\n");
  });

  it("serves pictures by hash for ever, and no other file", async () => {
    const jpeg = Buffer.from("\xff\xd8 a picture", "latin1");
    const hash = scene.vision.evidence.put(jpeg, Date.now());
    const { status, headers } = await scene.call("GET", `/api/media/${hash}`, { token });
    expect([status, headers.get("content-type")]).toEqual([200, "image/jpeg"]);
    expect(headers.get("cache-control")).toContain("immutable");
    expect(await scene.refusal("GET", `/api/media/${hash}`)).toBe("401 UNAUTHENTICATED");
    expect(await scene.refusal("GET", `/api/media/${"0".repeat(64)}`, { token })).toBe("404 NOT_FOUND");
    writeFileSync(join(scene.folder, "secret.jpg"), "secret");
    for (const name of [
      "../secret",
      "..%2fsecret",
      "..%2f..%2f..%2fetc%2fpasswd",
      "%00",
      hash.toUpperCase(),
      `${hash}.jpg`,
    ]) {
      const { status, body } = await rawGet(`/api/media/${name}`);
      expect([400, 404], name).toContain(status);
      expect(body, name).not.toContain("secret");
    }
  });

  it("is not started twice on one port", async () => {
    const port = Number(new URL(scene.address).port);
    const second = startApi({ ...scene.context, port, metrics: new Metrics() });
    await expect(second).rejects.toEqual(expect.objectContaining({ code: "PORT_IN_USE" }));
    await expect(second).rejects.toBeInstanceOf(HubError);
  });
});

describe("the console", () => {
  it("says how to build it where it is not built", async () => {
    const { status, body } = await scene.call<string>("GET", "/");
    expect(status).toBe(200);
    expect(body).toContain("npm run build");
  });

  it("is served with its pages' addresses, hashed files for ever", async () => {
    const { consoleDir } = scene.context;
    mkdirSync(join(consoleDir, "assets"), { recursive: true });
    writeFileSync(join(consoleDir, "index.html"), "<!doctype html>the console");
    writeFileSync(join(consoleDir, "assets/index-abc123.js"), "export {};");
    writeFileSync(join(consoleDir, ".stamp"), "private");
    for (const path of ["/", "/events/some-id?severity=1", "/screen"]) {
      const { headers, body } = await scene.call<string>("GET", path);
      expect(body, path).toContain("the console");
      expect(headers.get("cache-control"), path).toBe("no-cache");
    }
    const asset = await scene.call("GET", "/assets/index-abc123.js");
    expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(asset.headers.get("content-type")).toContain("javascript");
    expect((await scene.call<string>("GET", "/.stamp")).body).not.toContain("private");
    for (const path of ["/../secret.jpg", "/assets/..%2f..%2fsecret.jpg", "/%2e%2e/secret.jpg"]) {
      expect((await rawGet(path)).body, path).not.toContain("secret");
    }
  });
});

describe("a database that is away", () => {
  it("is a 503 with advice, and the API is itself again when it is back", async () => {
    const { database: name } = scene.database.connection;
    const admin = new pg.Client({ ...scene.database.connection, database: "postgres" });
    await admin.connect();
    try {
      await admin.query(`alter database ${name} allow_connections false`);
      await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
      const { status, headers, body } = await scene.call("GET", "/api/events", { token });
      expect(status).toBe(503);
      expect(body).toEqual({
        code: "DB_UNAVAILABLE",
        message: "the database does not answer",
        advice: expect.stringContaining("Check the server"),
      });
      expect(headers.get("retry-after")).toBe("2");
      const login = { body: { username: "viewer", password: "x" } };
      expect(await scene.refusal("POST", "/api/login", login)).toBe("503 DB_UNAVAILABLE");
      expect((await scene.call("GET", "/healthz")).status).toBe(200);
      await vi.waitFor(async () => expect((await scene.call("GET", "/readyz")).status).toBe(503));
    } finally {
      await admin.query(`alter database ${name} allow_connections true`);
      await admin.end();
    }
    await vi.waitFor(async () => expect((await scene.call("GET", "/readyz")).status).toBe(200), 15_000);
    expect((await scene.call("GET", "/api/events", { token })).status).toBe(200);
  });
});
