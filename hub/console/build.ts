import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout } from "node:timers/promises";

// Builds the console into dist/ only when something that goes into it changed: dist/.stamp holds the hash of the sources.
// `--force` builds anyway. Who comes while another process builds waits for it: two at once would empty the folder under each other.

const HERE = import.meta.dirname;
const STAMP = join(HERE, "dist/.stamp");
const INPUTS = ["src", "public", "index.html", "build.ts", "vite.config.ts", "../../package-lock.json"];

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

/** The file holds the id of the process that builds; one that is gone holds nothing. @returns lets the next one build */
async function myTurn(): Promise<() => void> {
  const lock = join(tmpdir(), `gridhub-console-${createHash("sha256").update(HERE).digest("hex").slice(0, 12)}.lock`);
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (!builds(lock)) rmSync(lock, { force: true });
    else await setTimeout(200);
  }
}
function builds(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    // just made, not written yet
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const started = performance.now();
const took = () => `${Math.round(performance.now() - started)} ms`;
const wanted = hashOf(INPUTS);
const fresh = () =>
  !process.argv.includes("--force") && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted
    ? `console: up to date (${took()})`
    : null;

async function makeFresh(): Promise<string> {
  const done = await myTurn();
  try {
    // whoever was before may have built the same
    const already = fresh();
    if (already !== null) return already;
    // whoever calls: a test's environment would make another program of it than the one that is shipped
    process.env.NODE_ENV = "production";
    const { build } = await import("vite");
    await build({ configFile: join(HERE, "vite.config.ts"), logLevel: "warn" });
    writeFileSync(STAMP, wanted);
    return `console: built into ${relative(process.cwd(), join(HERE, "dist"))} (${took()})`;
  } finally {
    done();
  }
}
console.error(fresh() ?? (await makeFresh()));
