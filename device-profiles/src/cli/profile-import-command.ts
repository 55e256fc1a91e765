import { parseArgs } from "node:util";
import { FORMATS, type Format, importProfiles, importTable } from "./profile-import.ts";

const HELP = `usage: gridhub profile import --from ${FORMATS.join("|")} FILE... -o FOLDER

  ttn          <model>-codec.yaml of the device repository, or a script alone
  chirpstack   a codec's .js with test_decode_*.json beside it, or a JSON file of examples with the script beside it
  edgex        a device profile (YAML)
  zigbee2mqtt  a definition with exposes, a list of them, or the payload of bridge/devices (JSON)

options:
  -o, --out FOLDER   where <maker>/<model>.yaml is written
  --keep             values without a canonical metric become metrics of the profile's own
  --force            overwrite profiles that exist
  --json             results as JSON

exit code: 0 every file became a profile whose vectors pass, 1 not all did, 2 wrong usage`;

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
  if (files.length === 0) return usage("expected at least one FILE");
  if (values.out === undefined) return usage("expected -o FOLDER");
  const { keep, force } = values;
  const results = await importProfiles(format satisfies Format, files, values.out, { keep, force });
  if (values.json === true) console.log(JSON.stringify(results, null, 2));
  else {
    for (const line of importTable(results)) console.log(line);
    for (const { device, unmapped, notes } of results) {
      if (unmapped.length > 0) console.log(`${device}: not mapped: ${unmapped.join(", ")}`);
      for (const note of notes) console.log(`${device}: check: ${note}`);
    }
  }
  return results.every((r) => r.error === null && r.passed === r.vectors) ? 0 : 1;
}

function usage(message: string): number {
  console.error(`gridhub profile import: ${message}\n\n${HELP}`);
  return 2;
}
