import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { loadFile, loadProfiles, profileFiles } from "../load.ts";
import { formatProblem, type Problem } from "../problem.ts";
import { PROFILE_ID, profileJsonSchema } from "../profile.ts";
import { Quality } from "../reading.ts";
import { decodeVector, type Decoded, testProfile } from "../vector.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { diffCommand } from "./profile-diff.ts";
import { importCommand } from "./profile-import-command.ts";
import { simulateCommand } from "./profile-simulate.ts";
import { skeleton, SKELETONS } from "./skeleton.ts";

/** The profiles and the schema that come with the project. */
const SHIPPED = join(import.meta.dirname, "../../profiles");
const SCHEMA = join(import.meta.dirname, "../../schema/profile.schema.json");

const OK = 0;
const FAILED = 1;
const USAGE = 2;

const HELP = `usage: gridhub profile <command> [options]

  lint [FILE|FOLDER...]     check profiles: schema, names, units, alarms (default: the shipped profiles)
  test [FILE|FOLDER...]     run their vectors and every truncation of them
  decode --profile FILE|ID  decode one input: --hex "68 01 .." [--port N], --record '{"level":1}', or --text "!AIVDM.."
  new MAKER/MODEL           write a skeleton: [--technique ${Object.keys(SKELETONS).join("|")}] [--kind KIND] [--out FOLDER]
  import --from FORMAT      make profiles of TTN, ChirpStack, EdgeX and Zigbee2MQTT files (import --help)
  simulate FILE             send what its simulate section describes: to a broker or as lines (simulate --help)
  diff OLD NEW --frames F   decode stored frames with both and show what would change (diff --help)
  schema [--out FILE]       print the JSON Schema of profiles; --write renews the one in the project

options:
  --json                    results as JSON
  -h, --help                this text

exit code: 0 fine, 1 a problem was found, 2 wrong usage`;

const OPTIONS = {
  profile: { type: "string" },
  hex: { type: "string" },
  record: { type: "string" },
  text: { type: "string" },
  port: { type: "string" },
  technique: { type: "string" },
  kind: { type: "string" },
  out: { type: "string" },
  write: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

type Values = Partial<Record<Exclude<keyof typeof OPTIONS, "write" | "json" | "help">, string>> & {
  write?: boolean;
  json?: boolean;
  help?: boolean;
};

/** Commands with options of their own. */
const COMMANDS: Readonly<Record<string, (argv: string[]) => Promise<number>>> = {
  diff: diffCommand,
  import: importCommand,
  simulate: simulateCommand,
};

/** `gridhub profile ...`; @returns the exit code */
export async function profileCommand(argv: string[]): Promise<number> {
  const own = Object.hasOwn(COMMANDS, argv[0] ?? "") ? COMMANDS[argv[0]] : undefined;
  if (own !== undefined) return own(argv.slice(1));
  let values: Values;
  let positionals: string[];
  try {
    ({ values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true }));
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const [command, ...rest] = positionals;
  if (values.help === true) {
    console.log(HELP);
    return OK;
  }
  await loadScriptEngine();
  switch (command) {
    case undefined:
      return usage("expected a command");
    case "lint":
      return lint(rest, values);
    case "test":
      return test(rest, values);
    case "decode":
      return decode(rest, values);
    case "new":
      return create(rest, values);
    case "schema":
      return schema(values);
    default:
      return usage(`no command "${command}"`);
  }
}

function usage(message: string): number {
  console.error(`gridhub profile: ${message}\n\n${HELP}`);
  return USAGE;
}

function print(values: Values, data: unknown, lines: () => readonly string[]): void {
  if (values.json === true) console.log(JSON.stringify(data, null, 2));
  else for (const line of lines()) console.log(line);
}

function lint(paths: string[], values: Values): number {
  const { profiles, problems } = loadProfiles(paths.length === 0 ? [SHIPPED] : paths);
  const errors = problems.filter((p) => p.level === "error").length;
  print(values, { profiles: profiles.all().map((p) => p.id), problems }, () => [
    ...problems.map(formatProblem),
    `${profiles.size} profiles fine, ${errors} errors, ${problems.length - errors} warnings`,
  ]);
  return errors === 0 && profiles.size > 0 ? OK : FAILED;
}

function test(paths: string[], values: Values): number {
  const problems: Problem[] = [];
  const results = (paths.length === 0 ? [SHIPPED] : paths)
    .flatMap((path) => profileFiles(path, problems))
    .map((file) => {
      const loaded = loadFile(file);
      problems.push(...loaded.problems);
      const report = loaded.profile === null ? null : testProfile(loaded.profile);
      return { file, id: loaded.profile?.compiled.id ?? null, report };
    });
  const failures = results.flatMap(({ file, report }) =>
    (report?.failures ?? []).map(
      (f) => `${file}: vectors[${f.vector}]${f.title === "" ? "" : ` (${f.title})`}: ${f.message}`,
    ),
  );
  const errors = problems.filter((p) => p.level === "error");
  print(values, { results, problems }, () => [
    ...problems.map(formatProblem),
    ...failures,
    ...results
      .filter(({ report }) => report !== null)
      .map(
        ({ id, report }) =>
          `${report?.failures.length === 0 ? "ok  " : "FAIL"} ${id}: ${report?.vectors} vectors, ${report?.truncations} cut frames`,
      ),
  ]);
  return failures.length === 0 && errors.length === 0 && results.length > 0 ? OK : FAILED;
}

function decode(rest: string[], values: Values): number {
  if (rest.length > 0) return usage(`unexpected "${rest[0]}"; the profile is given by --profile, the frame by --hex`);
  if (values.profile === undefined) return usage("decode needs --profile FILE, or --profile maker/model");
  const inputs = [values.hex, values.record, values.text].filter((x) => x !== undefined);
  if (inputs.length !== 1) return usage("decode needs exactly one of --hex, --record, --text");
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 255)
    return usage(`--port: expected 0 to 255, found "${values.port}"`);
  const digits = values.hex?.replace(/0x|[\s:,]/gi, "");
  if (digits !== undefined && !/^([0-9a-f]{2})*$/i.test(digits))
    return usage(`--hex: expected pairs of hex digits, found "${values.hex?.slice(0, 60)}"`);
  let json: Record<string, unknown> | undefined;
  if (values.record !== undefined) {
    const parsed = parseRecord(values.record);
    if (typeof parsed === "string") return usage(`--record: ${parsed}`);
    json = parsed;
  }

  const profile = existsSync(values.profile)
    ? fromFile(values.profile, values)
    : loadProfiles([SHIPPED]).profiles.get(values.profile);
  if (profile === null) return FAILED;
  if (profile === undefined) {
    console.error(`gridhub profile: no file and no shipped profile "${values.profile}"`);
    return FAILED;
  }
  const decoded = decodeVector(profile, { hex: digits, json, text: values.text, port });
  print(values, { profile: profile.id, ...decoded }, () => [`profile ${profile.id}`, ...describe(decoded)]);
  return decoded.kind === "rejection" ? FAILED : OK;
}

