import type { CompiledProfile } from "../compiled.ts";
import type { Codec } from "../codec/schema.ts";
import { type LoadedProfile, loadText } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { isRejection } from "../rejection.ts";
import { type Outcome, Sandbox } from "../script/sandbox.ts";
import type { Vector } from "../profile.ts";
import { toReadings } from "../vector.ts";
import { isCayenne } from "./cayenne-layout.ts";
import { type Draft, type Mapping, mapFields, render, slug } from "./draft.ts";
import type { PublishedField } from "./field-name.ts";
import { meantBy, normalizedValues, type Pair, rounded } from "./normalized.ts";
import { publishedFields, shapedResult, triedFields } from "./published-fields.ts";
import { recognise } from "./recognise.ts";
import type { Example, ScriptSource } from "./script-source.ts";
import { type Trial, tryFrames } from "./trial.ts";

const RECORDED = 5;

/**
 * A profile around a published script: its values mapped to canonical metrics, its examples as vectors. A vector states what the
 * *published* values mean, not what the script gave, so that a test of the profile is one of the script. Where the script is found to
 * decode a layout that data can say, the data stands in its place.
 */
export function wrapScript(source: ScriptSource, keep: boolean): Draft | string {
  const strict = new Sandbox(source.script, { normalize: false, strict: true, variables: {} });
  const problem = strict.check();
  if (problem !== null) return `the script ${problem}`;
  const notes: string[] = [...(source.notes ?? [])];
  const { outcomes, short } = runExamples(source, strict, notes);
  strict.close();
  if (isCayenne(source.examples)) return presetDraft(source);
  const shown = source.examples.map((example, i) => shownBy(example, outcomes[i])).filter((data) => data !== null);
  const trials = shown.length > 0 ? [] : tryFrames(source.script);
  if (trials.length > 0)
    notes.push(
      `no published example shows a value: ${trials.length} frames were made up, check every name, unit and range`,
    );
  const mapping = mapFields(shown.length > 0 ? shownFields(shown, source, notes) : triedFields(trials), keep);
  if (mapping.fields.length === 0)
    return "nothing that it decodes could be found: no example, and no frame that was tried, shows a value";
  const file = `${slug(source.model, "device")}.js`;
  const codec: Codec = {
    script: { file: `./${file}`, ...(short ? { short: "allow" as const } : {}), map: mapping.fields },
  };
  const draft: Draft = {
    ...headOf(source),
    technique: "script",
    codec,
    metrics: mapping.metrics,
    vectors: source.examples.flatMap((example, i) => vectorOf(example, mapping, outcomes[i]) ?? []),
    unmapped: mapping.unmapped.filter((u) => !mapping.fields.some((f) => f.path === u.path)),
    notes: [...notes, ...mapping.notes],
    script: { name: file, text: source.script },
  };
  return asLayout(draft, source, mapping, trials);
}

/** Published values; those that a normalized result explains are named by it. */
function shownFields(shown: readonly unknown[], { examples }: ScriptSource, notes: string[]): PublishedField[] {
  const pairs = examples.flatMap((example): Pair[] => {
    const normalized = normalizedValues(example.normalized);
    return normalized.size === 0 || example.data === null ? [] : [{ data: shapedResult(example.data), normalized }];
  });
  const meant = meantBy(pairs);
  const metrics = new Set(pairs.flatMap(({ normalized }) => [...normalized.keys()]));
  for (const { field } of meant.values()) metrics.delete(field.n);
  if (metrics.size > 0)
    notes.push(`normalizedOutput gives ${[...metrics].join(", ")}, which no single published value shows to be it`);
  return publishedFields(shown).map((field) => {
    const means = meant.get(field.path);
    return means === undefined ? field : { ...field, means };
  });
}

/** What the normalized result says of a value counts, so that a script that says something else does not pass. */
function withNormalized(
  expected: Pick<Vector, "out" | "quality">,
  normalized: unknown,
): Pick<Vector, "out" | "quality"> {
  const out = { ...expected.out };
  for (const [metric, value] of normalizedValues(normalized)) {
    const found = out[metric];
    if (found === undefined) continue;
    if (!(typeof found === "number" && typeof value === "number" && rounded(found, value))) out[metric] = value;
  }
  return { ...expected, out };
}

type Head = Pick<Draft, "vendor" | "model" | "title" | "description" | "uplink">;

function headOf(source: ScriptSource): Head {
  return {
    vendor: slug(source.vendor, "unknown"),
    model: slug(source.model, "device"),
    title: source.title.trim() || source.model,
    description: source.description,
    uplink: "raw",
  };
}

function runExamples(source: ScriptSource, strict: Sandbox, notes: string[]): { outcomes: Outcome[]; short: boolean } {
  const loose = new Sandbox(source.script, { normalize: false, strict: false, variables: {} });
  let short = false;
  const outcomes = source.examples.map((example) => {
    let outcome = strict.run(example.bytes, example.port, example.at);
    if (outcome.kind === "short" && example.data !== null) {
      short = true;
      notes.push(`"${example.title}": the script reads byte ${outcome.byte} of ${example.bytes.length}; short: allow`);
      outcome = loose.run(example.bytes, example.port, example.at);
    }
    if (outcome.kind === "failed" && example.data !== null) notes.push(`"${example.title}": ${outcome.message}`);
    if (outcome.kind === "data" && example.errors.length > 0)
      notes.push(
        `"${example.title}": published as an error (${example.errors.join("; ").slice(0, 80)}), the script decodes it`,
      );
    return outcome;
  });
  loose.close();
  return { outcomes, short };
}

