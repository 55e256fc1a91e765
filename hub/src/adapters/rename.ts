import type { JsonObject } from "./json-object.ts";

/** Values under the metrics that the configuration says they are; others keep their names. */
export function renamed(values: JsonObject, rename: Readonly<Record<string, string>>): JsonObject {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) out[Object.hasOwn(rename, name) ? rename[name] : name] = value;
  return out;
}
