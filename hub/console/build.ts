import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

// Builds the console into dist/ only when something that goes into it changed: dist/.stamp holds the hash of the sources.
// `--force` builds anyway.

const HERE = import.meta.dirname;
const STAMP = join(HERE, "dist/.stamp");
const INPUTS = ["src", "public", "index.html", "vite.config.ts", "../../package-lock.json"];

function* files(path: string): Generator<string> {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const at = join(path, entry.name);
    if (entry.isDirectory()) yield* files(at);
    else if (!entry.name.endsWith(".test.ts")) yield at;
  }
}

function hashOf(inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) {
    const path = join(HERE, input);
    if (!existsSync(path)) continue;
    for (const file of /\.\w+$/u.test(input) ? [path] : files(path))
      hash.update(relative(HERE, file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

const started = performance.now();
const took = () => `${Math.round(performance.now() - started)} ms`;
const wanted = hashOf(INPUTS);
const built = existsSync(STAMP) ? readFileSync(STAMP, "utf8") : "";
if (built === wanted && !process.argv.includes("--force")) console.error(`console: up to date (${took()})`);
else {
  const { build } = await import("vite");
  await build({ configFile: join(HERE, "vite.config.ts"), logLevel: "warn" });
  writeFileSync(STAMP, wanted);
  console.error(`console: built into ${relative(process.cwd(), join(HERE, "dist"))} (${took()})`);
}
