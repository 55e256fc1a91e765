import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Draft, render } from "../import/draft.ts";
import { readEdgex } from "../import/edgex.ts";
import { readChirpstack, readTtn } from "../import/script-source.ts";
import { wrapScript } from "../import/wrap-script.ts";
import { readZigbee2mqtt } from "../import/zigbee2mqtt.ts";
import { loadFile } from "../load.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { testProfile } from "../vector.ts";

export const FORMATS = ["ttn", "chirpstack", "edgex", "zigbee2mqtt"] as const;
export type Format = (typeof FORMATS)[number];

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
}

/**
 * Imports files of one format into `out/<maker>/<model>.yaml`. A file that exists is not overwritten unless `force`; a file that
 * cannot be imported is named and does not stop the others.
 *
 * @param keep numbers without a canonical metric become metrics of the profile's own
 */
export async function importProfiles(
  format: Format,
  files: readonly string[],
  out: string,
  { keep = false, force = false } = {},
): Promise<Imported[]> {
  await loadScriptEngine();
  const results: Imported[] = [];
  for (const file of files) {
    // a trap of one script is made good before the next one runs
    await loadScriptEngine();
    let drafts: (Draft | string)[];
    try {
      drafts = read(format, file, keep);
    } catch (error) {
      drafts = [error instanceof Error ? error.message : String(error)];
    }
    for (const draft of drafts)
      results.push(typeof draft === "string" ? failed(file, draft) : write(draft, file, out, force));
  }
  return results;
}

function read(format: Format, file: string, keep: boolean): (Draft | string)[] {
  switch (format) {
    case "edgex":
      return [readEdgex(readFileSync(file, "utf8"))];
    case "zigbee2mqtt":
      return readZigbee2mqtt(readFileSync(file, "utf8"));
    default: {
      const source = format === "ttn" ? readTtn(file) : readChirpstack(file);
      return [typeof source === "string" ? source : wrapScript(source, keep)];
    }
  }
}

function write(draft: Draft, from: string, out: string, force: boolean): Imported {
  const folder = join(out, draft.vendor);
  const file = join(folder, `${draft.model}.yaml`);
  const device = `${draft.vendor}/${draft.model}`;
  if (existsSync(file) && !force) return { ...failed(from, `${file} exists already`), device };
  mkdirSync(folder, { recursive: true });
  if (draft.script !== null) writeFileSync(join(folder, draft.script.name), draft.script.text);
  writeFileSync(file, render(draft, from.replace(/^.*\//, "")));
  const { profile, problems } = loadFile(file);
  const errors = problems.filter((p) => p.level === "error");
  const report = profile === null ? null : testProfile(profile);
  const broken = new Set(report?.failures.map((f) => f.vector));
  return {
    from,
    device,
    file,
    technique: draft.technique,
    mapped: draft.codec.script?.map.length ?? draft.codec.json?.fields.length ?? 0,
    unmapped: draft.unmapped.map((field) => field.path),
    vectors: draft.vectors.length,
    passed: profile === null ? 0 : draft.vectors.length - broken.size,
    notes: [...draft.notes, ...(report?.failures ?? []).map((f) => `vector ${f.vector}: ${f.message}`)],
    error: errors.length === 0 ? null : errors.map((p) => `${p.path}: ${p.message}`).join("; "),
  };
}

function failed(from: string, error: string): Imported {
  const nothing = { file: null, technique: "-", mapped: 0, unmapped: [], vectors: 0, passed: 0, notes: [] };
  return { from, device: from.replace(/^.*\//, ""), ...nothing, error };
}

/** The table for people. */
export function importTable(results: readonly Imported[]): string[] {
  const rows = [
    ["device", "technique", "mapped", "not mapped", "vectors passed", ""],
    ...results.map((r) => [
      r.device,
      r.technique,
      String(r.mapped),
      String(r.unmapped.length),
      `${r.passed}/${r.vectors}`,
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
