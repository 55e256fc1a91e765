import type { EventTransition, GridEvent } from "../event.ts";
import type { CommitBatch, EdgeCursor, FoldStateRow } from "./batch.ts";
import type { DeviceRow, EdgeRow, NewSeries, Snapshot, Store } from "./store.ts";

/**
 * What folds need of a store, in memory: as durable as the test's process. Values pass through JSON, as they would through a
 * database. Readings are counted, not kept.
 */
export class MemoryStore implements Store {
  readonly mode = "plain";
  readonly events = new Map<string, GridEvent>();
  readonly transitions: EventTransition[] = [];
  readonly #edges: EdgeRow[] = [];
  readonly #devices: DeviceRow[] = [];
  readonly #series: Snapshot["series"] = [];
  readonly #cursors = new Map<string, EdgeCursor>();
  readonly #fold = new Map<string, FoldStateRow>();
  readonly #health = new Map<string, Snapshot["health"][number]>();
  /** `subject from>to reason`, oldest first */
  readonly healthLog: string[] = [];
  readings = 0;

  commit(batch: CommitBatch): Promise<{ readonly telemetryInserted: number }> {
    this.readings += batch.telemetry.n;
    for (const row of copy(batch.cursors)) this.#cursors.set(`${row.edgeId} ${row.boot}`, row);
    for (const row of copy(batch.foldState)) {
      if (row.state === null) this.#fold.delete(`${row.room} ${row.key}`);
      else this.#fold.set(`${row.room} ${row.key}`, row);
    }
    for (const { subject, from, to, reason, ts } of batch.health) {
      this.#health.set(subject, { subject, state: to, reason, since: ts });
      this.healthLog.push(`${subject} ${from}>${to} ${reason}`);
    }
    for (const event of copy(batch.events)) this.events.set(event.id, event);
    for (const line of copy(batch.transitions)) this.transitions.push(line);
    return Promise.resolve({ telemetryInserted: batch.telemetry.n });
  }

  /** @param reopenSince as of the store's own snapshot, ms UTC */
  snapshot(reopenSince: number): Snapshot {
    return {
      edges: copy(this.#edges),
      devices: copy(this.#devices),
      series: copy(this.#series),
      cursors: copy([...this.#cursors.values()]),
      foldState: copy([...this.#fold.values()]),
      health: copy([...this.#health.values()]),
      openEvents: copy([...this.events.values()]).filter(
        ({ sensing, clearedAt, life }) =>
          sensing === "active" || (clearedAt ?? 0) >= reopenSince || life.held !== undefined,
      ),
    };
  }

  loadSnapshot(): Promise<Snapshot> {
    return Promise.resolve(this.snapshot(0));
  }

  ensureSeries(series: readonly NewSeries[]): Promise<number[]> {
    return Promise.resolve(series.map(({ deviceId, metric }) => this.#seriesOf(deviceId, metric)));
  }

  #seriesOf(deviceId: number, metric: string): number {
    const known = this.#series.find((row) => row.deviceId === deviceId && row.metric === metric);
    if (known !== undefined) return known.id;
    this.#series.push({ id: this.#series.length + 1, deviceId, metric });
    return this.#series.length;
  }

  upsertEdge({ site, name, title = "", tokenHash }: Parameters<Store["upsertEdge"]>[0]): Promise<EdgeRow> {
    const row: EdgeRow = {
      id: this.#edges.length + 1,
      site,
      name,
      title,
      tokenHash: tokenHash ?? null,
      disabled: false,
    };
    const at = this.#edges.findIndex((edge) => edge.site === site && edge.name === name);
    if (at >= 0) return Promise.resolve((this.#edges[at] = { ...row, id: this.#edges[at].id }));
    this.#edges.push(row);
    return Promise.resolve(row);
  }

  upsertDevice(device: Omit<DeviceRow, "id">): Promise<DeviceRow> {
    return Promise.resolve(this.#device(device));
  }

  #device(device: Omit<DeviceRow, "id">): DeviceRow {
    const at = this.#devices.findIndex((row) => row.site === device.site && row.name === device.name);
    const row = { ...device, id: at < 0 ? this.#devices.length + 1 : this.#devices[at].id };
    this.#devices[at < 0 ? this.#devices.length : at] = row;
    return row;
  }

  enrolDevices(enrolments: Parameters<Store["enrolDevices"]>[0]): ReturnType<Store["enrolDevices"]> {
    return Promise.resolve(
      enrolments.map(({ device, metrics }) => {
        const row = this.#device(device);
        return { row, series: metrics.map(({ metric }) => this.#seriesOf(row.id, metric)) };
      }),
    );
  }

  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
