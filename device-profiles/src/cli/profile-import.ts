import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readChirpstack } from "../import/chirpstack-source.ts";
import { collect, type Format } from "../import/collect.ts";
import { type Draft, render, slug } from "../import/draft.ts";
import { readEdgex } from "../import/edgex.ts";
import type { PublishedField } from "../import/field-name.ts";
import type { Found } from "../import/script-source.ts";
import { readTtn } from "../import/ttn-source.ts";
import { wrapScript } from "../import/wrap-script.ts";
import { readZigbee2mqtt } from "../import/zigbee2mqtt.ts";
import { readConverters } from "../import/zigbee-converters.ts";
import { loadFile } from "../load.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { testProfile } from "../vector.ts";

export const FORMATS = ["ttn", "chirpstack", "edgex", "zigbee2mqtt"] as const satisfies readonly Format[];
export type { Format } from "../import/collect.ts";

/** Written into the output folder: everything that a run made, could not map and could not read. */
export const REPORT_FILE = "import-report.json";

export interface Imported {
  readonly from: string;
  readonly device: string;
  /** file written; null after an error */
  readonly file: string | null;
  readonly technique: string;
  readonly mapped: number;
  readonly unmapped: readonly string[];
  readonly vectors: number;
  readonly passed: number;
  readonly notes: readonly string[];
  readonly error: string | null;
  /** what was published about values that no canonical metric was found for */
  readonly unmappedValues?: readonly PublishedField[];
}

export interface ImportOptions {
  /** numbers without a canonical metric become metrics of the profile's own */
  readonly keep?: boolean;
  readonly force?: boolean;
  /** before each file: how many are done, of how many, which comes */
  readonly progress?: (done: number, of: number, file: string) => void;
}

/**
 * Imports files and folders of one format into `out/<maker>/<model>.yaml`, and writes {@link REPORT_FILE} beside them. A file that exists
 * and would change is not overwritten unless `force`; names that two sources share are numbered; a file that cannot be imported is named
 * and does not stop the others.
 */
export async function importProfiles(
  format: Format,
  paths: readonly string[],
  out: string,
  { keep = false, force = false, progress }: ImportOptions = {},
): Promise<Imported[]> {
  await loadScriptEngine();
  const results: Imported[] = [];
  const taken = new Set<string>();
  const drafted = new Map<string, Draft | string>();
  const files = collect(format, paths);
  for (const [i, file] of files.entries()) {
    progress?.(i, files.length, file);
    let found: (Found | Draft)[];
    try {
      found = read(format, file);
    } catch (error) {
      found = [error instanceof Error ? error.message : String(error)];
    }
    for (const item of found) {
      // a trap of one script is made good before the next one runs
      await loadScriptEngine();
      try {
        const draft = typeof item === "string" || "codec" in item ? item : wrapped(item, keep, drafted);
        results.push(typeof draft === "string" ? failed(file, draft) : write(unique(draft, taken), file, out, force));
      } catch (error) {
        results.push(failed(file, error instanceof Error ? error.message : String(error)));
      }
    }
  }
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, REPORT_FILE), `${JSON.stringify({ format, results }, null, 2)}\n`);
  return results.map(({ unmappedValues: _values, ...result }) => result);
}

function read(format: Format, file: string): (Found | Draft)[] {
  switch (format) {
    case "edgex":
      return readEdgex(readFileSync(file, "utf8"));
    case "zigbee2mqtt":
      return /\.(c|m)?[jt]s$/.test(file) ? readConverters(file) : readZigbee2mqtt(readFileSync(file, "utf8"));
    case "ttn":
      return readTtn(file);
    case "chirpstack":
      return readChirpstack(file);
  }
}

