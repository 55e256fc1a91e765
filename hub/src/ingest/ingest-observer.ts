import type { HeartbeatMessage, MetaMessage, StateMessage } from "@gridhub/device-profiles/envelope.ts";
import type { Position, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Device, Edge } from "../device.ts";
import type { Message } from "../message.ts";
import type { CommitBatch } from "../store/batch.ts";

/** Whom ingest tells what it decoded, record by record; the pipeline connects the rooms. */
export interface IngestObserver {
  /** `late`: backfill, or older than the allowed lateness; `backfill`: came by the backfill lane */
  record(device: Device, ts: number, rx: number, record: RecordBuffer, late: boolean, backfill: boolean): void;
  position(device: Device, position: Position, rx: number, late: boolean, batch: CommitBatch, backfill: boolean): void;
  frame(device: Device, payload: Buffer, rx: number): Rejection | null;
  heard(edge: Edge, rx: number): void;
  state(edge: Edge, state: StateMessage, rx: number): void;
  meta(edge: Edge, meta: MetaMessage, message: Message): void;
  heartbeat(edge: Edge, beat: HeartbeatMessage, rx: number): void;
  /** `twin/reported`: what an edge says it runs, not checked */
  reported?(edge: Edge, document: unknown): void;
  /** `cmd/<id>/res`: an edge's answer, not checked */
  result?(edge: Edge, answer: unknown, rx: number): void;
}
