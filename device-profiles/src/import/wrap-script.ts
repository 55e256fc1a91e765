import { type LoadedProfile, loadText } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { isRejection } from "../rejection.ts";
import { Sandbox, type Outcome } from "../script/sandbox.ts";
import type { Vector } from "../profile.ts";
import { toReadings } from "../vector.ts";
import { isCayenne } from "./cayenne-layout.ts";
import { type Draft, type Mapping, mapFields, render, slug } from "./draft.ts";
import type { PublishedField } from "./field-name.ts";
import type { Example, ScriptSource } from "./script-source.ts";

/**
 * A profile around a published script: its values mapped to canonical metrics, its examples as vectors. A vector states what the
 * *published* values mean, not what the script gave, so that a test of the profile is one of the script.
 */
export function wrapScript(source: ScriptSource, keep: boolean): Draft | string {
  const strict = new Sandbox(source.script, { normalize: false, strict: true, variables: {} });
  const problem = strict.check();
  if (problem !== null) return `the script ${problem}`;
  const loose = new Sandbox(source.script, { normalize: false, strict: false, variables: {} });
  const notes: string[] = [];
  const outcomes: Outcome[] = [];
  let short = false;
  for (const example of source.examples) {
    let outcome = strict.run(example.bytes, example.port, example.at);
    if (outcome.kind === "short" && example.data !== null) {
      short = true;
      notes.push(`"${example.title}": the script reads byte ${outcome.byte} of ${example.bytes.length}; short: allow`);
      outcome = loose.run(example.bytes, example.port, example.at);
    }
    if (outcome.kind === "failed" && example.data !== null) notes.push(`"${example.title}": ${outcome.message}`);
    outcomes.push(outcome);
  }
  strict.close();
  loose.close();
  if (isCayenne(source.examples)) return presetDraft(source);
  const mapping = mapFields(publishedFields(source.examples, outcomes), keep);
  if (mapping.fields.length === 0) return "no example shows a value that a profile could map";
  const file = source.name.replace(/\.c?js$/, "") + ".js";
  const script = { file: `./${file}`, ...(short ? { short: "allow" as const } : {}), map: mapping.fields };
  const vectors = source.examples
    .filter(({ bytes }) => bytes.length > 0)
    .map((example) => vectorOf(example, mapping, outcomes[source.examples.indexOf(example)]))
    .filter((vector) => vector !== null);
  return {
    vendor: slug(source.vendor, "unknown"),
    model: slug(source.model, "device"),
    title: source.title,
    description: source.description,
    uplink: "raw",
    technique: "script",
    codec: { script },
    metrics: mapping.metrics,
    vectors,
    unmapped: keep ? [] : mapping.unmapped,
    notes: [...notes, ...mapping.notes],
    script: { name: file, text: source.script },
  };
}

/** The script says no more than Cayenne LPP does: the preset serves, without a script. */
function presetDraft(source: ScriptSource): Draft {
  const draft: Draft = {
    vendor: slug(source.vendor, "unknown"),
    model: slug(source.model, "device"),
    title: source.title,
    description: source.description,
    uplink: "raw",
    technique: "cayenne_lpp",
    codec: { preset: "cayenne_lpp" },
    ...{ metrics: {}, vectors: [], unmapped: [], notes: [], script: null },
  };
  const { profile } = loadText(render(draft, ""), "import");
  const vectors = source.examples.flatMap((example): Vector[] => {
    const readings = example.data === null || profile === null ? null : readingsOf(profile, example.bytes);
    return readings === null ? [] : [{ ...inputOf(example), ...readings }];
  });
  return { ...draft, vectors };
}

/** Leaves of the published data, and of what the script gives where nothing is published. */
function publishedFields(examples: readonly Example[], outcomes: readonly Outcome[]): PublishedField[] {
  const found = new Map<string, { unit: string | null; samples: unknown[] }>();
  const visit = (value: unknown, path: string, unit: string | null): void => {
    if (typeof value === "object" && value !== null) {
      const own = (value as { unit?: unknown }).unit;
      const measured = "value" in value || "data" in value;
      for (const [key, inner] of Object.entries(value).slice(0, 200)) {
        if (measured && (key === "unit" || key === "displayName")) continue;
        if (!/^[^.[\]]+$/.test(key)) continue;
        const step = Array.isArray(value) ? `[${key}]` : path === "" ? key : `.${key}`;
        visit(inner, path + step, measured && typeof own === "string" ? own : null);
      }
      return;
    }
    const entry = found.get(path) ?? { unit, samples: [] };
    if (value !== null && value !== undefined) entry.samples.push(value);
    found.set(path, entry);
  };
  examples.forEach((example, i) => {
    const outcome = outcomes[i];
    visit(example.data ?? (outcome.kind === "data" && example.errors.length === 0 ? outcome.data : {}), "", null);
  });
  return [...found].map(([path, { unit, samples }]) => ({ path, unit, samples }));
}

function vectorOf(example: Example, mapping: Mapping, outcome: Outcome): Vector | null {
  const input = inputOf(example);
  if (example.errors.length > 0)
    return { ...input, reject: outcome.kind === "short" ? "frame_short" : "script_failed" };
  if (example.data === null) return null;
  const expected = meaning(example.data, mapping);
  return expected === null ? { ...input, reject: "value_invalid" } : { ...input, ...expected };
}

function inputOf({ title, bytes, port }: Example): Vector {
  return { title, hex: Buffer.from(bytes).toString("hex"), ...(port === 0 ? {} : { port }) };
}

/** What a published result means through the map: the same profile around a script that returns just that. */
function meaning(data: unknown, mapping: Mapping): Pick<Vector, "out" | "quality"> | null {
  const text = render(
    {
      ...{
        vendor: "import",
        model: "expected",
        title: "expected",
        description: "",
        uplink: "raw",
        technique: "script",
      },
      codec: { script: { source: `function Decoder() { return ${JSON.stringify(data)} }`, map: mapping.fields } },
      ...{ metrics: mapping.metrics, vectors: [], unmapped: [], notes: [], script: null },
    },
    "",
  );
  const { profile } = loadText(text, "import");
  return profile === null ? null : readingsOf(profile, Uint8Array.of(0));
}

function readingsOf(profile: LoadedProfile, frame: Uint8Array): Pick<Vector, "out" | "quality"> | null {
  const buffer = new RecordBuffer();
  if (isRejection(profile.compiled.decodeFrame(frame, 0, buffer, 0))) return null;
  const readings = toReadings(profile.compiled, buffer);
  const flagged = readings.filter((r) => r.quality !== 0 && r.value !== null);
  return {
    out: Object.fromEntries(readings.map((r) => [r.metric, r.value])),
    ...(flagged.length === 0 ? {} : { quality: Object.fromEntries(flagged.map((r) => [r.metric, r.quality])) }),
  };
}