/** What an example shows: what is published, else what the script gives; null = nothing. */
function shownBy(example: Example, outcome: Outcome): unknown {
  if (example.data !== null) return shapedResult(example.data);
  return outcome.kind === "data" && example.errors.length === 0 ? outcome.data : null;
}

/** The draft with a layout in place of the script where the two are proven to say the same; else with a note why not. */
function asLayout(draft: Draft, source: ScriptSource, mapping: Mapping, trials: readonly Trial[]): Draft {
  const inline: Codec = {
    script: { ...draft.codec.script, file: undefined, source: source.script, map: mapping.fields },
  };
  const scripted = compileDraft(draft, inline);
  if (scripted === null) return draft;
  const recorded = trials.slice(0, RECORDED).flatMap(({ bytes, port }): Vector[] => {
    const readings = readingsOf(scripted, bytes, port);
    const input = inputOf({ title: "recorded from the script, not published", bytes, port });
    return readings === null ? [] : [{ ...input, ...readings }];
  });
  const whole = { ...draft, vectors: [...draft.vectors, ...recorded] };
  const seeds = [...source.examples, ...trials].filter((s) => s.bytes.length > 0);
  const found =
    draft.codec.script?.short === "allow"
      ? "it reads bytes that frames do not have"
      : recognise(
          source.script,
          scripted.compiled,
          seeds,
          mapping.fields,
          (codec) => compileDraft(draft, codec)?.compiled ?? null,
        );
  if (typeof found === "string") return { ...whole, notes: [...whole.notes, `kept as a script: ${found}`] };
  const layout = compileDraft(draft, found.codec);
  if (layout === null) return whole;
  return {
    ...whole,
    technique: found.technique,
    codec: found.codec,
    script: null,
    vectors: whole.vectors.map((vector) => (vector.reject === undefined ? vector : refusal(layout.compiled, vector))),
    notes: [
      ...whole.notes,
      `the script decodes a layout: compared on ${found.compared} frames, examples, truncations and made-up ones`,
    ],
  };
}

/** A frame that both refuse, with the reason that the layout gives. */
function refusal(profile: CompiledProfile, vector: Vector): Vector {
  const out = new RecordBuffer();
  const rejection = profile.decodeFrame(Buffer.from(vector.hex ?? "", "hex"), vector.port ?? 0, out, 0);
  return rejection === null ? vector : { ...vector, reject: rejection.reason };
}

function compileDraft(draft: Draft, codec: Codec): LoadedProfile | null {
  return loadText(render({ ...draft, codec, vectors: [], unmapped: [], notes: [], script: null }, ""), "import")
    .profile;
}

/** The script says no more than Cayenne LPP does: the preset serves, without a script. */
function presetDraft(source: ScriptSource): Draft {
  const draft: Draft = {
    ...headOf(source),
    technique: "cayenne_lpp",
    codec: { preset: "cayenne_lpp" },
    ...{ metrics: {}, vectors: [], unmapped: [], notes: [...(source.notes ?? [])], script: null },
  };
  const { profile } = loadText(render(draft, ""), "import");
  const vectors = source.examples.flatMap((example): Vector[] => {
    const readings = example.data === null || profile === null ? null : readingsOf(profile, example.bytes, 0);
    return readings === null ? [] : [{ ...inputOf(example), ...readings }];
  });
  return { ...draft, vectors };
}

function vectorOf(example: Example, mapping: Mapping, outcome: Outcome): Vector[] | null {
  if (example.bytes.length === 0) return null;
  const input = inputOf(example);
  if (example.errors.length > 0)
    return [{ ...input, reject: outcome.kind === "short" ? "frame_short" : "script_failed" }];
  if (example.data === null) return null;
  const expected = meaning(example.data, mapping);
  return [
    expected === null
      ? { ...input, reject: "value_invalid" }
      : { ...input, ...withNormalized(expected, example.normalized) },
  ];
}

function inputOf({ title, bytes, port }: Pick<Example, "title" | "bytes" | "port">): Vector {
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
      codec: {
        script: { source: `function Decoder() { return {data: ${JSON.stringify(data)}} }`, map: mapping.fields },
      },
      ...{ metrics: mapping.metrics, vectors: [], unmapped: [], notes: [], script: null },
    },
    "",
  );
  const { profile } = loadText(text, "import");
  return profile === null ? null : readingsOf(profile, Uint8Array.of(0), 0);
}

function readingsOf(profile: LoadedProfile, frame: Uint8Array, port: number): Pick<Vector, "out" | "quality"> | null {
  const buffer = new RecordBuffer();
  if (isRejection(profile.compiled.decodeFrame(frame, port, buffer, 0))) return null;
  const readings = toReadings(profile.compiled, buffer);
  const flagged = readings.filter((r) => r.quality !== 0 && r.value !== null);
  return {
    out: Object.fromEntries(readings.map((r) => [r.metric, r.value])),
    ...(flagged.length === 0 ? {} : { quality: Object.fromEntries(flagged.map((r) => [r.metric, r.quality])) }),
  };
}
