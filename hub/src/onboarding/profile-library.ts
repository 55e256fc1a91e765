import { type FSWatcher, statSync, watch } from "node:fs";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import {
  loadFile,
  loadText,
  type LoadResult,
  type LoadedProfile,
  profileFiles,
} from "@gridhub/device-profiles/load.ts";
import type { Problem } from "@gridhub/device-profiles/problem.ts";
import type { Titles } from "@gridhub/device-profiles/profile.ts";
import { ProfileSet } from "@gridhub/device-profiles/profile-set.ts";
import { HubError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ProfileSource } from "../store/queries/profile-sources.ts";
import { hashOf, UPLOADED } from "./profile-sources.ts";

/** Where the sources of versions are kept. */
export interface SourceBook {
  get(id: string): ProfileSource | undefined;
  all(): Iterable<ProfileSource>;
  keep(profile: LoadedProfile, origin: string, who: string): void;
  promoted(model: string): string | undefined;
}

export interface LibraryOptions {
  /** folders or files; of two files with one id the first counts */
  readonly paths: readonly string[];
  /** those of `paths` that are watched for changes */
  readonly watched: readonly string[];
  readonly log: Log;
  /** devices bound to a version; one that is in use is never changed in place */
  readonly inUse: (id: string) => boolean;
  /** keeps what every version says; without it a version lives as long as its file and this process */
  readonly sources?: SourceBook;
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

/** What became of a source that was handed in: in force, or why not. */
export interface Upload {
  /** `maker/model@semver`; null = it is not in force */
  readonly id: string | null;
  readonly problems: readonly Problem[];
}

/**
 * The profiles of a running hub, of files and of stored sources. A version that a device used never changes: a file that broke,
 * vanished, or says something else under the same version takes nothing from the devices that are bound to it.
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
    return (stays ? this.#set.get(bound) : undefined) ?? this.inForce(id);
  }

  /** The version itself, or of `maker/model` the one that new devices take: promoted, or the newest while none was ever used. */
  inForce(id: string): CompiledProfile | undefined {
    const promoted = id.includes("@") ? undefined : this.#options.sources?.promoted(id);
    return (promoted === undefined ? undefined : this.#set.get(promoted)) ?? this.#set.get(id);
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

  /** Of each profile the version that new devices take. */
  offered(): CompiledProfile[] {
    return [...new Set(this.all().flatMap(({ id }) => this.inForce(modelOf(id)) ?? []))];
  }

  /** Takes a source that came by no file. What has an error, or says something else than a version that is there, is refused. */
  upload(text: string, who: string): Upload {
    const { profile, problems } = loadText(text, "");
    if (profile === null) return { id: null, problems };
    const { id } = profile.compiled;
    const before = this.#loaded.get(id);
    const { sources } = this.#options;
    if (before !== undefined && hashOf(before.source) !== hashOf(profile.source)) {
      const fixed = this.#isUsed(id);
      if (fixed || sources?.get(id)?.origin !== UPLOADED) {
        const why = fixed ? "is in use and says something else" : `is already defined in ${before.file}`;
        return { id: null, problems: [...problems, problem("", `${id} ${why}; raise the version`)] };
      }
    }
    if (before === undefined || hashOf(before.source) !== hashOf(profile.source)) {
      sources?.keep(profile, UPLOADED, who);
      this.#loaded.set(id, { ...profile, file: UPLOADED });
      this.#publish();
    }
    return { id, problems };
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
    const { sources } = this.#options;
    for (const [id, entry] of defined) {
      const before = this.#loaded.get(id) ?? this.#stored(id, hashOf(entry.source), entry, problems);
      if (before !== undefined && hashOf(before.source) !== hashOf(entry.source) && this.#isUsed(id)) {
        problems.push(problem(entry.file, `${id} changed while devices use it and stays as it was; raise the version`));
        if (!this.#loaded.has(id)) added.push(id);
        this.#loaded.set(id, before);
        continue;
      }
      if (!this.#loaded.has(id)) added.push(id);
      else if (before === entry || (before !== undefined && hashOf(before.source) === hashOf(entry.source))) continue;
      else replaced.push(id);
      this.#loaded.set(id, entry);
      sources?.keep(entry, entry.file, "file");
    }
    for (const [id, { file }] of this.#loaded) {
      if (defined.has(id) || sources?.get(id)?.origin === UPLOADED) continue;
      if (!this.#isUsed(id)) this.#loaded.delete(id);
      else if (sources === undefined)
        problems.push(problem(file, `no file defines ${id} now; its devices keep it until a restart`));
      else
        problems.push(problem(file, `no file defines ${id} now; its devices keep it, by the stored source`, "warning"));
    }
    for (const { id, origin } of sources?.all() ?? []) {
      if (this.#loaded.has(id) || !(origin === UPLOADED || this.#isUsed(id))) continue;
      const entry = this.#stored(id, "", undefined, problems);
      if (entry === undefined) continue;
      this.#loaded.set(id, entry);
      added.push(id);
    }
    this.#files = files;
    this.#problems = problems;
    this.#publish();
    return { added, replaced, problems };
  }

  #isUsed(id: string): boolean {
    return this.#options.inUse(id) || (this.#options.sources?.get(id)?.usedAt ?? null) !== null;
  }

  /** The stored source of a version; `same` where it says what `hash` says: it need not be compiled again. */
  #stored(id: string, hash: string, same: LoadedProfile | undefined, problems: Problem[]): LoadedProfile | undefined {
    const row = this.#options.sources?.get(id);
    if (row === undefined) return undefined;
    if (row.hash === hash) return same;
    const result = loadText(row.text, row.origin);
    if (result.profile === null && this.#isUsed(id)) problems.push(...result.problems);
    return result.profile ?? undefined;
  }

  #publish(): void {
    this.#set = new ProfileSet([...this.#loaded.values()]);
    this.eventTitles.clear();
    for (const [kind, titles] of this.#set.eventTitles()) this.eventTitles.set(kind, titles);
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

function problem(file: string, message: string, level: Problem["level"] = "error"): Problem {
  return { file, line: 1, column: 1, path: "id", message, level };
}
