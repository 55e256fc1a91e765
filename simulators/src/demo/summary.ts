import { quantile, total, type Sample } from "./exposition.ts";
import type { SeenEvent, ScenarioResult } from "./report.ts";

/** What the hub counted, read from `/metrics`. */
export interface Counters {
  readonly messages: number;
  readonly readings: number;
  readonly frames: number;
  readonly positions: number;
  readonly rejected: number;
  readonly duplicates: number;
  /** from the arrival of the message that caused an event to the commit of the event; null = no event yet */
  readonly p99PublishToEventMs: number | null;
}

export function readCounters(samples: readonly Sample[]): Counters {
  const p99 = quantile(samples, "gridhub_event_latency_seconds", 0.99);
  return {
    messages: total(samples, "gridhub_messages_total"),
    readings: total(samples, "gridhub_readings_total"),
    frames: total(samples, "gridhub_frames_total"),
    positions: total(samples, "gridhub_positions_total"),
    rejected: total(samples, "gridhub_rejected_total"),
    duplicates: total(samples, "gridhub_duplicates_total"),
    p99PublishToEventMs: p99 === null ? null : Math.round(p99 * 1000),
  };
}

/** The one JSON object of `--seconds N --json`. */
export interface Summary extends Counters {
  readonly ok: boolean;
  readonly seconds: number;
  /** webhooks that the governance platform accepted, and refused for their signature */
  readonly deliveries: number;
  readonly refusedDeliveries: number;
  readonly scenarios: readonly ScenarioResult[];
  /** events that no scenario asked for; shown, not judged */
  readonly otherEvents: readonly SeenEvent[];
}

export function summaryText(summary: Summary): string {
  const lines = summary.scenarios.map((s) => {
    const subject = s.expected.subject ?? s.expected.grid ?? "";
    const head = `  ${s.ok ? "ok  " : "FAIL"}  ${s.name.padEnd(30)} ${s.expected.kind} ${s.expected.state}  ${subject}`;
    return s.ok ? head : `${head}\n        ${s.problems.join("; ")}`;
  });
  const n = (x: number): string => x.toLocaleString("en");
  return [
    `\n${n(summary.messages)} messages, ${n(summary.readings)} readings, ${n(summary.positions)} positions, ${n(summary.frames)} frames; ` +
      `${n(summary.duplicates)} duplicates removed, ${n(summary.rejected)} rejected`,
    `p99 from publish to event ${summary.p99PublishToEventMs ?? "-"} ms; ${n(summary.deliveries)} deliveries to the governance platform` +
      (summary.refusedDeliveries > 0 ? `, ${n(summary.refusedDeliveries)} REFUSED` : ""),
    ...lines,
    ...(summary.otherEvents.length > 0
      ? [`  ${summary.otherEvents.length} other events: ${kinds(summary.otherEvents)}`]
      : []),
    summary.ok ? "\nevery scenario caused its event" : "\nsome scenarios did NOT cause what they must",
  ].join("\n");
}

function kinds(events: readonly SeenEvent[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of events) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${kind} x${count}`).join(", ");
}
