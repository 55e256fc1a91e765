import { randomUUID } from "node:crypto";
import type { GridEvent } from "../event.ts";
import { type CommitBatch, emptyBatch, type VesselPositionRow } from "./batch.ts";
import type { PostgresStore } from "./postgres.ts";

// What the tests of the store build on: rows with sensible values, and a store on an empty database.

/** A store on an empty database, and the means to look behind it. */
export interface Subject {
  store: PostgresStore;
  /** closes the store and opens another on the same database */
  reopen(): Promise<PostgresStore>;
  close(): Promise<void>;
}

/** The time that the stores of the suite believe in: 2025-11-22 12:00 UTC. */
export const NOW = Date.UTC(2025, 10, 22, 12);
/** Rows [series, time, value] as a batch; everything else empty. */
export function readings(rows: readonly (readonly [number, number, number])[], quality = 0): CommitBatch {
  const batch = emptyBatch(Math.max(1, rows.length));
  batch.telemetry.n = rows.length;
  rows.forEach(([series, time, value], i) => {
    batch.telemetry.series[i] = series;
    batch.telemetry.time[i] = time;
    batch.telemetry.value[i] = value;
    batch.telemetry.quality[i] = quality;
  });
  return batch;
}

export function gridEvent(change: Partial<GridEvent> = {}): GridEvent {
  return {
    id: randomUUID(),
    kind: "hydrant.low_pressure",
    subject: "device:town/h1",
    gridId: "g1",
    gridMatch: "inside",
    gridVersion: 1,
    severity: 2,
    sensing: "active",
    handling: "new",
    deviceId: 1,
    lon: 122.45,
    lat: 30.72,
    source: "rule:acme/h@1.0.0#low",
    openedAt: NOW - 1000,
    updatedAt: NOW - 1000,
    clearedAt: null,
    createdAt: NOW,
    occurrences: 1,
    evidence: { pressure: 0.08 },
    late: false,
    revision: 1,
    life: {},
    ...change,
  };
}

export function position(change: Partial<VesselPositionRow> = {}): VesselPositionRow {
  return {
    mmsi: 412_000_001,
    ts: NOW - 5000,
    lon: 122.5,
    lat: 30.7,
    sog: 8.5,
    cog: 90.5,
    heading: 91,
    status: 0,
    type: 1,
    gridId: "f1",
    deviceId: 1,
    plausible: true,
    ...change,
  };
}
