import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { bundle } from "./bundle.ts";
import { parseDialect } from "./dialect.ts";
import {
  type Example,
  examplesOf,
  type Found,
  list,
  read,
  record,
  SCRIPT_FILE,
  scriptAlone,
  sibling,
  text,
  vendorOf,
} from "./script-source.ts";
import { examplesOfTests } from "./test-script.ts";
import { parseToml } from "./toml.ts";

/**
 * ChirpStack: `<codec>.js` with its tests beside it or in `tests/` (`test_decode_<codec>.json`, a list of `{name, input, expected}`, or
 * JavaScript that tests it); a JSON file of one device with `examples` and the name of its script; a device's TOML of the repository of
 * device profiles; an exported device profile (JSON or TOML) with the script inside.
 */
export function readChirpstack(file: string): Found[] {
  if (SCRIPT_FILE.test(file)) return [withTests(scriptAlone(file), file)];
  if (file.endsWith(".toml")) return [fromToml(file)];
  const value = read(file);
  const templates = Array.isArray(value) ? [] : templatesIn(record(value), file);
  if (templates.length > 0) return templates;
  return [fromTests(value, file)];
}

function withTests(source: ReturnType<typeof scriptAlone>, file: string): Found {
  const stem = basename(file).replace(SCRIPT_FILE, "");
  const json = ["", "tests/", "test/", "../tests/", "../test/"]
    .flatMap((folder) => [
      `${folder}test_decode_${stem}.json`,
      `${folder}${stem}.test.json`,
      `${folder}${stem}_test.json`,
      `${folder}test_${stem}.json`,
    ])
    .map((name) => sibling(file, name))
    .find((path) => path !== null);
  if (json != null) {
    const value = read(json);
    return {
      ...source,
      examples: examplesOf(Array.isArray(value) ? value : (record(value).tests ?? record(value).examples)),
    };
  }
  const tests = ["", "tests/", "test/", "__tests__/", "../tests/", "../test/"]
    .flatMap((folder) =>
      [
        `test_decode_${stem}.js`,
        `${stem}.test.js`,
        `${stem}.spec.js`,
        `${stem}_test.js`,
        `test_${stem}.js`,
        `${stem}-test.js`,
      ].map((name) => folder + name),
    )
    .map((name) => sibling(file, name))
    .find((path) => path !== null);
  if (tests == null) return source;
  const examples = examplesOfTests(readFileSync(tests, "utf8"), source.script);
  return typeof examples === "string"
    ? { ...source, notes: [...(source.notes ?? []), `${basename(tests)}: ${examples}`] }
    : { ...source, examples };
}

/** A list of tests, or an object that has one; the script stands beside it. */
function fromTests(value: unknown, file: string): Found {
  const about = Array.isArray(value) ? {} : record(value);
  const tests = Array.isArray(value) ? value : list(about.examples ?? about.tests);
  if (tests.length === 0) return "no list of examples and no script";
  const stem = basename(file)
    .replace(/\.json$/, "")
    .replace(/^test_(decode_)?/, "")
    .replace(/[._]test$/, "");
  const named = text(record(about.codec).path) || text(about.codec);
  const script = [named === "" ? "" : basename(named), `${stem}.js`, `../${stem}.js`, `../codecs/${stem}.js`]
    .filter((name) => name !== "")
    .map((name) => sibling(file, name))
    .find((path) => path !== null);
  if (script == null) return `the script ${named === "" ? `${stem}.js` : basename(named)} is not beside it`;
  return {
    vendor: text(about.vendor) || vendorOf(script),
    model: stem.replace(/^.*__/, ""),
    title: text(about.device) || stem,
    description: text(about.description),
    name: basename(script),
    ...bundle(script),
    examples: examplesOf(tests),
  };
}

/** `[device] name, description, [[device.firmware]] codec`, or a device profile with its script. */
function fromToml(file: string): Found {
  const value = parseToml(readFileSync(file, "utf8"));
  const [template] = templatesIn(value, file);
  if (template !== undefined) return template;
  const device = record(value.device);
  const codec = codecsOfToml(value).at(-1);
  if (codec === undefined) return "names no codec: no device of the repository and no device profile with a script";
  const script = ["", "../codecs/", "codecs/", "../"]
    .map((folder) => join(dirname(file), folder, codec))
    .find((path) => existsSync(path));
  if (script === undefined) return `the script ${codec} is not in ../codecs`;
  const source = withTests(scriptAlone(script), script);
  if (typeof source === "string") return source;
  const model = basename(file).replace(/\.toml$/, "");
  return { ...source, model, title: text(device.name) || model, description: text(device.description) };
}

/** Scripts that a device of the repository names, newest last. */
export function codecsOfToml(value: Readonly<Record<string, unknown>>): string[] {
  const device = record(value.device);
  return list(device.firmware)
    .map((version) => text(record(version).codec))
    .filter((name) => name !== "");
}

const SCRIPT_KEYS = [
  "payloadCodecScript",
  "payload_codec_script",
  "payloadDecoderScript",
  "payload_decoder_script",
  "codecScript",
  "codec_script",
  "decoderScript",
];

/** Objects anywhere in an export that hold a script: device profiles, templates, applications of older versions. */
function templatesIn(value: Readonly<Record<string, unknown>>, file: string, depth = 0): Found[] {
  const key = SCRIPT_KEYS.find((name) => text(value[name]).trim() !== "");
  if (key !== undefined) {
    const stem = basename(file).replace(/\.(json|toml)$/, "");
    const title = text(value.name) || stem;
    return [
      {
        vendor: text(value.vendor) || text(value.manufacturer) || vendorOf(file),
        model: text(value.name) || stem,
        title,
        description: text(value.description),
        name: `${stem}.js`,
        script: text(value[key]),
        examples: examplesOf(value.examples ?? value.tests),
      } satisfies { examples: Example[] } & Found,
    ];
  }
  if (depth > 3) return [];
  return Object.values(value).flatMap((inner) =>
    (Array.isArray(inner) ? inner : [inner]).flatMap((item) => templatesIn(record(item), file, depth + 1)),
  );
}

/** Whether a JSON text is one of those that {@link readChirpstack} takes. */
export function isChirpstackJson(content: string): boolean {
  if (!/"(examples|tests|payload_?codec_?script|payloadDecoderScript|codec_?script|bytes)"/i.test(content))
    return false;
  try {
    const value = parseDialect(content);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

/** Test files of a folder that belong to a script of the same folder. */
export function isTestFile(file: string): boolean {
  return (
    /(^|[/\\])(test_[^/\\]*|[^/\\]*[._-](test|spec))\.(js|cjs|mjs|json)$/.test(file) || /[/\\]__tests__[/\\]/.test(file)
  );
}
