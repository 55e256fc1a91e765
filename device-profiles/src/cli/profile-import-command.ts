import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FORMATS, type Format, type Imported, importProfiles, importTable, REPORT_FILE } from "./profile-import.ts";

const HELP = `usage: gridhub profile import --from ${FORMATS.join("|")} FILE|FOLDER... -o FOLDER

  ttn          a vendor's folder of the device repository, a device's or codec's YAML, or a script alone
  chirpstack   a codec's .js with test_decode_*.json beside it, or a JSON file of examples with the script beside it
  edgex        a device profile (YAML)
  zigbee2mqtt  a definition with exposes, a list of them, or the payload of bridge/devices (JSON)

options:
  -o, --out FOLDER   where <maker>/<model>.yaml is written
  --keep             values without a canonical metric become metrics of the profile's own
  --force            overwrite profiles that exist
  --json             results as JSON

exit code: 0 every file became a profile whose vectors pass, 1 not all did or nothing was found, 2 wrong usage`;

const OPTIONS = {
  from: { type: "string" },
  out: { type: "string", short: "o" },
  keep: { type: "boolean" },
  force: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** `gridhub profile import ...`; @returns the exit code */
export async function importCommand(argv: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals: files } = parsed;
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const format = FORMATS.find((name) => name === values.from);
  if (format === undefined)
    return usage(`--from: expected one of ${FORMATS.join(", ")}, found ${values.from ?? "nothing"}`);
  if (files.length === 0) return usage("expected at least one FILE or FOLDER");
  if (values.out === undefined) return usage("expected -o FOLDER");
  const { keep, force } = values;
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) return usage(`no such file or folder: ${missing.join(", ")}`);
  const results = await importProfiles(format satisfies Format, files, values.out, { keep, force, progress: shown() });
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
  if (values.json === true) console.log(JSON.stringify(results, null, 2));
  else {
    for (const line of importTable(results)) console.log(line);
    for (const { device, unmapped, notes } of results) {
      if (unmapped.length > 0) console.log(`${device}: not mapped: ${unmapped.join(", ")}`);
      for (const note of notes) console.log(`${device}: check: ${note}`);
    }
    for (const line of summary(results, values.out)) console.log(line);
  }
  return results.length > 0 && results.every((r) => r.error === null && r.passed === r.vectors) ? 0 : 1;
}

const CLEAR_LINE = "\r\u001b[K";

/** One line on a terminal that tells where a long import is; nothing in a pipe. */
function shown(): ((done: number, of: number, file: string) => void) | undefined {
  if (!process.stderr.isTTY) return undefined;
  return (done, of, file) => {
    const room = Math.max(20, (process.stderr.columns || 80) - 12);
    process.stderr.write(`${CLEAR_LINE}${done + 1}/${of} ${file.slice(-room)}`);
  };
}

/** What came of it and what to do next. */
function summary(results: readonly Imported[], out: string): string[] {
  if (results.length === 0) return ["nothing found to import: is it the folder and the --from that you meant?"];
  const made = results.filter((r) => r.error === null);
  const data = made.filter((r) => r.technique !== "script").length;
  const doubtful = made.filter((r) => r.passed < r.vectors).length;
  return [
    "",
    `${made.length} of ${results.length} became a profile: ${data} as data, ${made.length - data} around their script; ${doubtful} with vectors that do not pass`,
    `all details: ${join(out, REPORT_FILE)}; next: look at every "check:", then gridhub profile test ${out}`,
  ];
}

function usage(message: string): number {
  console.error(`gridhub profile import: ${message}\n\n${HELP}`);
  return 2;
}
