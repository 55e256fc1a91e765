import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { compileProfile, type Compilation } from "./compile.ts";
import type { CompiledProfile } from "./compiled.ts";
import { formatPath, locate, type Path, type Problem } from "./problem.ts";
import type { Profile, Titles } from "./profile.ts";
import { ProfileSet } from "./profile-set.ts";
import { checkShape } from "./shape.ts";

const MAX_BYTES = 1_048_576;

/** A profile that loaded: its source (for vectors and simulators) and its compiled form. */
export interface LoadedProfile {
  readonly file: string;
  /** the YAML as it was read */
  readonly text: string;
  readonly source: Profile;
  readonly compiled: CompiledProfile;
  readonly alarmTitles: ReadonlyMap<string, Titles>;
}

export interface LoadResult {
  /** null after an error */
  readonly profile: LoadedProfile | null;
  readonly problems: readonly Problem[];
}

/** @param file is only used to name the place in problems; never throws */
export function loadText(text: string, file: string): LoadResult {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const report = (path: Path, message: string, level: Problem["level"] = "error") =>
    void problems.push({ file, ...locate(doc, lines, path), path: formatPath(path), message, level });
  for (const error of doc.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ file, line, column: col, path: "", message: `not YAML: ${error.message}`, level: "error" });
  }
  if (problems.length > 0) return { profile: null, problems };
  let value: unknown;
  try {
    value = doc.toJS({ maxAliasCount: 100 });
  } catch (error) {
    report([], `not usable: ${error instanceof Error ? error.message : String(error)}`);
    return { profile: null, problems };
  }
  checkShape(value, report);
  if (problems.length > 0) return { profile: null, problems };
  const source = value as Profile;
  const compiled: Compilation = compileProfile(source, report, file);
  if (problems.some((p) => p.level === "error")) return { profile: null, problems };
  return { profile: { file, text, source, compiled: compiled.profile, alarmTitles: compiled.alarmTitles }, problems };
}

export function loadFile(file: string): LoadResult {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) return failed(file, `${size} bytes; a profile has at most ${MAX_BYTES}`);
    return loadText(readFileSync(file, "utf8"), file);
  } catch (error) {
    return failed(file, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Loads every `*.yaml` and `*.yml` below the folders (a path may also be one file). A profile with an error is left out and named
 * in `problems`; the others load. Of two files with one id the first counts.
 */
export function loadProfiles(dirs: readonly string[]): { profiles: ProfileSet; problems: Problem[] } {
  const problems: Problem[] = [];
  const byId = new Map<string, LoadedProfile>();
  for (const dir of dirs) {
    for (const file of profileFiles(dir, problems)) {
      const result = loadFile(file);
      problems.push(...result.problems);
      if (result.profile === null) continue;
      const { id } = result.profile.compiled;
      const first = byId.get(id);
      if (first === undefined) byId.set(id, result.profile);
      else
        problems.push(...failed(file, `${id} is already defined in ${first.file}; raise the version`, "id").problems);
    }
  }
  return { profiles: new ProfileSet([...byId.values()]), problems };
}

/** Profile files of a folder in a stable order, or the file itself. */
export function profileFiles(path: string, problems: Problem[]): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    problems.push(
      ...failed(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`).problems,
    );
    return [];
  }
}

function failed(file: string, message: string, path = ""): LoadResult {
  return { profile: null, problems: [{ file, line: 1, column: 1, path, message, level: "error" }] };
}
