import { type FSWatcher, statSync, watch } from "node:fs";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { loadFile, type LoadResult, type LoadedProfile, profileFiles } from "@gridhub/device-profiles/load.ts";
import type { Problem } from "@gridhub/device-profiles/problem.ts";
import type { Titles } from "@gridhub/device-profiles/profile.ts";
import { ProfileSet } from "@gridhub/device-profiles/profile-set.ts";
import { HubError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface LibraryOptions {
  /** folders or files; of two files with one id the first counts */
  readonly paths: readonly string[];
  /** those of `paths` that are watched for changes */
  readonly watched: readonly string[];
  readonly log: Log;
  /** devices bound to a version; one that is in use is never changed in place */
  readonly inUse: (id: string) => boolean;
  /** quiet time after the last change of a file, ms; default 300 */
  readonly settleMs?: number;
}

/** What a reload did, by profile id. */
export interface Reload {
  readonly added: string[];
  /** same version, other content, and no device bound to it */
  readonly replaced: string[];
  readonly problems: readonly Problem[];
}

interface CachedFile extends LoadResult {
  readonly stamp: string;
}

/**
 * The profiles of a running hub. A version that was loaded stays for the life of the process: a file that broke, vanished or
 * names another version now takes nothing from the devices that are bound to it.
 */
export class ProfileLibrary {
  readonly #options: LibraryOptions;
  #set = new ProfileSet([]);
  #loaded = new Map<string, LoadedProfile>();
  #files = new Map<string, CachedFile>();
  #problems: readonly Problem[] = [];
  #watchers: FSWatcher[] = [];
  /** version -> the version that its devices were moved to */
  #successors = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  /** event kind -> titles; one map for ever, filled anew by a reload */
  readonly eventTitles = new Map<string, Titles>();

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  /** @throws HubError PROFILE_INVALID without any usable profile */
  start(): void {
    const { problems } = this.reload();
    for (const problem of problems)
      if (problem.level === "error") this.#options.log.error({ problem }, "a device profile was left out");
    if (this.#set.size === 0) throw new HubError("PROFILE_INVALID", "no usable device profile was found");
    for (const path of this.#options.watched) this.#watch(path);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  /** @param id `maker/model@1.2.3`, or `maker/model` for the newest version */
  get(id: string): CompiledProfile | undefined {
    return this.#set.get(id);
  }

  /**
   * What a device that an edge declares is bound to. Without a version it stays on the one it has, however new the newest is;
   * one that was moved here stays where it is, although its edge still names the version from before.
   * @param bound the version that the device has
   */
  declared(id: string, bound: string | undefined): CompiledProfile | undefined {
    const stays = bound !== undefined && (id.includes("@") ? this.#leadsTo(id, bound) : modelOf(bound) === id);
    return (stays ? this.#set.get(bound) : undefined) ?? this.#set.get(id);
  }

  /** Takes over which moves hold, oldest first. */
  moved(moves: readonly (readonly [from: string, to: string])[]): void {
    this.#successors = new Map();
    for (const [from, to] of moves) {
      this.#successors.delete(to); // there and back again is no circle
      this.#successors.set(from, to);
    }
  }

  #leadsTo(id: string, bound: string): boolean {
    for (let next = this.#successors.get(id); next !== undefined; next = this.#successors.get(next))
      if (next === bound) return true;
    return false;
  }

  all(): CompiledProfile[] {
    return this.#set.all();
  }

  /** The newest version of each profile. */
  newest(): CompiledProfile[] {
    return this.all().filter((profile) => this.#set.get(modelOf(profile.id)) === profile);
  }

  fileOf(id: string): string {
    return this.#set.loaded(id)?.file ?? "";
  }

  /** of the last load */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Reads files that are new or changed. Never throws: what is wrong is in `problems` and leaves in force what was. */
  reload(): Reload {
    const problems: Problem[] = [];
    const files = new Map<string, CachedFile>();
    const defined = new Map<string, LoadedProfile>();
    for (const path of this.#options.paths) {
      for (const file of profileFiles(path, problems)) {
        const result = this.#read(file);
        files.set(file, result);
        problems.push(...result.problems);
        if (result.profile === null) continue;
        const { id } = result.profile.compiled;
        const first = defined.get(id);
        if (first === undefined) defined.set(id, result.profile);
        else problems.push(problem(file, `${id} is already defined in ${first.file}; raise the version`));
      }
    }
    const added: string[] = [];
    const replaced: string[] = [];
    for (const [id, entry] of defined) {
      const before = this.#loaded.get(id);
      if (before === entry) continue;
      if (before === undefined) added.push(id);
      else if (JSON.stringify(before.source) === JSON.stringify(entry.source)) continue;
      else if (this.#options.inUse(id)) {
        problems.push(problem(entry.file, `${id} changed while devices use it and stays as it was; raise the version`));
        continue;
      } else replaced.push(id);
      this.#loaded.set(id, entry);
    }
    for (const [id, { file }] of this.#loaded) {
      if (defined.has(id)) continue;
      if (this.#options.inUse(id))
        problems.push(problem(file, `no file defines ${id} now; its devices keep it until a restart`));
      else this.#loaded.delete(id);
    }
    this.#files = files;
    this.#problems = problems;
    this.#set = new ProfileSet([...this.#loaded.values()]);
    this.eventTitles.clear();
    for (const [kind, titles] of this.#set.eventTitles()) this.eventTitles.set(kind, titles);
    return { added, replaced, problems };
  }

  /** A file that did not change is not parsed again: a reload costs what is new. */
  #read(file: string): CachedFile {
    const stamp = stampOf(file);
    const cached = this.#files.get(file);
    return cached !== undefined && stamp !== "" && cached.stamp === stamp ? cached : { ...loadFile(file), stamp };
  }

  #watch(path: string): void {
    const { log, settleMs = 300 } = this.#options;
    const failed = (error: Error) => log.warn({ path, err: error.message }, "device profiles are not watched here");
    try {
      const watcher = watch(path, { recursive: true, persistent: false }, () => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#changed(), settleMs);
      });
      watcher.on("error", failed);
      this.#watchers.push(watcher);
    } catch (error) {
      failed(error as Error);
    }
  }

  #changed(): void {
    const { added, replaced, problems } = this.reload();
    if (added.length + replaced.length > 0) this.#options.log.info({ added, replaced }, "device profiles were loaded");
    if (problems.length > 0) this.#options.log.warn({ problems: problems.length }, "device profiles have problems");
  }
}

/** `maker/model` */
export function modelOf(id: string): string {
  const at = id.indexOf("@");
  return at === -1 ? id : id.slice(0, at);
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "";
  }
}

function problem(file: string, message: string): Problem {
  return { file, line: 1, column: 1, path: "id", message, level: "error" };
}
