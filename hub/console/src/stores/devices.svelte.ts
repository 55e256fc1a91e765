/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { DeviceInfo } from "../../../src/api/schema.ts";
import type { Api } from "../api.ts";
import type { HealthChange } from "../live.svelte.ts";
import { Loading } from "./loading.svelte.ts";

export type Health = DeviceInfo["health"];
/** worst first: the order of every list and legend */
export const HEALTHS: readonly Health[] = ["offline", "flapping", "late", "unknown", "online"];

/** Every device in scope. Health changes are gathered and published once a frame, however many come. */
export class Devices {
  readonly loading = new Loading();
  list = $state.raw<DeviceInfo[]>([]);
  readonly counts = $derived(countByHealth(this.list));
  readonly #at = new Map<string, number>();
  readonly #pending = new Map<string, HealthChange>();
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      const all: DeviceInfo[] = [];
      let cursor: string | null = null;
      do {
        const page = await this.#api.devices({ limit: 5000, cursor });
        all.push(...page.items);
        cursor = page.next;
      } while (cursor !== null);
      this.#at.clear();
      all.forEach((d, i) => this.#at.set(d.uid, i));
      this.list = all;
    });
  }

  get(uid: string): DeviceInfo | undefined {
    const at = this.#at.get(uid);
    return at === undefined ? undefined : this.list[at];
  }

  change(c: HealthChange): void {
    const uid = c.uid ?? (c.subject.startsWith("device:") ? c.subject.slice(7) : "");
    if (!this.#at.has(uid)) return;
    if (this.#pending.size === 0) requestAnimationFrame(() => this.#publish());
    this.#pending.set(uid, c);
  }

  #publish(): void {
    const list = [...this.list];
    for (const [uid, c] of this.#pending) {
      const at = this.#at.get(uid);
      const old = at === undefined ? undefined : list[at];
      if (at !== undefined && old !== undefined)
        list[at] = { ...old, health: c.to, healthReason: c.reason, healthSince: c.ts };
    }
    this.#pending.clear();
    this.list = list;
  }
}

export function countByHealth(devices: readonly DeviceInfo[]): Record<Health, number> {
  const counts: Record<Health, number> = { offline: 0, flapping: 0, late: 0, unknown: 0, online: 0 };
  for (const d of devices) counts[d.health]++;
  return counts;
}
