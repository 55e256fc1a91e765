import { type FSWatcher, readFileSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { formatProblem, type Problem } from "@gridhub/device-profiles/problem.ts";
import type { Pool } from "pg";
import { HubError } from "./errors.ts";
import type { Log } from "./log.ts";
import { type AreaRule, checkAgainstProfiles, loadAreaRules } from "./rules/area/area-rule.ts";
import { blaming } from "./store/failure.ts";
import { type AreaRuleText, areaRuleTexts, deleteAreaRuleText, putAreaRuleText } from "./store/queries/area-rules.ts";

export interface AreaRuleKeeperOptions {
  /** of the configuration; watched once `watch` was called */
  readonly files: readonly string[];
  readonly pool: Pool;
  readonly gridExists: (id: string) => boolean;
  readonly profiles: () => readonly CompiledProfile[];
  /** brings rules into force between two batches; rejects when the hub is stopping */
  readonly apply: (rules: readonly AreaRule[]) => Promise<void>;
  readonly log: Log;
  /** quiet time after the last change of a file, ms; default 300 */
  readonly settleMs?: number;
}

/** One text of rules: a file of the configuration, or one that came through the API. */
export interface AreaRuleSource {
  readonly name: string;
  readonly origin: "file" | "api";
  readonly text: string;
  /** those in force: of a file that broke, the ones from before */
  readonly rules: readonly AreaRule[];
  /** why the text as it is now is not in force, and warnings */
  readonly problems: readonly Problem[];
  /** null = a file */
  readonly stored: AreaRuleText | null;
}

export type RulesRefused =
  { readonly refused: "problems"; readonly problems: readonly Problem[] } | { readonly refused: "changed" | "unknown" };

/**
 * Texts of area rules, of files and of the database, and which rules are in force. A text with a mistake changes nothing: half of
 * its rules would be worse than none, and those that ran go on.
 */
export class AreaRuleKeeper {
  readonly #options: AreaRuleKeeperOptions;
  /** by origin and name */
  #sources = new Map<string, AreaRuleSource>();
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** one change after the other */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: AreaRuleKeeperOptions) {
    this.#options = options;
  }

  /** @throws HubError RULES_INVALID naming file, line, field and what was expected; DB_UNAVAILABLE */
  async open(): Promise<void> {
    const { files, pool, log } = this.#options;
    const broken: Problem[] = [];
    for (const file of files) {
      const source = this.#read(file);
      broken.push(...source.problems.filter(({ level }) => level === "error"));
      this.#sources.set(`file ${file}`, source);
    }
    if (broken.length > 0) throw new HubError("RULES_INVALID", broken.slice(0, 20).map(formatProblem).join("\n"));
    for (const stored of await blaming(areaRuleTexts(pool))) {
      // what was right when it was handed in may name a grid that is gone: it must not keep the hub from starting
      const source = this.#check({ name: stored.name, origin: "api", text: stored.text, stored });
      this.#sources.set(`api ${stored.name}`, source);
    }
    for (const { problems } of this.#sources.values())
      for (const problem of problems) log.warn({}, formatProblem(problem));
  }

  get rules(): AreaRule[] {
    return [...this.#sources.values()].flatMap(({ rules }) => rules);
  }

  sources(): AreaRuleSource[] {
    return [...this.#sources.values()];
  }

  /** Changed files come into force by themselves from now on. */
  watch(): void {
    const { files, log, settleMs = 300 } = this.#options;
    for (const file of files) {
      const failed = (error: Error) => log.warn({ file, err: error.message }, "area rules are not watched here");
      try {
        // the folder: editors put a new file in the place of the old one
        const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
          if (name !== null && name !== basename(file)) return;
          clearTimeout(this.#timer);
          this.#timer = setTimeout(() => {
            this.reload().catch((error: Error) => log.warn({ err: error.message }, "area rules were not loaded"));
          }, settleMs);
        });
        watcher.on("error", failed);
        this.#watchers.push(watcher);
      } catch (error) {
        failed(error as Error);
      }
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    await this.#turn;
  }

  /** Reads the files again. What broke is told and changes nothing. @returns what was found wrong */
  reload(): Promise<Problem[]> {
    return this.#next(async () => {
      const problems: Problem[] = [];
      let changed = false;
      for (const file of this.#options.files) {
        const before = this.#sources.get(`file ${file}`);
        const source = this.#read(file);
        const broken = source.problems.some(({ level }) => level === "error");
        problems.push(...source.problems);
        for (const problem of source.problems) this.#options.log.warn({}, formatProblem(problem));
        this.#sources.set(`file ${file}`, broken ? { ...source, rules: before?.rules ?? [] } : source);
        changed ||= !broken && before?.text !== source.text;
      }
      if (changed) await this.#options.apply(this.rules);
      return problems;
    });
  }

  /**
   * Takes a text: checked, stored, in force.
   * @param over revision that it takes the place of; 0 = a new name
   */
  put(
    text: Pick<AreaRuleText, "name" | "text" | "who" | "note">,
    over: number,
  ): Promise<AreaRuleSource | RulesRefused> {
    return this.#next(async () => {
      const checked = this.#check({ name: text.name, origin: "api", text: text.text, stored: null });
      if (checked.problems.some(({ level }) => level === "error"))
        return { refused: "problems" as const, problems: checked.problems };
      const stored = await blaming(putAreaRuleText(this.#options.pool, text, over));
      if (stored === null) return { refused: "changed" as const };
      const source = { ...checked, stored };
      this.#sources.set(`api ${text.name}`, source);
      await this.#options.apply(this.rules);
      return source;
    });
  }

  /** @returns null = it is gone, and what its rules had raised ends */
  remove(name: string, revision: number): Promise<RulesRefused | null> {
    return this.#next(async () => {
      if (!this.#sources.has(`api ${name}`)) return { refused: "unknown" as const };
      if (!(await blaming(deleteAreaRuleText(this.#options.pool, name, revision))))
        return { refused: "changed" as const };
      this.#sources.delete(`api ${name}`);
      await this.#options.apply(this.rules);
      return null;
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  #read(file: string): AreaRuleSource {
    try {
      return this.#check({ name: file, origin: "file", text: readFileSync(file, "utf8"), stored: null });
    } catch (error) {
      const problems = [wrong(file, `cannot be read: ${(error as Error).message}`)];
      return { name: file, origin: "file", text: "", rules: [], problems, stored: null };
    }
  }

  #check(source: Omit<AreaRuleSource, "rules" | "problems">): AreaRuleSource {
    const { gridExists, profiles } = this.#options;
    const { name, origin } = source;
    const { rules, problems } = loadAreaRules(source.text, name, gridExists);
    const taken = new Map<string, string>();
    for (const [key, other] of this.#sources)
      if (key !== `${origin} ${name}`) for (const { id } of other.rules) taken.set(id, other.name);
    const found = [...problems, ...checkAgainstProfiles(rules, name, profiles())];
    for (const { id } of rules) {
      const other = taken.get(id);
      if (other !== undefined) found.push(wrong(name, `${other} has a rule of this name`, `area.${id}`));
    }
    const broken = found.some(({ level }) => level === "error");
    return { ...source, rules: broken ? [] : rules, problems: found };
  }
}

function wrong(file: string, message: string, path = ""): Problem {
  return { file, line: 1, column: 1, path, message, level: "error" };
}
