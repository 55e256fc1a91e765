import { EventBook } from "../../hub/src/events/event-book.ts";
import { DEFAULT_SETTINGS, EventPolicy, NO_POLICY } from "../../hub/src/events/event-policy.ts";
import { NO_GRIDS } from "../../hub/src/events/place.ts";
import type { Finding } from "../../hub/src/finding.ts";
import { emptyBatch } from "../../hub/src/store/batch.ts";

// node test/bench/event-book.ts: CPU time of a turn without findings, and of a finding, with 10,000 active events in memory.

const EVENTS = 10_000;
const TURNS = 1_000_000;
const START = 1_763_776_800_000;
const book = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, NO_GRIDS, () => []);
book.setPolicy(new EventPolicy({ ...NO_POLICY, ...DEFAULT_SETTINGS }));
const finding = (i: number, phase: Finding["phase"]): Finding => ({
  kind: "flood.warning",
  phase,
  severity: 2,
  ts: START,
  subject: `device:${i}`,
  device: null,
  gridId: null,
  lon: null,
  lat: null,
  source: "bench",
  evidence: {},
  late: false,
});
const all = (phase: Finding["phase"]) => Array.from({ length: EVENTS }, (_, i) => finding(i, phase));

/** user CPU time, microseconds */
function cpu(work: () => void): number {
  const before = process.cpuUsage().user;
  work();
  return process.cpuUsage().user - before;
}

book.fold(all("raise"), START);
book.drain(emptyBatch(1));
book.fold([], START);
for (let round = 0; round < 5; round++) {
  const idle = cpu(() => {
    for (let i = 0; i < TURNS; i++) book.fold([], START + 1);
  });
  const findings = all(round % 2 === 0 ? "clear" : "raise");
  const busy = cpu(() => {
    for (const each of findings) book.fold([each], START + 2);
    book.drain(emptyBatch(1));
  });
  const [turn, each] = [((idle * 1000) / TURNS).toFixed(1), (busy / EVENTS).toFixed(2)];
  console.log(`${EVENTS} events: ${turn} ns a turn without findings, ${each} µs a finding`);
}
