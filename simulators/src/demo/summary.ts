import { quantile, total, type Sample } from "./exposition.ts";
import type { OtherEvent, ScenarioResult } from "./report.ts";

/** What the hub counted, read from `/metrics`. */
export interface Counters {
  readonly messages: number;
  readonly readings: number;
  readonly frames: number;
  readonly positions: number;
  readonly rejected: number;
  readonly duplicates: number;
  /**
   * From the sample that caused an event to the commit of the event, over events that a message caused; those that a timer
   * caused are not in it. A few values only, so it is close to the largest. null = no event yet
   */
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
  /** from the publish of the report that shows a hydrant lying to the webhook's arrival; null = it did not arrive */
  readonly publishToPlatformMs: number | null;
  readonly scenarios: readonly ScenarioResult[];
  /** events that no scenario waits for, with what explains them; shown, not judged */
  readonly otherEvents: readonly OtherEvent[];
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
    `p99 from sample to event ${summary.p99PublishToEventMs ?? "-"} ms, from publish to the platform's door ` +
      `${summary.publishToPlatformMs ?? "-"} ms; ${n(summary.deliveries)} deliveries to the governance platform` +
      (summary.refusedDeliveries > 0 ? `, ${n(summary.refusedDeliveries)} REFUSED` : ""),
    ...lines,
    ...summary.otherEvents.map((e) => `  beside  ${e.kind} ${e.subject}: ${e.why ?? "NOTHING EXPLAINS IT"}`),
    summary.ok ? "\nevery scenario caused its event" : "\nsome scenarios did NOT cause what they must",
  ].join("\n");
}
