import { parseAllDocuments } from "yaml";
import type { JsonField } from "../codec/schema.ts";
import { type Draft, mapFields, slug } from "./draft.ts";
import type { PublishedField } from "./field-name.ts";
import { list, record, text } from "./script-source.ts";

interface Resource {
  readonly name?: unknown;
  readonly isHidden?: unknown;
  readonly properties?: Readonly<Record<string, unknown>> & {
    readonly value?: Readonly<Record<string, unknown>>;
    readonly units?: unknown;
  };
}

interface Profile {
  readonly name?: unknown;
  readonly manufacturer?: unknown;
  readonly model?: unknown;
  readonly description?: unknown;
  readonly deviceResources?: unknown;
  readonly deviceCommands?: unknown;
}

/** EdgeX device profiles (v2, v3, or v1's nested properties; YAML, JSON, as files or as the API takes them): readable resources as values of a JSON record. */
export function readEdgex(content: string): (Draft | string)[] {
  const drafts = parseAllDocuments(content).flatMap((doc) => {
    const value = doc.toJS({ maxAliasCount: 100 }) as unknown;
    return (Array.isArray(value) ? value : [value]).map((item: unknown) => {
      const outer = item as { profile?: Profile } & Profile;
      return draftOf(typeof outer?.profile === "object" ? outer.profile : outer);
    });
  });
  return drafts.length === 0 ? ["empty: not a device profile of EdgeX"] : drafts;
}

/** What a reading's value is turned into before it is sent: "0" -> "closed". */
type Words = Readonly<Record<string, unknown>>;

interface Commands {
  /** resources that a readable command answers with, and the words for their values; null = as they are */
  readonly read: ReadonlyMap<string, Words | null>;
  /** what no resource is called */
  readonly unknown: readonly string[];
}

/** Commands read several resources at once, those too that are hidden otherwise, and may name their values (v2 and v3, v1's `get`). */
function commandsOf(commands: unknown, names: ReadonlySet<string>): Commands {
  const read = new Map<string, Words | null>();
  const unknown = new Set<string>();
  for (const command of list(commands).map(record)) {
    if (/^w$/i.test(String(command.readWrite ?? "R"))) continue;
    for (const operation of list(command.resourceOperations ?? command.get).map(record)) {
      const name = text(operation.deviceResource ?? operation.resource ?? operation.object);
      if (!names.has(name)) unknown.add(name);
      const words = record(operation.mappings);
      if (names.has(name) && (read.get(name) ?? null) === null)
        read.set(name, Object.keys(words).length > 0 ? words : null);
    }
  }
  return { read, unknown: [...unknown] };
}

function draftOf(value: Profile | null): Draft | string {
  if (!Array.isArray(value?.deviceResources)) return "no deviceResources: not a device profile of EdgeX";
  const resources = list(value.deviceResources).map(record) as readonly Resource[];
  const name = typeof value.name === "string" ? value.name : "device";
  const published: PublishedField[] = [];
  const rules = new Map<string, Partial<JsonField>>();
  const skipped: PublishedField[] = [];
  const commands = commandsOf(value.deviceCommands, new Set(resources.map((r) => String(r.name))));
  const notes = commands.unknown.map((other) => `a command reads "${other}", which is no resource`);
  for (const resource of resources) {
    const path = String(resource.name);
    const nested = resource.properties?.value;
    const p: Readonly<Record<string, unknown>> =
      typeof nested === "object" && nested !== null ? nested : (resource.properties ?? {});
    const type = String(p.valueType ?? p.type ?? "").toLowerCase();
    const units = resource.properties?.units;
    const unit = String(
      (typeof units === "object" && units !== null ? (units as { defaultValue?: unknown }).defaultValue : units) ?? "",
    );
    const sample = type === "bool" ? true : type === "string" ? "" : /^(u?int|float)\d+$/.test(type) ? 0 : null;
    const field = { path, unit: unit === "" ? null : unit, samples: [] };
    if (sample === null || /^w$/i.test(String(p.readWrite ?? "R")) || !/^[^.[\]]+$/.test(path)) {
      skipped.push(field);
      continue;
    }
    if (resource.isHidden === true && !commands.read.has(path)) {
      notes.push(`${path} is hidden and no command reads it`);
      skipped.push(field);
      continue;
    }
    const words = commands.read.get(path);
    if (words != null) {
      published.push({ ...field, unit: null, samples: Object.values(words).map(String) });
      continue;
    }
    // a number's size says nothing here: 0 stands for its type alone
    published.push({ ...field, samples: [sample] });
    rules.set(path, rulesOf(p));
  }
  const mapping = mapFields(published, true);
  if (mapping.fields.length === 0) return "no resource that can be read as a number, a flag or a text";
  return {
    vendor: slug(typeof value.manufacturer === "string" ? value.manufacturer : "edgex", "edgex"),
    model: slug(typeof value.model === "string" ? value.model : name, "device"),
    title: name,
    description: typeof value.description === "string" ? value.description : "",
    uplink: "telemetry",
    technique: "json",
    codec: { json: { fields: mapping.fields.map((f) => ({ ...f, ...rules.get(f.path as string) })) } },
    metrics: mapping.metrics,
    vectors: [],
    unmapped: [...skipped, ...mapping.unmapped.filter((u) => !mapping.fields.some((f) => f.path === u.path))],
    notes: [...notes, ...mapping.notes],
    script: null,
  };
}

function rulesOf(p: Readonly<Record<string, unknown>>): Partial<JsonField> {
  const number = (x: unknown) => (x === undefined || x === "" ? Number.NaN : Number(x));
  const [low, high] = [number(p.minimum), number(p.maximum)];
  const [scale, offset] = [number(p.scale), number(p.offset)];
  return {
    ...(scale === scale && scale !== 0 && scale !== 1 ? { scale } : {}),
    ...(offset === offset && offset !== 0 ? { offset } : {}),
    ...(low < high ? { range: [low, high] } : {}),
  };
}
