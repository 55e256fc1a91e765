import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * For tests that need a program or a folder that may be absent. Returns "" when it is there; otherwise the reason to skip, or
 * throws under GRIDHUB_REQUIRE_ALL=1, where a skip is a failure.
 *
 * @example const why = requireOrSkip("ffmpeg", { program: "ffmpeg" }); describe.skipIf(why)(`rtsp ${why}`, ...)
 */
export function requireOrSkip(name: string, need: { readonly program?: string; readonly path?: string }): string {
  const present =
    (need.program === undefined || onPath(need.program)) && (need.path === undefined || existsSync(need.path));
  if (present) return "";
  if (process.env.GRIDHUB_REQUIRE_ALL === "1")
    throw new Error(`${name} is required (GRIDHUB_REQUIRE_ALL=1) but absent`);
  return `[skipped: ${name} is not installed here]`;
}

function onPath(program: string): boolean {
  if (program.includes("/")) return existsSync(program);
  return (process.env.PATH ?? "").split(delimiter).some((dir) => dir !== "" && existsSync(join(dir, program)));
}

/** The folder of shared test data beside the project, where present. */
export const SHARED_DATA = join(import.meta.dirname, "../../../shared/data");
