import { parseJson } from "@gridhub/device-profiles/envelope.ts";
import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A publish whose JSON must be an object. */
export function parseObject(payload: Buffer, depth: number): JsonObject | Rejection {
  const parsed = parseJson(payload, depth);
  if (isRejection(parsed)) return parsed;
  return isObject(parsed.value) ? parsed.value : reject("foreign_invalid", "expected a JSON object");
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own property that is an object, else an empty one. */
export function objectAt(value: JsonObject, key: string): JsonObject {
  const inner = Object.hasOwn(value, key) ? value[key] : undefined;
  return isObject(inner) ? inner : {};
}

export function textAt(value: JsonObject, key: string): string | null {
  const inner = Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof inner === "string" && inner !== "" ? inner : null;
}

export function numberAt(value: JsonObject, key: string): number | null {
  const inner = Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof inner === "number" && Number.isFinite(inner) ? inner : null;
}

/** RFC 3339 time -> ms UTC; null where it is none. Fractions beyond milliseconds are cut. */
export function timeOf(value: unknown): number | null {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(value))
    return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) || ms <= 0 ? null : ms;
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

export function isBase64(text: string): boolean {
  return BASE64.test(text);
}
