import type { OverviewNumbers } from "./hub-api.ts";
import type { Counters } from "./summary.ts";

const SEVERITY = ["", "red", "orange", "yellow", "blue"];

/** One line a few seconds: what came in, what is open, who is well, what was handed on. */
export function statusLine(now: Date, overview: OverviewNumbers, counters: Counters, deliveries: number): string {
  const n = (x: number): string => x.toLocaleString("en");
  const active = [1, 2, 3, 4]
    .map((s) => ({ s, count: overview.active[String(s)] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ s, count }) => `${count} ${SEVERITY[s]}`);
  const health = ["online", "late", "offline", "flapping", "unknown"]
    .map((state) => ({ state, count: overview.health[state] ?? 0 }))
    .filter(({ state, count }) => count > 0 || state === "online")
    .map(({ state, count }) => `${count} ${state}`);
  return [
    now.toTimeString().slice(0, 8),
    `${n(counters.readings)} readings`,
    `${n(counters.positions)} positions`,
    `${n(overview.vessels)} vessels`,
    `${n(counters.frames)} frames`,
    `devices ${health.join(" ")}`,
    `open ${active.join(" ") || "none"}`,
    `handed on ${n(deliveries)}`,
    ...(counters.rejected > 0 ? [`rejected ${n(counters.rejected)}`] : []),
  ].join(" | ");
}
