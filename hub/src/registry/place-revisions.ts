import type { Device } from "../device.ts";

/**
 * Counts, kind by kind, how often devices were made, moved, renamed or became another kind, so that who looks for them in space knows
 * when to look again.
 */
export class PlaceRevisions {
  #all = 0;
  readonly #kinds = new Map<string, number>();

  of(kind: string): number {
    return this.#all + (this.#kinds.get(kind) ?? 0);
  }

  /** Devices may be gone, or of other kinds: all of them are looked at again. */
  changed(): void {
    this.#all++;
  }

  /** @param device as it was before and is after: the same object, so the former is a copy */
  note(before: Pick<Device, "profile" | "lon" | "lat" | "title">, device: Device): void {
    const { profile, lon, lat, title } = before;
    const { kind } = device.profile;
    if (profile.kind === kind && lon === device.lon && lat === device.lat && title === device.title) return;
    for (const changed of new Set([profile.kind, kind])) this.#kinds.set(changed, (this.#kinds.get(changed) ?? 0) + 1);
  }
}