/** Devices that share a script and its examples are worked out once. */
function wrapped(source: Exclude<Found, string>, keep: boolean, drafted: Map<string, Draft | string>): Draft | string {
  const { script, examples, notes, description } = source;
  const key = JSON.stringify([script, examples.map((e) => ({ ...e, bytes: [...e.bytes] })), notes]);
  const known = drafted.get(key) ?? wrapScript(source, keep);
  drafted.set(key, known);
  if (typeof known === "string") return known;
  const model = slug(source.model, "device");
  const title = source.title.trim() || model;
  return renamed({ ...known, vendor: slug(source.vendor, "unknown"), title, description }, model);
}

/** Of two devices of one name the second is numbered. */
function unique(draft: Draft, taken: Set<string>): Draft {
  let { model } = draft;
  for (let n = 2; taken.has(`${draft.vendor}/${model}`); n++) model = `${draft.model}-${n}`;
  taken.add(`${draft.vendor}/${model}`);
  return renamed(draft, model);
}

/** A script's file has its profile's name. */
function renamed(draft: Draft, model: string): Draft {
  const { script, codec } = draft;
  if (script === null || codec.script === undefined) return { ...draft, model };
  const name = `${model}.js`;
  return { ...draft, model, script: { ...script, name }, codec: { script: { ...codec.script, file: `./${name}` } } };
}

function write(draft: Draft, from: string, out: string, force: boolean): Imported {
  const folder = join(out, draft.vendor);
  const file = join(folder, `${draft.model}.yaml`);
  const device = `${draft.vendor}/${draft.model}`;
  const files = [
    { path: file, text: render(draft, from.replace(/^.*\//, "")) },
    ...(draft.script === null ? [] : [{ path: join(folder, draft.script.name), text: draft.script.text }]),
  ];
  const changed = files.filter(({ path, text }) => !existsSync(path) || readFileSync(path, "utf8") !== text);
  const inTheWay = changed.find(({ path }) => existsSync(path));
  if (inTheWay !== undefined && !force)
    return { ...failed(from, `${inTheWay.path} exists already and would change; --force overwrites it`), device };
  mkdirSync(folder, { recursive: true });
  for (const { path, text } of changed) writeFileSync(path, text);
  const { profile, problems } = loadFile(file);
  const errors = problems.filter((p) => p.level === "error");
  const report = profile === null ? null : testProfile(profile);
  const broken = new Set(report?.failures.map((f) => f.vector));
  return {
    from,
    device,
    file,
    technique: draft.technique,
    mapped: profile === null ? 0 : mappedIn(draft, profile.compiled.metrics.length),
    unmapped: draft.unmapped.map((field) => field.path),
    vectors: draft.vectors.length,
    passed: profile === null ? 0 : draft.vectors.length - broken.size,
    notes: [
      ...draft.notes,
      ...(report?.failures ?? []).map((f) => `vector ${f.vector}: ${f.message}`),
      ...problems.filter((p) => p.level === "warning").map((p) => `${p.path}: ${p.message}`),
    ],
    error: errors.length === 0 ? null : errors.map((p) => `${p.path}: ${p.message}`).join("; "),
    unmappedValues: draft.unmapped.map((field) => ({ ...field, samples: field.samples.slice(0, 5) })),
  };
}

function mappedIn(draft: Draft, metrics: number): number {
  return draft.codec.script?.map.length ?? draft.codec.json?.fields.length ?? metrics;
}

function failed(from: string, error: string): Imported {
  const nothing = { file: null, technique: "-", mapped: 0, unmapped: [], vectors: 0, passed: 0, notes: [] };
  return { from, device: from.replace(/^.*\//, ""), ...nothing, error };
}

/** The table for people. */
export function importTable(results: readonly Imported[]): string[] {
  const rows = [
    ["device", "technique", "mapped", "not mapped", "vectors passed", "warnings", ""],
    ...results.map((r) => [
      r.device,
      r.technique,
      String(r.mapped),
      String(r.unmapped.length),
      `${r.passed}/${r.vectors}`,
      String(r.notes.length),
      r.error ?? "",
    ]),
  ];
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}
