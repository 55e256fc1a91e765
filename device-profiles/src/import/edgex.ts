import { parse } from "yaml";
import type { JsonField } from "../codec/schema.ts";
import { type Draft, mapFields, slug } from "./draft.ts";
import type { PublishedField } from "./field-name.ts";

interface Resource {
  readonly name?: unknown;
  readonly properties?: Readonly<Record<string, unknown>> & {
    readonly value?: Readonly<Record<string, unknown>>;
    readonly units?: unknown;
  };
}

/** An EdgeX device profile (v2 and v3, or v1's nested properties): its readable resources as values of a JSON record. */
export function readEdgex(content: string): Draft | string {
  const value = parse(content, { maxAliasCount: 100 }) as {
    name?: unknown;
    manufacturer?: unknown;
    model?: unknown;
    description?: unknown;
    deviceResources?: unknown;
  } | null;
  const resources = value?.deviceResources;
  if (!Array.isArray(resources)) return "no deviceResources: not a device profile of EdgeX";
  const name = typeof value?.name === "string" ? value.name : "device";
  const published: PublishedField[] = [];
  const rules = new Map<string, Partial<JsonField>>();
  const skipped: PublishedField[] = [];
  for (const resource of resources as Resource[]) {
    const path = String(resource.name);
    const p = resource.properties?.value ?? resource.properties ?? {};
    const type = String(p.valueType ?? p.type ?? "").toLowerCase();
    const units = resource.properties?.units;
    const unit = String(
      (typeof units === "object" && units !== null ? (units as { defaultValue?: unknown }).defaultValue : units) ?? "",
    );
    const sample = type === "bool" ? true : type === "string" ? "" : /^(u?int|float)\d+$/.test(type) ? 0 : null;
    const field = { path, unit: unit === "" ? null : unit, samples: [] };
    if (sample === null || String(p.readWrite ?? "R") === "W" || !/^[^.[\]]+$/.test(path)) {
      skipped.push(field);
      continue;
    }
    // a number's size says nothing here: 0 stands for its type alone
    published.push({ ...field, samples: [sample] });
    rules.set(path, rulesOf(p));
  }
  const mapping = mapFields(published, true);
  if (mapping.fields.length === 0) return "no resource that can be read as a number, a flag or a text";
  return {
    vendor: slug(typeof value?.manufacturer === "string" ? value.manufacturer : "edgex", "edgex"),
    model: slug(typeof value?.model === "string" ? value.model : name, "device"),
    title: name,
    description: typeof value?.description === "string" ? value.description : "",
    uplink: "telemetry",
    technique: "json",
    codec: { json: { fields: mapping.fields.map((f) => ({ ...f, ...rules.get(f.path as string) })) } },
    metrics: mapping.metrics,
    vectors: [],
    unmapped: [...skipped, ...mapping.unmapped.filter((u) => !mapping.fields.some((f) => f.path === u.path))],
    notes: mapping.notes,
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
