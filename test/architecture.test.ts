import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../hub/src/errors.ts";
import { exampleConfig, leaves, ConfigSchema } from "../hub/src/config.ts";

// The house rules, as tests: import direction, a page for every room, file sizes, advice for every error.

const ROOT = resolve(import.meta.dirname, "..");
const SKIP = new Set(["node_modules", "dist", ".git", ".gridhub"]);

function* files(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    if (SKIP.has(name)) continue;
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (/\.(ts|mjs|svelte)$/.test(name)) yield path;
  }
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"/g;

function importsOf(file: string): { readonly target: string; readonly typeOnly: boolean }[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(IMPORT)].map((match) => ({
    target: match[1] ?? match[2],
    typeOnly: /(?:import|export)\s+type\s/.test(match[0]),
  }));
}

/** Path of an import inside the project, "" for packages. */
function projectPath(file: string, target: string): string {
  if (target.startsWith(".")) return relative(ROOT, resolve(dirname(file), target));
  const own = /^@gridhub\/([^/]+)\/(.*)$/.exec(target);
  return own === null ? "" : own[1] === "device-profiles" ? `device-profiles/src/${own[2]}` : `${own[1]}/${own[2]}`;
}

const WORKSPACES = ["device-profiles", "edge-agent", "hub", "simulators"];
const ROOMS = [
  "broker",
  "adapters",
  "ingest",
  "registry",
  "onboarding",
  "grids",
  "rules",
  "vision",
  "fleet",
  "health",
  "events",
  "dispatch",
  "store",
  "api",
];

/** What rooms of the hub may import of each other, beyond types of the store. A short table; every line has its reason. */
const SIDEWAYS: Readonly<Record<string, readonly string[]>> = {
  // The API shows what the rooms hold; it is the one room that looks at all of them, by type.
  api: [
    "store",
    "adapters",
    "events",
    "grids",
    "registry",
    "onboarding",
    "health",
    "fleet",
    "vision",
    "dispatch",
    "broker",
    "ingest",
    "rules",
    "posture",
    "weather",
  ],
  // SQL of the outbox and of grid sets lives in the store and speaks the shapes of these rooms.
  store: ["dispatch", "grids"],
  // The registry checks credentials for the broker.
  registry: ["broker"],
  // Onboarding is made of what the store keeps: dead letters, raw frames, profile bindings.
  onboarding: ["store"],
};

describe("import direction", () => {
  const all = WORKSPACES.flatMap((workspace) => [...files(join(ROOT, workspace))]);

  it("workspaces import device-profiles only, and device-profiles nothing of ours", () => {
    const wrong: string[] = [];
    for (const file of all) {
      const from = relative(ROOT, file).split("/")[0];
      if (/\.test\.ts$/.test(file)) continue;
      for (const { target } of importsOf(file)) {
        const path = projectPath(file, target);
        const to = path.split("/")[0];
        if (path === "" || to === from || !WORKSPACES.includes(to)) continue;
        if (from === "device-profiles" || to !== "device-profiles") wrong.push(`${relative(ROOT, file)} -> ${path}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("rooms of the hub import sideways only by the table", () => {
    const wrong: string[] = [];
    for (const file of files(join(ROOT, "hub/src"))) {
      const [, , room, ...rest] = relative(ROOT, file).split("/");
      if (rest.length === 0 || !ROOMS.includes(room) || /\.(test|contract)\.ts$|testing\.ts$/.test(file)) continue;
      for (const { target, typeOnly } of importsOf(file)) {
        const path = projectPath(file, target);
        const [top, src, to, ...inner] = path.split("/");
        if (top !== "hub" || src !== "src" || to === room) continue;
        if (inner.length === 0) {
          if (to === "hub.ts" || to === "pipeline.ts") wrong.push(`${relative(ROOT, file)} -> ${path}`);
          continue;
        }
        const storeTypes = to === "store" && (inner[0] === "batch.ts" || (typeOnly && inner[0] === "store.ts"));
        if (!storeTypes && !(SIDEWAYS[room] ?? []).includes(to)) wrong.push(`${relative(ROOT, file)} -> ${path}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("only the store speaks SQL", () => {
    const speaks = /\b(?:insert into|select [\w*,. ()]+ from|delete from|update \w+ set)\b/i;
    const wrong = [...files(join(ROOT, "hub/src"))]
      .filter((file) => !file.includes("/store/") && !/\.test\.ts$|testing\.ts$/.test(file))
      .filter((file) =>
        readFileSync(file, "utf8")
          .split("\n")
          .some((line) => !/^\s*(\/\/|\*|\/\*)/.test(line) && speaks.test(line)),
      )
      .map((file) => relative(ROOT, file));
    expect(wrong).toEqual([]);
  });
});

describe("the house", () => {
  it("has exactly its top-level folders", () => {
    const folders = readdirSync(ROOT).filter(
      (name) => statSync(join(ROOT, name)).isDirectory() && !name.startsWith(".") && name !== "node_modules",
    );
    expect(folders.sort()).toEqual(["device-profiles", "edge-agent", "hub", "models", "simulators", "test"]);
  });

  it("has a page for every room", () => {
    const rooms = [...WORKSPACES, "models", "test", "hub/console", ...ROOMS.map((room) => `hub/src/${room}`)];
    expect(rooms.filter((room) => !existsSync(join(ROOT, room, "README.md")))).toEqual([]);
  });

  it("keeps files within 400 lines and has no drawers for odds and ends", () => {
    const odd = /\/(utils?|helpers?|common|misc|index)\.ts$/;
    const wrong: string[] = [];
    for (const workspace of [...WORKSPACES, "test"]) {
      for (const file of files(join(ROOT, workspace))) {
        const lines = readFileSync(file, "utf8").split("\n").length;
        if (lines > 401 || odd.test(file)) wrong.push(`${relative(ROOT, file)} (${lines})`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("has advice for every error and a description for every setting", () => {
    for (const [code, advice] of Object.entries(ERRORS)) expect(advice.length, code).toBeGreaterThan(20);
    for (const [path, schema] of leaves(ConfigSchema as never))
      expect(schema.description?.length ?? 0, path.join(".")).toBeGreaterThan(10);
    expect(exampleConfig()).toContain("#http:");
  });

  it("names no place it was made at", () => {
    const foreign = /\/(?:home|root|work)\/[a-z]|registry\.npmjs/i;
    const wrong = ["package-lock.json", ".npmrc", ".ci/run", "README.md"].filter((name) =>
      foreign.test(readFileSync(join(ROOT, name), "utf8")),
    );
    expect(wrong).toEqual([]);
  });
});
