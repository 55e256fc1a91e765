import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { App } from "./app.ts";
import { ApiFailure } from "./failure.ts";

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>gridhub</title>
<h1>gridhub runs</h1>
<p>The console is not built yet. In the project's folder run <code>npm run build</code>, then load this page again.</p>
<p>The API is described at <a href="/api/openapi.json">/api/openapi.json</a>.</p>
</html>
`;
const NO_CACHE = "no-cache";

/**
 * The built console. Files under `assets/` carry their hash in their name and are kept for ever; everything else is asked for
 * again. An address that is no file is a page of the console, which reads it itself.
 */
export async function consoleFiles(app: App, dir: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: dir,
    index: false,
    dotfiles: "ignore",
    cacheControl: false,
    setHeaders: (reply, path) => {
      const hashed = path.startsWith(join(dir, "assets"));
      reply.header("cache-control", hashed ? "public, max-age=31536000, immutable" : NO_CACHE);
    },
  });
  app.get("/", { schema: { hide: true } }, (_request, reply) => reply.callNotFound());
  app.setNotFoundHandler((request, reply) => {
    const [path] = request.url.split("?", 1);
    const page = (request.method === "GET" || request.method === "HEAD") && !/^\/(?:api|assets)(?:\/|$)/.test(path);
    if (!page) throw new ApiFailure(404, "NOT_FOUND", "no such route");
    if (existsSync(join(dir, "index.html"))) return reply.sendFile("index.html");
    return reply.header("cache-control", NO_CACHE).type("text/html; charset=utf-8").send(NOT_BUILT);
  });
}
