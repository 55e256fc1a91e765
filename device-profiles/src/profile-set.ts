import type { CompiledProfile } from "./compiled.ts";
import type { LoadedProfile } from "./load.ts";
import type { Profile, Titles } from "./profile.ts";

/** The profiles that are loaded. Immutable: a reload makes a new set. */
export class ProfileSet {
  readonly #byId = new Map<string, LoadedProfile>();
  /** maker/model -> newest version */
  readonly #newest = new Map<string, LoadedProfile>();

  constructor(loaded: readonly LoadedProfile[]) {
    for (const entry of loaded) {
      const { id } = entry.compiled;
      this.#byId.set(id, entry);
      const name = id.slice(0, id.indexOf("@"));
      const other = this.#newest.get(name);
      if (other === undefined || compareVersions(id, other.compiled.id) > 0) this.#newest.set(name, entry);
    }
  }

  /** @param id `maker/model@1.2.3`, or `maker/model` for the newest version */
  get(id: string): CompiledProfile | undefined {
    return this.loaded(id)?.compiled;
  }

  /** With its file and source: for vectors, simulators and the API. */
  loaded(id: string): LoadedProfile | undefined {
    return this.#byId.get(id) ?? this.#newest.get(id);
  }

  source(id: string): Profile | undefined {
    return this.loaded(id)?.source;
  }

  /** every version of every profile, by id */
  all(): CompiledProfile[] {
    return [...this.#byId.values()].map((entry) => entry.compiled).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Event kind -> titles that profiles give; where two differ the newest version of the first maker/model counts. */
  eventTitles(): Map<string, Titles> {
    const titles = new Map<string, Titles>();
    for (const name of [...this.#newest.keys()].sort())
      for (const [event, title] of this.#newest.get(name)?.alarmTitles ?? [])
        if (!titles.has(event)) titles.set(event, title);
    return titles;
  }
}

/** Semantic versions after the "@", numerically: 1.10.0 is newer than 1.9.0. */
function compareVersions(a: string, b: string): number {
  const parts = (id: string) =>
    id
      .slice(id.indexOf("@") + 1)
      .split(".")
      .map(Number);
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return x[i] - y[i];
  return 0;
}
