import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { DeclaredDevice } from "@gridhub/device-profiles/envelope.ts";
import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Device, Edge } from "../device.ts";
import type { DeviceRow } from "../store/store.ts";

// What a birth message says of a device, as rows of the database.

export function metricsOf({ metrics }: CompiledProfile): { metric: string; unit: string }[] {
  return metrics.map(({ name, unit }) => ({ metric: name, unit }));
}

export function rowOf(edge: Edge, declared: DeclaredDevice, profile: CompiledProfile): Omit<DeviceRow, "id"> {
  return {
    site: edge.site,
    name: declared.id,
    edgeId: edge.id,
    title: declared.title ?? declared.id,
    profile: profile.id,
    lon: declared.lon ?? null,
    lat: declared.lat ?? null,
    gridId: declared.grid ?? null,
    attributes: declared.attributes ?? {},
  };
}

export function unchanged(device: Device, declared: DeclaredDevice, profile: CompiledProfile): boolean {
  return (
    device.profile === profile &&
    device.title === (declared.title ?? declared.id) &&
    device.lon === (declared.lon ?? null) &&
    device.lat === (declared.lat ?? null) &&
    (declared.grid === undefined || device.gridId === declared.grid) &&
    JSON.stringify(device.attributes) === JSON.stringify(declared.attributes ?? {})
  );
}

export function attributesProblem(id: string, attributes: unknown): Rejection | null {
  if (attributes === undefined) return null;
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
    return reject("envelope_invalid", `device ${id}: attributes must be a map`);
  }
  const entries = Object.entries(attributes);
  if (entries.length > 64) return reject("envelope_invalid", `device ${id}: ${entries.length} attributes, at most 64`);
  for (const [key, value] of entries) {
    const fine =
      typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value)) ||
      (typeof value === "string" && value.length <= 2000);
    if (!fine)
      return reject(
        "envelope_invalid",
        `device ${id}: attribute ${key.slice(0, 64)} must be a number, text or true/false`,
      );
  }
  return null;
}
