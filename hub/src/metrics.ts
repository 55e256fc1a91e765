import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What the hub measures of itself; labels by reason, lane or room, never by device. Read at scrape time where possible. */
export class Metrics {
  readonly registry = new Registry();
  readonly commitSeconds = new Histogram({
    name: "gridhub_commit_seconds",
    help: "Duration of the transaction of one turn",
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers: [this.registry],
  });
  readonly eventLatency = new Histogram({
    name: "gridhub_event_latency_seconds",
    help: "From the sample that caused a finding to the commit of its event; from receipt where the sample time has whole seconds only",
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers: [this.registry],
  });
  readonly events = new Counter({
    name: "gridhub_events_total",
    help: "Changes of events by what happened",
    labelNames: ["what"] as const,
    registers: [this.registry],
  });

  /** A counter or gauge whose value is read from its owner when scraped. */
  observe(
    name: string,
    help: string,
    kind: "counter" | "gauge",
    read: () => number | Iterable<readonly [string, number]>,
    label = "",
  ): void {
    const labelNames = label === "" ? [] : [label];
    const { registry } = this;
    const metric =
      kind === "gauge"
        ? new Gauge({ name, help, labelNames, registers: [registry] })
        : new Counter({ name, help, labelNames, registers: [registry] });
    const collect = () => {
      const value = read();
      metric.reset();
      if (typeof value === "number") metric.inc(value);
      else for (const [key, count] of value) metric.inc({ [label]: key }, count);
    };
    (metric as unknown as { collect: () => void }).collect = collect;
  }
}
