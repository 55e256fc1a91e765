import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Device } from "../device.ts";
import { type Episode, type Fresh, HistoryRun } from "./history-run.ts";
import type { ShadowRecord } from "./shadow.ts";

/** One kind of event, as two versions would raise it over the same records. */
export interface AlarmDifference {
  /** event kind */
  readonly kind: string;
  /** how often the old, the new version raises it */
  from: number;
  to: number;
  /** raised by one of them at a time at which the other does not have it active */
  lost: number;
  gained: number;
  readonly examples: { readonly deviceId: number; readonly ts: number; readonly what: "lost" | "gained" }[];
}

const EXAMPLES = 5;

/**
 * Runs the records through the alarms of both versions. The runs begin at rest with the oldest record: an alarm that was active
 * before is found with the first record that keeps it up.
 */
export function shadowAlarms(
  from: CompiledProfile,
  to: CompiledProfile,
  records: readonly ShadowRecord[],
  deviceOf: (id: number) => Device | undefined,
  fresh: Fresh,
): AlarmDifference[] {
  const kinds = new Map<string, AlarmDifference>();
  const of = (kind: string) => {
    let found = kinds.get(kind);
    if (found === undefined) kinds.set(kind, (found = { kind, from: 0, to: 0, lost: 0, gained: 0, examples: [] }));
    return found;
  };
  const byDevice = Map.groupBy(records, ({ deviceId }) => deviceId);
  for (const [deviceId, list] of byDevice) {
    const device = deviceOf(deviceId);
    if (device === undefined) continue;
    const inTime = list.toSorted((a, b) => a.ts - b.ts);
    const [old, next] = [from, to].map((profile) => {
      const run = new HistoryRun(device, profile, fresh);
      return [...inTime.flatMap((record) => run.observe(record)), ...run.end()];
    });
    for (const [episodes, others, count, what] of [
      [old, next, "from", "lost"],
      [next, old, "to", "gained"],
    ] as const) {
      for (const episode of episodes) {
        const difference = of(episode.raise.kind);
        difference[count]++;
        if (others.some((other) => meets(episode, other))) continue;
        difference[what]++;
        if (difference.examples.length < EXAMPLES) difference.examples.push({ deviceId, ts: episode.raise.ts, what });
      }
    }
  }
  return [...kinds.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

function meets(a: Episode, b: Episode): boolean {
  return a.raise.kind === b.raise.kind && a.raise.ts <= b.clear.ts && b.raise.ts <= a.clear.ts;
}
