import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse } from "yaml";
import { parseDialect } from "./dialect.ts";

/** One published example. */
export interface Example {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly port: number;
  /** ms UTC; 0 = not given */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly string[];
}

/** A decoder script with what is published about it. */
export interface ScriptSource {
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly description: string;
  readonly name: string;
  readonly script: string;
  readonly examples: readonly Example[];
}

/** @returns the source, or what is wrong in words */
export type Found = ScriptSource | string;

/**
 * The Things Network's device repository: `<model>-codec.yaml` (`uplinkDecoder: {fileName, examples}`), the script beside it, name and
 * description in `<model>.yaml`. A script alone is taken without examples.
 */
export function readTtn(file: string): Found {
  if (/\.c?js$/.test(file)) return scriptAlone(file);
  const codec = record(read(file));
  const decoder = record(codec.uplinkDecoder);
  if (typeof decoder.fileName !== "string")
    return "no uplinkDecoder.fileName: not a codec file of the device repository";
  const script = sibling(file, decoder.fileName);
  if (script === null) return `the script ${decoder.fileName} is not beside it`;
  const model = basename(file).replace(/(-codec)?\.ya?ml$/, "");
  const about = sibling(file, `${model}.yaml`);
  const device = about === null || about === file ? {} : record(read(about));
  return {
    vendor: basename(dirname(file)),
    model,
    title: text(device.name) || model,
    description: text(device.description),
    name: basename(script),
    script: readFileSync(script, "utf8"),
    examples: list(decoder.examples).map((raw, i) => {
      const { description, input, output } = record(raw);
      return example(text(description) || `example ${i + 1}`, record(input), record(output));
    }),
  };
}

/**
 * ChirpStack: `<codec>.js` with `test_decode_<codec>.json` (a list of `{name, input, expected}`) beside it or in `tests/`; or a JSON file
 * of one device with `examples` and the name of its script. The tests may be JavaScript rather than JSON (hex numbers, comments).
 */
export function readChirpstack(file: string): Found {
  if (/\.c?js$/.test(file)) {
    const stem = basename(file).replace(/\.c?js$/, "");
    const tests = ["test_decode_", "tests/test_decode_", "../tests/test_decode_"]
      .map((prefix) => sibling(file, `${prefix}${stem}.json`))
      .find((path) => path !== null);
    const source = scriptAlone(file);
    return typeof source === "string" || tests == null ? source : { ...source, examples: examplesOf(read(tests)) };
  }
  const value = read(file);
  const about = Array.isArray(value) ? {} : record(value);
  const tests = Array.isArray(value) ? value : list(about.examples ?? about.tests);
  if (tests.length === 0) return "no list of examples";
  const stem = basename(file)
    .replace(/\.json$/, "")
    .replace(/^test_decode_/, "");
  const named = text(record(about.codec).path) || text(about.codec);
  const script = [named === "" ? "" : basename(named), `${stem}.js`, `../${stem}.js`]
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
    script: readFileSync(script, "utf8"),
    examples: examplesOf(tests),
  };
}

function scriptAlone(file: string): Found {
  const model = basename(file).replace(/\.c?js$/, "");
  const script = readFileSync(file, "utf8");
  return { vendor: vendorOf(file), model, title: model, description: "", name: basename(file), script, examples: [] };
}

function vendorOf(file: string): string {
  const folder = dirname(file);
  return /^(codecs?|src|scripts)$/.test(basename(folder)) ? basename(dirname(folder)) : basename(folder);
}

function examplesOf(tests: unknown): Example[] {
  return list(tests).map((raw, i) => {
    const { name, description, input, expected, output } = record(raw);
    return example(text(name) || text(description) || `example ${i + 1}`, record(input), record(expected ?? output));
  });
}

function example(
  title: string,
  input: Readonly<Record<string, unknown>>,
  output: Readonly<Record<string, unknown>>,
): Example {
  const port = Number(input.fPort ?? input.port ?? 0);
  const data = output.data ?? (Object.keys(output).length > 0 && output.errors === undefined ? output : null);
  const at = input.recvTime === undefined ? 0 : Date.parse(text(input.recvTime));
  return {
    title,
    bytes: bytesOf(input.bytes ?? input.hex ?? input.data),
    port: Number.isInteger(port) && port > 0 && port < 256 ? port : 0,
    at: Number.isFinite(at) ? at : 0,
    data: typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Record<string, unknown>) : null,
    errors: list(output.errors).map(String),
  };
}

/** A list of numbers or "0x.." texts, hex, or base64. */
export function bytesOf(value: unknown): Uint8Array {
  if (Array.isArray(value)) return Uint8Array.from(value, Number);
  const digits = text(value).replace(/0x|[\s,:]/gi, "");
  return Uint8Array.from(Buffer.from(digits, /^([0-9a-f]{2})*$/i.test(digits) ? "hex" : "base64"));
}

function sibling(file: string, name: string): string | null {
  const path = join(dirname(file), name);
  return existsSync(path) ? path : null;
}

function read(file: string): unknown {
  const content = readFileSync(file, "utf8");
  return file.endsWith(".json") ? parseDialect(content) : parse(content, { maxAliasCount: 100 });
}

function record(x: unknown): Readonly<Record<string, unknown>> {
  return typeof x === "object" && x !== null && !Array.isArray(x) ? (x as Record<string, unknown>) : {};
}

function list(x: unknown): readonly unknown[] {
  return Array.isArray(x) ? x : [];
}

function text(x: unknown): string {
  return typeof x === "string" ? x : x instanceof Date ? x.toISOString() : typeof x === "number" ? String(x) : "";
}
