import { describe, expect, it } from "vitest";
import { parseExposition, quantile, total } from "./exposition.ts";
import { readCounters } from "./summary.ts";

const TEXT = `# HELP gridhub_messages_total Messages
# TYPE gridhub_messages_total counter
gridhub_messages_total{lane="telemetry"} 120
gridhub_messages_total{lane="frame"} 7
gridhub_readings_total 480
gridhub_frames_total 7
odd{path="a\\"b,c"} 1.5e3
garbage
gridhub_event_latency_seconds_bucket{le="0.05"} 50
gridhub_event_latency_seconds_bucket{le="0.1"} 98
gridhub_event_latency_seconds_bucket{le="0.2"} 100
gridhub_event_latency_seconds_bucket{le="+Inf"} 100
gridhub_event_latency_seconds_sum 5
gridhub_event_latency_seconds_count 100
`;

describe("the text exposition", () => {
  const samples = parseExposition(TEXT);

  it("is read with labels, escapes and exponents", () => {
    expect(samples.find((s) => s.name === "odd")).toEqual({ name: "odd", labels: { path: 'a\\"b,c' }, value: 1500 });
    expect(samples.some((s) => s.name === "garbage")).toBe(false);
  });

  it("adds up over labels", () => {
    expect(total(samples, "gridhub_messages_total")).toBe(127);
    expect(total(samples, "absent")).toBe(0);
  });

  it("gives quantiles of a histogram", () => {
    expect(quantile(samples, "gridhub_event_latency_seconds", 0.5)).toBeCloseTo(0.05, 6);
    expect(quantile(samples, "gridhub_event_latency_seconds", 0.99)).toBeCloseTo(0.15, 6);
    expect(quantile(samples, "absent", 0.99)).toBeNull();
    expect(quantile(parseExposition('x_bucket{le="1"} 1\nx_bucket{le="+Inf"} 9'), "x", 0.99)).toBe(1);
  });

  it("becomes the summary's counters", () => {
    expect(readCounters(samples)).toMatchObject({ messages: 127, readings: 480, frames: 7, p99PublishToEventMs: 150 });
    expect(readCounters([]).p99PublishToEventMs).toBeNull();
  });
});