function fromFile(file: string, values: Values) {
  const { profile, problems } = loadFile(file);
  if (profile !== null) return profile.compiled;
  if (values.json === true) console.log(JSON.stringify({ problems }, null, 2));
  else for (const problem of problems) console.error(formatProblem(problem));
  return null;
}

function parseRecord(text: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : "expected a JSON object of values";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function describe(decoded: Decoded): string[] {
  switch (decoded.kind) {
    case "rejection":
      return [`refused: ${decoded.rejection.reason}: ${decoded.rejection.detail}`];
    case "positions":
      return decoded.positions.length === 0
        ? ["no position in this message"]
        : decoded.positions.map((p) => JSON.stringify(p));
    case "readings": {
      const width = Math.max(0, ...decoded.readings.map((r) => r.metric.length));
      const lines = decoded.readings.map(({ metric, value, unit, quality }) => {
        const amount = value === null ? "-" : `${value}${unit === "1" ? "" : ` ${unit}`}`;
        return `  ${metric.padEnd(width)}  ${amount}${quality === 0 ? "" : `  [${flags(quality)}]`}`;
      });
      return [...(decoded.ts === 0 ? [] : [`  sampled at ${new Date(decoded.ts).toISOString()}`]), ...lines];
    }
  }
}

function flags(quality: number): string {
  return Object.entries(Quality)
    .filter(([, bit]) => bit !== 0 && (quality & bit) !== 0)
    .map(([name]) => name)
    .join(", ");
}

function create(rest: string[], values: Values): number {
  const [name] = rest;
  if (name === undefined) return usage("new needs MAKER/MODEL");
  if (!new RegExp(PROFILE_ID).test(`${name}@1.0.0`))
    return usage(`expected MAKER/MODEL in lower-case letters, digits, - and _, found "${name}"`);
  const technique = values.technique ?? "fixed";
  if (!Object.hasOwn(SKELETONS, technique))
    return usage(`--technique: expected one of ${Object.keys(SKELETONS).join(", ")}, found "${technique}"`);
  const kind = values.kind ?? "sensor";
  if (!/^[a-z][a-z0-9_]*$/.test(kind))
    return usage(`--kind: expected lower-case letters, digits and _, found "${kind}"`);
  const file = join(values.out ?? "device-profiles/profiles", `${name}.yaml`);
  if (existsSync(file)) {
    console.error(`gridhub profile: ${file} exists already`);
    return FAILED;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, skeleton(name, kind, technique as keyof typeof SKELETONS));
  print(values, { file }, () => [
    `wrote ${file}`,
    "fill in the codec from the maker's document, then: gridhub profile test " + file,
  ]);
  return OK;
}

function schema(values: Values): number {
  const text = schemaText();
  const file = values.out ?? (values.write === true ? SCHEMA : undefined);
  if (file === undefined) {
    console.log(text.trimEnd());
    return OK;
  }
  const changed = !existsSync(file) || readFileSync(file, "utf8") !== text;
  mkdirSync(dirname(file), { recursive: true });
  if (changed) writeFileSync(file, text);
  print(values, { file, changed }, () => [`${changed ? "wrote" : "unchanged:"} ${file}`]);
  return OK;
}

/** The exported schema, exactly as it stands in `schema/profile.schema.json`. */
export function schemaText(): string {
  return `${JSON.stringify(profileJsonSchema(), null, 2)}\n`;
}
