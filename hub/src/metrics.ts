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
    read: () => number | Iterable<readonly [key: string | readonly string[], n: number]>,
    ...labelNames: string[]
  ): void {
    const { registry } = this;
    const metric =
      kind === "gauge"
        ? new Gauge({ name, help, labelNames, registers: [registry] })
        : new Counter({ name, help, labelNames, registers: [registry] });
    const collect = () => {
      const value = read();
      metric.reset();
      if (typeof value === "number") metric.inc(value);
      else
        for (const [key, count] of value) {
          const keys = typeof key === "string" ? [key] : key;
          metric.inc(Object.fromEntries(labelNames.map((label, i) => [label, keys[i]])), count);
        }
    };
    (metric as unknown as { collect: () => void }).collect = collect;
  }

  /**
   * Gauges that share one question, asked once a scrape. Without an answer in time they have no values, which an alarm can see
   * (`absent`); old ones would look well.
   * @param read rows of a key and a value for each of the gauges
   * @param patienceMs longest wait; Prometheus itself waits ten seconds for the whole page
   */
  observeTogether(
    gauges: readonly { readonly name: string; readonly help: string }[],
    label: string,
    read: () => Promise<Iterable<readonly [key: string, values: readonly number[]]>>,
    patienceMs = 2000,
  ): void {
    let asked: Promise<Map<string, readonly number[]>> | null = null;
    const ask = async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<[]>((resolve) => (timer = setTimeout(() => resolve([]), patienceMs)));
      const rows = await Promise.race([read().catch(() => []), late]);
      clearTimeout(timer);
      asked = null;
      return new Map(rows);
    };
    for (const [i, { name, help }] of gauges.entries()) {
      const metric = new Gauge({ name, help, labelNames: [label], registers: [this.registry] });
      const collect = async () => {
        const rows = await (asked ??= ask());
        metric.reset();
        for (const [key, values] of rows) metric.set({ [label]: key }, values[i]);
      };
      (metric as unknown as { collect: () => Promise<void> }).collect = collect;
    }
  }
}
