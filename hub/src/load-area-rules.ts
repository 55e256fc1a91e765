import { readFileSync } from "node:fs";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { formatProblem, type Problem } from "@gridhub/device-profiles/problem.ts";
import { HubError } from "./errors.ts";
import type { Log } from "./log.ts";
import { type AreaRule, checkAgainstProfiles, loadAreaRules } from "./rules/area/area-rule.ts";

/**
 * Rules of the configured files, by id. A mistake keeps the hub from starting: half of the rules would be worse than none.
 * @throws HubError RULES_INVALID naming file, line, field and what was expected
 */
export function readAreaRules(
  files: readonly string[],
  gridExists: (id: string) => boolean,
  profiles: readonly CompiledProfile[],
  log: Log,
): AreaRule[] {
  const rules = new Map<string, AreaRule>();
  const errors: Problem[] = [];
  const wrong = (file: string, message: string, path = "") =>
    errors.push({ file, line: 1, column: 1, path, message, level: "error" });
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      wrong(file, `cannot be read: ${(error as Error).message}`);
      continue;
    }
    const loaded = loadAreaRules(text, file, gridExists);
    errors.push(...loaded.problems);
    for (const problem of checkAgainstProfiles(loaded.rules, file, profiles)) log.warn({}, formatProblem(problem));
    for (const rule of loaded.rules) {
      if (rules.has(rule.id)) wrong(file, "another file has a rule of this name", `area.${rule.id}`);
      rules.set(rule.id, rule);
    }
  }
  if (errors.length > 0) throw new HubError("RULES_INVALID", errors.slice(0, 20).map(formatProblem).join("\n"));
  return [...rules.values()];
}
