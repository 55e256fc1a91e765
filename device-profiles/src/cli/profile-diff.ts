import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadFile, type LoadedProfile } from "../load.ts";
import { formatProblem } from "../problem.ts";
import { RecordBuffer } from "../reading.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { toReadings } from "../vector.ts";

const HELP = `usage: gridhub profile diff OLD NEW --frames FILE

Decodes stored raw frames with both profiles and shows what would change.
FILE has one frame a line: hex, "hex port", or JSON {"hex" or "x" (base64), "port" or "p", "ts"}; empty lines and # are stepped over.

options:
  --frames FILE   the frames ("-" = standard input)
  --limit N       differences to show (default 20); all are counted
  --json          results as JSON

exit code: 0 nothing changes, 1 something does or a profile has an error, 2 wrong usage`;

const OPTIONS = {
  frames: { type: "string" },
  limit: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export interface StoredFrame {
  readonly bytes: Uint8Array;
  readonly port: number;
  readonly ts: number;
}

export interface Difference {
  /** line of the file, 1-based */
  readonly line: number;
  readonly hex: string;
  /** metric (or "outcome") -> what was, what would be */
  readonly changes: Readonly<Record<string, { readonly old: unknown; readonly new: unknown }>>;
}

export interface ProfileDiff {
  readonly frames: number;
  readonly same: number;
  readonly differing: number;
  /** frames refused by one and not by the other */
  readonly nowRefused: number;
  readonly nowDecoded: number;
  /** metric -> number of frames in which it changes */
  readonly metrics: Readonly<Record<string, number>>;
  readonly differences: readonly Difference[];
}

/** `gridhub profile diff ...`; @returns the exit code */
export async function diffCommand(argv: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const limit = Number(values.limit ?? 20);
  if (positionals.length !== 2) return usage("expected OLD and NEW, two profile files");
  if (values.frames === undefined) return usage("expected --frames FILE");
  if (!Number.isInteger(limit) || limit < 0) return usage("--limit: expected a number");
  await loadScriptEngine();
  const loaded: LoadedProfile[] = [];
  for (const file of positionals) {
    const { profile, problems } = loadFile(file);
    for (const problem of problems) if (profile === null) console.error(formatProblem(problem));
    if (profile === null) return 1;
    loaded.push(profile);
  }
  let content: string;
  try {
    content = readFileSync(values.frames === "-" ? 0 : values.frames, "utf8");
  } catch (error) {
    console.error(`gridhub profile diff: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  const frames = parseFrames(content);
  if (typeof frames === "string") {
    console.error(`gridhub profile diff: ${values.frames}: ${frames}`);
    return 1;
  }
  const diff = diffProfiles(loaded[0], loaded[1], frames, limit);
  if (values.json === true) console.log(JSON.stringify(diff, null, 2));
  else for (const line of describe(diff)) console.log(line);
  return diff.differing === 0 ? 0 : 1;
}

/** Frames by line of the file. @returns the first line that is none, in words */
export function parseFrames(content: string): Map<number, StoredFrame> | string {
  const frames = new Map<number, StoredFrame>();
  for (const [i, raw] of content.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const frame = line.startsWith("{") ? jsonFrame(line) : hexFrame(line);
    if (frame === null)
      return `line ${i + 1}: expected hex, "hex port" or JSON with hex or x, found "${line.slice(0, 40)}"`;
    frames.set(i + 1, frame);
  }
  return frames;
}

function hexFrame(line: string): StoredFrame | null {
  const parts = /^((?:[0-9a-f]{2}[ :]?)+?)(?:[\s,;]+@?(\d{1,3}))?$/i.exec(line);
  // a last pair of decimal digits after a blank is a byte as long as the others stand in pairs too
  if (parts === null) return null;
  const spaced = /^[0-9a-f]{2}( [0-9a-f]{2})+$/i.test(line);
  const digits = (spaced ? line : parts[1]).replace(/[ :]/g, "");
  return { bytes: Uint8Array.from(Buffer.from(digits, "hex")), port: spaced ? 0 : Number(parts[2] ?? 0), ts: 0 };
}

function jsonFrame(line: string): StoredFrame | null {
  try {
    const { hex, x, port, p, ts } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const bytes =
      typeof hex === "string"
        ? Buffer.from(hex.replace(/[ :]/g, ""), "hex")
        : typeof x === "string"
          ? Buffer.from(x, "base64")
          : null;
    if (bytes === null || bytes.length === 0) return null;
    return { bytes: Uint8Array.from(bytes), port: Number(port ?? p ?? 0), ts: Number(ts ?? 0) };
  } catch {
    return null;
  }
}

/** @param limit differences kept in full; all are counted */
export function diffProfiles(
  old: LoadedProfile,
  next: LoadedProfile,
  frames: ReadonlyMap<number, StoredFrame>,
  limit: number,
): ProfileDiff {
  const counts = { same: 0, differing: 0, nowRefused: 0, nowDecoded: 0 };
  const metrics: Record<string, number> = {};
  const differences: Difference[] = [];
  for (const [line, frame] of frames) {
    const [before, after] = [outcome(old, frame), outcome(next, frame)];
    const changes: Record<string, { old: unknown; new: unknown }> = {};
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
      if (before[name] !== after[name]) changes[name] = { old: before[name], new: after[name] };
    if (Object.keys(changes).length === 0) {
      counts.same++;
      continue;
    }
    counts.differing++;
    if ("refused" in after && !("refused" in before)) counts.nowRefused++;
    if ("refused" in before && !("refused" in after)) counts.nowDecoded++;
    for (const name of Object.keys(changes)) metrics[name] = (metrics[name] ?? 0) + 1;
    if (differences.length < limit) differences.push({ line, hex: Buffer.from(frame.bytes).toString("hex"), changes });
  }
  return { frames: frames.size, ...counts, metrics, differences };
}

/** Values with unit and quality as one text each, so that a change of any of them shows. */
function outcome({ compiled }: LoadedProfile, { bytes, port, ts }: StoredFrame): Record<string, string> {
  const out = new RecordBuffer();
  const rejection = compiled.decodeFrame(bytes, port, out, ts === 0 ? undefined : ts);
  if (rejection !== null) return { refused: rejection.reason };
  const result: Record<string, string> = out.ts === 0 ? {} : { sampled_at: new Date(out.ts).toISOString() };
  for (let i = 0; i < out.pasts; i++)
    result[`past[${i}]`] = toReadings(compiled, out.past[i])
      .map((r) => `${r.metric} ${r.value}`)
      .join(", ");
  for (const { metric, value, unit, quality } of toReadings(compiled, out)) {
    const shown = typeof value === "number" ? Number(value.toPrecision(9)) : value;
    result[metric] = `${shown}${unit === "1" ? "" : ` ${unit}`}${quality === 0 ? "" : ` [quality ${quality}]`}`;
  }
  return result;
}

function describe({ frames, same, differing, nowRefused, nowDecoded, metrics, differences }: ProfileDiff): string[] {
  return [
    `${frames} frames: ${same} the same, ${differing} differ (${nowRefused} would be refused, ${nowDecoded} would now be decoded)`,
    ...Object.entries(metrics).map(([name, count]) => `  ${name}: ${count} frames`),
    ...differences.flatMap(({ line, hex, changes }) => [
      `line ${line}: ${hex.length > 80 ? `${hex.slice(0, 80)}...` : hex}`,
      ...Object.entries(changes).map(([name, change]) => `    ${name}: ${change.old ?? "-"} -> ${change.new ?? "-"}`),
    ]),
  ];
}

function usage(message: string): number {
  console.error(`gridhub profile diff: ${message}\n\n${HELP}`);
  return 2;
}
