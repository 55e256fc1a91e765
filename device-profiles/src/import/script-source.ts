import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { bundle } from "./bundle.ts";
import { parseDialect } from "./dialect.ts";

/** One published example. */
export interface Example {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly port: number;
  /** ms UTC; 0 = not given */
  readonly at: number;
  /** as published: an object, or a list of them; null = none */
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly string[];
  /** `normalizedOutput.data` as published, where it is */
  readonly normalized?: unknown;
}

/** A decoder script with what is published about it. */
export interface ScriptSource {
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly description: string;
  readonly name: string;
  /** one file: helpers that it requires are in it */
  readonly script: string;
  readonly examples: readonly Example[];
  /** what reading it showed that its author should know */
  readonly notes?: readonly string[];
}

/** @returns the source, or what is wrong in words */
export type Found = ScriptSource | string;

export const SCRIPT_FILE = /\.(c|m)?js$/;

/** A script without anything beside it: what it decodes is found by trying. */
export function scriptAlone(file: string): ScriptSource {
  const model = basename(file).replace(SCRIPT_FILE, "");
  const { script, notes } = bundle(file);
  return {
    vendor: vendorOf(file),
    model,
    title: model,
    description: "",
    name: basename(file),
    script,
    examples: [],
    notes,
  };
}

export function vendorOf(file: string): string {
  const parts = dirname(resolve(file))
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  while (
    parts.length > 1 &&
    /^(codecs?|src|scripts?|payload|lib|dist|decoders?|devices?|sensors?)$/i.test(parts.at(-1) ?? "")
  )
    parts.pop();
  return parts.at(-1) ?? "unknown";
}

export function examplesOf(tests: unknown): Example[] {
  return list(tests).map((raw, i) => {
    const { name, description, title, input, expected, output, ...rest } = record(raw);
    const label = text(name) || text(description) || text(title) || `example ${i + 1}`;
    return example(label, input === undefined ? rest : record(input), record(expected ?? output ?? rest.result));
  });
}

export function example(
  title: string,
  input: Readonly<Record<string, unknown>>,
  output: Readonly<Record<string, unknown>>,
): Example {
  const port = Number(input.fPort ?? input.port ?? input.f_port ?? input.fport ?? 0);
  const data = output.data ?? (Object.keys(output).length > 0 && output.errors === undefined ? output : null);
  const at = input.recvTime === undefined ? 0 : Date.parse(text(input.recvTime));
  const errors = typeof output.errors === "string" ? [output.errors] : list(output.errors).map(String);
  return {
    title: title.replace(/\s+/g, " ").trim().slice(0, 200),
    bytes: bytesOf(input.bytes ?? input.hex ?? input.payload ?? input.data ?? input.frmPayload),
    port: Number.isInteger(port) && port > 0 && port < 256 ? port : 0,
    at: Number.isFinite(at) ? at : 0,
    data: typeof data === "object" && data !== null && errors.length === 0 ? (data as Record<string, unknown>) : null,
    errors,
  };
}

/** A list of numbers or "0x.." texts, hex, or base64. */
function bytesOf(value: unknown): Uint8Array {
  if (Array.isArray(value)) return Uint8Array.from(value, Number);
  const digits = text(value).replace(/0x|[\s,:]/gi, "");
  return Uint8Array.from(Buffer.from(digits, /^([0-9a-f]{2})*$/i.test(digits) ? "hex" : "base64"));
}

export function sibling(file: string, name: string): string | null {
  const path = join(dirname(file), name);
  return existsSync(path) ? path : null;
}

export function read(file: string): unknown {
  const content = readFileSync(file, "utf8");
  return file.endsWith(".json") ? parseDialect(content) : parse(content, { maxAliasCount: 100 });
}

export function record(x: unknown): Readonly<Record<string, unknown>> {
  return typeof x === "object" && x !== null && !Array.isArray(x) ? (x as Record<string, unknown>) : {};
}

export function list(x: unknown): readonly unknown[] {
  return Array.isArray(x) ? x : [];
}

export function text(x: unknown): string {
  return typeof x === "string" ? x : x instanceof Date ? x.toISOString() : typeof x === "number" ? String(x) : "";
}
