import type { Pool } from "pg";
import { DerivedMetrics } from "./ingest/derived-metrics.ts";
import type { DryRunPort } from "./rules/dry-run.ts";
import { readingsInOrder, seriesOfDevices } from "./store/queries/rules.ts";

/** Stored readings for dry runs, with metrics derived as ingest would derive them. */
export function storedReadings(pool: Pool): DryRunPort {
  return {
    series: (devices) => seriesOfDevices(pool, devices),
    readings: (series, from, to, limit) => readingsInOrder(pool, series, from, to, limit),
    deriver: () => {
      const derived = new DerivedMetrics();
      return (device, ts, record) => derived.apply(device, ts, record, false);
    },
  };
}
