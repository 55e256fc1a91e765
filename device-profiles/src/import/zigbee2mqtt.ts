import type { JsonField } from "../codec/schema.ts";
import { parseDialect } from "./dialect.ts";
import { type Draft, mapFields, slug } from "./draft.ts";
import type { PublishedField } from "./field-name.ts";

export interface Expose {
  readonly type?: string;
  readonly property?: string;
  readonly name?: string;
  readonly unit?: string;
  readonly access?: number;
  readonly value_on?: unknown;
  readonly value_off?: unknown;
  readonly value_min?: number;
  readonly value_max?: number;
  readonly values?: readonly unknown[];
  readonly features?: readonly Expose[];
  readonly item_type?: unknown;
}
export interface Definition {
  readonly model?: string;
  readonly vendor?: string;
  readonly description?: string;
  readonly exposes?: readonly Expose[];
}

/** Zigbee2MQTT: a definition with its `exposes`, a list of them, or what `bridge/devices` says; values of a JSON record. */
export function readZigbee2mqtt(content: string): (Draft | string)[] {
  const value = parseDialect(content);
  const entries = (Array.isArray(value) ? value : [value]) as ({ definition?: Definition | null } & Definition)[];
  const definitions = entries
    .map((entry) => (entry?.definition === undefined ? entry : entry.definition))
    .filter((d) => d !== null && typeof d === "object");
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    definitions.every((d) => d.exposes === undefined) &&
    isExpose(value[0])
  )
    return [draftOf({ exposes: value as Expose[] })];
  const known = definitions.filter((d) => Array.isArray(d.exposes));
  return known.length === 0 ? ["no exposes: not a definition of Zigbee2MQTT"] : known.map(draftOf);
}

function isExpose(x: unknown): boolean {
  return typeof x === "object" && x !== null && "type" in x;
}

/** Words of Zigbee2MQTT that mean a canonical metric under another name, or the other way round. */
const MEANINGS: Readonly<Record<string, (e: Expose) => JsonField>> = {
  battery: () => ({ n: "battery_percent", path: "battery" }),
  water_leak: () => ({ n: "leak", path: "water_leak" }),
  // true = the magnet is there = closed
  contact: () => ({ n: "door_open", path: "contact", map: { true: false, false: true } }),
  occupancy: () => ({ n: "motion", path: "occupancy" }),
};

/** A definition's readable values as a profile of a JSON record. */
export function draftOf(definition: Definition): Draft | string {
  const leaves = (definition.exposes ?? []).flatMap((e) => leavesOf(e, ""));
  const readable = leaves.filter(({ expose }) => (expose.access ?? 1) & 1);
  const battery = readable.some(({ path }) => path === "battery");
  const fields: JsonField[] = [];
  const rest: PublishedField[] = [];
  const byPath = new Map<string, Expose>();
  for (const { path, expose } of readable) {
    byPath.set(path, expose);
    // beside a battery the voltage is the battery's
    if (battery && path === "voltage") fields.push({ n: "battery", path, unit: expose.unit === "V" ? "V" : "mV" });
    else if (Object.hasOwn(MEANINGS, path)) fields.push(MEANINGS[path](expose));
    else rest.push({ path, unit: expose.unit ?? null, samples: samplesOf(expose) });
  }
  const taken = new Set(fields.map((f) => f.n));
  const mapping = mapFields(
    rest.filter((f) => !taken.has(f.path)),
    true,
  );
  const all = [...fields, ...mapping.fields.filter((f) => !taken.has(f.n))].map((f) =>
    withRules(f, byPath.get(f.path as string)),
  );
  if (all.length === 0) return "no expose that can be read";
  return {
    vendor: slug(definition.vendor ?? "", "zigbee"),
    model: slug(definition.model ?? "", "device"),
    title: definition.description ?? definition.model ?? "Zigbee device",
    description: `${definition.vendor ?? ""} ${definition.model ?? ""}`.trim(),
    uplink: "telemetry",
    technique: "json",
    codec: { json: { fields: all } },
    metrics: mapping.metrics,
    vectors: [],
    unmapped: [
      ...mapping.unmapped.filter((u) => !all.some((f) => f.path === u.path)),
      ...unread(leaves, definition.exposes ?? []),
    ],
    notes: mapping.notes,
    script: null,
  };
}

function leavesOf(expose: Expose, prefix: string): { path: string; expose: Expose }[] {
  const own = expose.property ?? expose.name;
  if (expose.features !== undefined) {
    // a composite nests under its property; a switch, light or lock has its features at the top
    const inner = expose.type === "composite" && own !== undefined ? `${prefix}${own}.` : prefix;
    return expose.features.flatMap((feature) => leavesOf(feature, inner));
  }
  return own === undefined || expose.type === "list" || !/^[^.[\]]+$/.test(own) ? [] : [{ path: prefix + own, expose }];
}

/** What cannot be read as a value: lists, and what can only be set. */
function unread(leaves: readonly { path: string; expose: Expose }[], exposes: readonly Expose[]): PublishedField[] {
  const lists = (items: readonly Expose[]): Expose[] =>
    items.flatMap((e) => (e.type === "list" ? [e] : lists(e.features ?? [])));
  const set = leaves.filter(({ expose }) => ((expose.access ?? 1) & 1) === 0).map(({ path }) => path);
  return [...set, ...lists(exposes).map((e) => e.property ?? e.name ?? "list")].map((path) => ({
    path,
    unit: null,
    samples: [],
  }));
}

function samplesOf(expose: Expose): unknown[] {
  if (expose.type === "binary") return [expose.value_on ?? true, expose.value_off ?? false];
  if (expose.type === "enum") return [...(expose.values ?? [])];
  return expose.type === "numeric" ? [expose.value_max ?? 0] : [""];
}

function withRules(field: JsonField, expose: Expose | undefined): JsonField {
  const { value_min: low, value_max: high, type } = expose ?? {};
  return type === "numeric" && low !== undefined && high !== undefined && low < high
    ? { ...field, range: [low, high] }
    : field;
}
