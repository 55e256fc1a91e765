import type { QuarantineItem } from "../../../src/api/onboarding-schema.ts";
import type { Suggestion } from "./shapes.ts";

/** Devices in quarantine that the same profile fits best: they can be adopted in one step. */
export interface Alike {
  readonly profile: string;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly devices: readonly { readonly item: QuarantineItem; readonly score: number }[];
}

/** Under this score a suggestion is a guess, and nobody should adopt a hundred devices by a guess. */
export const SURE = 0.6;

export function keyOf({ edge, device }: Pick<QuarantineItem, "edge" | "device">): string {
  return `${edge}/${device}`;
}

/** Groups of at least two, the largest first. @param best the best suggestion of a device, where it was asked for */
export function alike(items: Iterable<QuarantineItem>, best: (key: string) => Suggestion | undefined): Alike[] {
  const groups = new Map<string, Alike & { devices: { item: QuarantineItem; score: number }[] }>();
  for (const item of items) {
    if (item.registered !== null) continue;
    const suggestion = best(keyOf(item));
    if (suggestion === undefined || suggestion.score < SURE) continue;
    const { profile, titleZh, titleEn, score } = suggestion;
    const group = groups.get(profile) ?? { profile, titleZh, titleEn, devices: [] };
    group.devices.push({ item, score });
    groups.set(profile, group);
  }
  return [...groups.values()]
    .filter(({ devices }) => devices.length > 1)
    .sort((a, b) => b.devices.length - a.devices.length || (a.profile < b.profile ? -1 : 1));
}
