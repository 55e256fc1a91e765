import { stringify } from "yaml";
import type { Codec, JsonField } from "../codec/schema.ts";
import { canonicalMetric, SAMPLED_AT } from "../metric.ts";
import type { Vector } from "../profile.ts";
import { type PublishedField, mapField, wordsOf } from "./field-name.ts";
import { ucum } from "./published-unit.ts";

/** A metric of the profile's own, for what no canonical metric means. */
export interface OwnMetric {
  readonly unit?: string;
  readonly type?: "boolean" | "text";
  readonly title: { readonly zh: string; readonly en: string };
}

/** What an importer made of a file; {@link render} writes it as a profile. */
export interface Draft {
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly description: string;
  readonly uplink: "raw" | "telemetry";
  readonly technique: string;
  readonly codec: Codec;
  readonly metrics: Readonly<Record<string, OwnMetric>>;
  readonly vectors: readonly Vector[];
  /** published values that no canonical metric was found for */
  readonly unmapped: readonly PublishedField[];
  /** what the author should look at */
  readonly notes: readonly string[];
  /** a script that is written beside the profile */
  readonly script: { readonly name: string; readonly text: string } | null;
}

export interface Mapping {
  readonly fields: JsonField[];
  readonly metrics: Record<string, OwnMetric>;
  readonly unmapped: PublishedField[];
  readonly notes: string[];
}

/**
 * Maps published values to canonical metrics, one value a metric. What remains is named; numbers among it become metrics of the
 * profile's own where nothing was mapped, or where `keep` asks for all.
 */
export function mapFields(published: readonly PublishedField[], keep: boolean): Mapping {
  const result: Mapping = { fields: [], metrics: {}, unmapped: [], notes: [] };
  const taken = new Set<string>();
  // what is shown to be a metric comes before what is only called so
  const sure = published.filter((field) => field.means !== undefined);
  for (const field of [...sure, ...published.filter((other) => other.means === undefined)]) {
    const mapped = mapField(field);
    if (mapped === null || taken.has(mapped.field.n)) {
      result.unmapped.push(field);
      continue;
    }
    taken.add(mapped.field.n);
    result.fields.push(mapped.field);
    if (mapped.absent !== undefined)
      result.notes.push(
        `${field.path} -> ${mapped.field.n}: ${mapped.absent.map((text) => `"${text}"`).join(", ")} means that there is no value`,
      );
    if (mapped.guessed)
      result.notes.push(`${field.path} -> ${mapped.field.n}: check unit ${mapped.field.unit ?? ""} and meaning`);
  }
  if (keep || result.fields.length === 0) ownMetrics(result, taken);
  return result;
}

function ownMetrics(result: Mapping, taken: Set<string>): void {
  for (const field of result.unmapped) {
    const sample = field.samples.find((x) => x !== null);
    const kind = typeof sample;
    if (kind !== "number" && kind !== "boolean" && kind !== "string") continue;
    const words = wordsOf(field.path);
    let name = words
      .join("_")
      .replace(/[^a-z0-9_]/g, "")
      .replace(/^[^a-z]+/, "")
      .slice(0, 44);
    if (name === "") continue;
    if (canonicalMetric(name) !== undefined || name === SAMPLED_AT) name = `own_${name}`.slice(0, 44);
    if (taken.has(name)) name = `${name}_${taken.size}`;
    taken.add(name);
    const title = { zh: words.join(" "), en: words.join(" ") };
    const unit = ucum(field.unit ?? "") ?? "1";
    result.metrics[name] =
      kind === "number" ? { unit, title } : { type: kind === "boolean" ? "boolean" : "text", title };
    result.fields.push({ n: name, path: field.path });
  }
}

/** A name as profiles allow it: lower case, digits, dashes. */
export function slug(text: string, otherwise: string): string {
  const name = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return name === "" ? otherwise : name;
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/hydrant/i, "hydrant"],
  [/smoke|fire/i, "smoke"],
  [/manhole/i, "manhole"],
  [/leak|flood (sensor|detect)/i, "leak"],
  [/water level|liquid level|level sensor|submersible|flood/i, "flood_gauge"],
  [/valve/i, "valve"],
  [/\bbin\b|waste/i, "bin"],
  [/tracker|gps/i, "tracker"],
  [/weather|wind|rain/i, "weather"],
  [/meter/i, "meter"],
];

export function kindOf(text: string): string {
  return KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? "sensor";
}

/** The profile's YAML, with what could not be mapped as comments for its author. */
export function render(draft: Draft, origin: string): string {
  const { vendor, model, title, description, uplink, codec, metrics, vectors, unmapped, notes } = draft;
  const head = {
    profile: "v1",
    id: `${vendor}/${model}@1.0.0`,
    kind: kindOf(`${title} ${description}`),
    title: { zh: title.slice(0, 80), en: title.slice(0, 80) },
    ...(description === "" ? {} : { description: description.slice(0, 2000) }),
    transport: { uplink },
    codec,
    ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
    ...(vectors.length === 0 ? {} : { vectors }),
  };
  const comments = [
    `imported from ${origin}; check names, units and the licence of what it came from`,
    ...notes.map((note) => `check: ${note}`),
    ...unmapped.map(
      ({ path, unit, samples }) =>
        `not mapped: ${path}${unit === null ? "" : ` (${unit})`}${samples.length === 0 ? "" : `, e.g. ${JSON.stringify(samples[0])?.slice(0, 60)}`}`,
    ),
  ];
  return `# yaml-language-server: $schema=../../schema/profile.schema.json
${comments.map((line) => `# ${line.replace(/\s+/g, " ")}\n`).join("")}${stringify(head, { lineWidth: 110, aliasDuplicateObjects: false })}`;
}
