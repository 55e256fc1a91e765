import type { CommitBatch, EdgeCursor, FoldStateRow, HealthState } from "./batch.ts";
import type { GridEvent } from "../event.ts";
import type { Enrolled, Enrolment } from "./enrol.ts";

export type StoreMode = "plain" | "timescale-apache" | "timescale-community";

/** A series to create: one metric of one device. */
export interface NewSeries {
  readonly deviceId: number;
  readonly metric: string;
  readonly unit: string;
}

export interface DeviceRow {
  readonly id: number;
  readonly site: string;
  readonly name: string;
  readonly edgeId: number;
  readonly title: string;
  /** as bound: `maker/model@semver` */
  readonly profile: string;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly gridId: string | null;
  readonly attributes: Readonly<Record<string, number | string | boolean>>;
}

export interface EdgeRow {
  readonly id: number;
  readonly site: string;
  readonly name: string;
  readonly title: string;
  /** sha256 of the token, 32 bytes; null = no credential */
  readonly tokenHash: Buffer | null;
  readonly disabled: boolean;
}

/** What the hub loads at start and after every lost connection: the state that folds continue from. */
export interface Snapshot {
  readonly edges: EdgeRow[];
  readonly devices: DeviceRow[];
  readonly series: { readonly id: number; readonly deviceId: number; readonly metric: string }[];
  readonly cursors: EdgeCursor[];
  readonly foldState: FoldStateRow[];
  /** current health by subject */
  readonly health: {
    readonly subject: string;
    readonly state: HealthState;
    readonly reason: string;
    readonly since: number;
  }[];
  /** events that findings may still join: active, or cleared within the reopen window */
  readonly openEvents: GridEvent[];
}

/**
 * The write side. `commit` is the only way readings get in: one transaction, durable when it resolves
 * (synchronous_commit=on). Any failure of the environment rejects with HubError("DB_UNAVAILABLE"); a row that the database
 * refuses rejects with {@link RowRefused}, so that the pipeline can isolate the message. After a rejection the outcome of the
 * transaction is unknown: call `loadSnapshot` before going on.
 */
export interface Store {
  readonly mode: StoreMode;
  /** @returns rows that were new (a second reading of the same series and time is not stored again) */
  commit(batch: CommitBatch): Promise<{ readonly telemetryInserted: number }>;
  loadSnapshot(): Promise<Snapshot>;
  /** Creates or finds; ids in the order asked. */
  ensureSeries(series: readonly NewSeries[]): Promise<number[]>;
  upsertEdge(edge: {
    readonly site: string;
    readonly name: string;
    readonly title?: string;
    readonly tokenHash?: Buffer;
  }): Promise<EdgeRow>;
  upsertDevice(device: Omit<DeviceRow, "id">): Promise<DeviceRow>;
  /** Devices (each once) with their series in one round trip; in the order asked. */
  enrolDevices(devices: readonly Enrolment[]): Promise<Enrolled[]>;
  /** Resolves when the database answers again; rejects never, stops on `close`. */
  whenReady(): Promise<void>;
  close(): Promise<void>;
}

/** The database refused content (not the environment): class 22 or 23 of SQLSTATE. */
export class RowRefused extends Error {
  readonly sqlState: string;

  constructor(sqlState: string, message: string) {
    super(message);
    this.name = "RowRefused";
    this.sqlState = sqlState;
  }
}
