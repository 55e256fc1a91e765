import type { CommitBatch, VesselRow } from "./batch.ts";
import {
  bools,
  byteas,
  float8s,
  int2s,
  int4s,
  int8s,
  jsons,
  qualityColumn,
  seriesColumn,
  texts,
  timeColumn,
  times,
  valueColumn,
} from "./binary.ts";
import type { Bound } from "./round-trip.ts";
import { STATEMENTS as S } from "./statements.ts";

export interface EncodedBatch {
  /** columns of the telemetry statement; null = none */
  readonly telemetry: readonly Buffer[] | null;
  /** everything else, in an order that satisfies the foreign keys */
  readonly rest: readonly Bound[];
}

/**
 * Turns a batch into parameters. Where a batch holds a key twice, the last row counts: one statement may touch a row once.
 * @throws RowRefused where a number or a time does not fit its column
 */
export function encodeBatch(batch: CommitBatch): EncodedBatch {
  const { n, series, time, value, quality } = batch.telemetry;
  const rest: Bound[] = [];
  const telemetry =
    n === 0 ? null : [seriesColumn(series, n), timeColumn(time, n), valueColumn(value, n), qualityColumn(quality, n)];
  if (batch.text.length > 0) rest.push(text(batch));
  if (batch.rawFrames.length > 0) rest.push(rawFrames(batch));
  if (batch.positions.length > 0) rest.push(positions(batch));
  if (batch.vessels.length > 0) rest.push(vessels(batch));
  if (batch.deadLetters.length > 0) rest.push(deadLetters(batch));
  if (batch.health.length > 0) rest.push(...health(batch));
  if (batch.events.length > 0) rest.push(events(batch));
  if (batch.transitions.length > 0) rest.push(transitions(batch));
  if (batch.outbox.length > 0) rest.push(outbox(batch));
  if (batch.detections.length > 0) rest.push(detections(batch));
  if (batch.media.length > 0) rest.push(media(batch));
  if (batch.foldState.length > 0) rest.push(...foldState(batch));
  if (batch.cursors.length > 0) rest.push(cursors(batch));
  return { telemetry, rest };
}

function lastOf<T>(rows: readonly T[], key: (row: T) => string | number): T[] {
  if (rows.length < 2) return rows as T[];
  const last = new Map<string | number, T>();
  for (const row of rows) last.set(key(row), row);
  return [...last.values()];
}

function text({ text: rows }: CommitBatch): Bound {
  return {
    statement: S.text,
    values: [
      int4s(rows, (r) => r.series),
      times(rows, (r) => r.time),
      texts(rows, (r) => r.value),
      int2s(rows, (r) => r.quality),
    ],
  };
}

function rawFrames({ rawFrames: rows }: CommitBatch): Bound {
  return {
    statement: S.rawFrames,
    values: [
      int4s(rows, (r) => r.edgeId),
      int8s(rows, (r) => r.boot),
      int8s(rows, (r) => r.seq),
      int4s(rows, (r) => r.part),
      int4s(rows, (r) => r.deviceId),
      times(rows, (r) => r.ts),
      times(rows, (r) => r.rx),
      int4s(rows, (r) => r.port),
      byteas(rows, (r) => r.payload),
    ],
  };
}

function positions({ positions: rows }: CommitBatch): Bound {
  return {
    statement: S.positions,
    values: [
      int4s(rows, (r) => r.mmsi),
      times(rows, (r) => r.ts),
      float8s(rows, (r) => r.lon),
      float8s(rows, (r) => r.lat),
      float8s(rows, (r) => r.sog),
      float8s(rows, (r) => r.cog),
      float8s(rows, (r) => r.heading),
      int2s(rows, (r) => r.status),
      int2s(rows, (r) => r.type),
      texts(rows, (r) => r.gridId),
      int4s(rows, (r) => r.deviceId),
      bools(rows, (r) => r.plausible),
    ],
  };
}

/** Parts of static data in one batch are put together; later ones win. */
function mergeVessels(rows: readonly VesselRow[]): VesselRow[] {
  const merged = new Map<number, VesselRow>();
  for (const row of rows) {
    const old = merged.get(row.mmsi);
    merged.set(
      row.mmsi,
      old === undefined
        ? row
        : {
            ...row,
            name: row.name ?? old.name,
            callsign: row.callsign ?? old.callsign,
            shipType: row.shipType ?? old.shipType,
            length: row.length ?? old.length,
          },
    );
  }
  return [...merged.values()];
}

function vessels(batch: CommitBatch): Bound {
  const rows = mergeVessels(batch.vessels);
  return {
    statement: S.vessels,
    values: [
      int4s(rows, (r) => r.mmsi),
      texts(rows, (r) => r.name),
      texts(rows, (r) => r.callsign),
      int2s(rows, (r) => r.shipType),
      float8s(rows, (r) => r.length),
      texts(rows, (r) => r.formationId),
      times(rows, (r) => r.ts),
    ],
  };
}

function deadLetters({ deadLetters: rows }: CommitBatch): Bound {
  return {
    statement: S.deadLetters,
    values: [
      times(rows, (r) => r.rx),
      texts(rows, (r) => r.topic),
      texts(rows, (r) => r.edge),
      texts(rows, (r) => r.reason),
      texts(rows, (r) => r.detail),
      byteas(rows, (r) => r.payload),
    ],
  };
}

function health({ health: rows }: CommitBatch): Bound[] {
  const changes = {
    statement: S.healthChanges,
    values: [
      texts(rows, (r) => r.subject),
      int4s(rows, (r) => r.deviceId),
      times(rows, (r) => r.ts),
      texts(rows, (r) => r.from),
      texts(rows, (r) => r.to),
      texts(rows, (r) => r.reason),
    ],
  };
  const now = lastOf(rows, (r) => r.subject);
  const current = {
    statement: S.health,
    values: [
      texts(now, (r) => r.subject),
      int4s(now, (r) => r.deviceId),
      texts(now, (r) => r.to),
      texts(now, (r) => r.reason),
      times(now, (r) => r.ts),
    ],
  };
  return [changes, current];
}

function events(batch: CommitBatch): Bound {
  const rows = lastOf(batch.events, (r) => r.id);
  return {
    statement: S.events,
    values: [
      texts(rows, (r) => r.id),
      texts(rows, (r) => r.kind),
      texts(rows, (r) => r.subject),
      texts(rows, (r) => r.gridId),
      texts(rows, (r) => r.gridMatch),
      int4s(rows, (r) => r.gridVersion),
      int2s(rows, (r) => r.severity),
      texts(rows, (r) => r.sensing),
      texts(rows, (r) => r.handling),
      int4s(rows, (r) => r.deviceId),
      float8s(rows, (r) => r.lon),
      float8s(rows, (r) => r.lat),
      texts(rows, (r) => r.source),
      times(rows, (r) => r.openedAt),
      times(rows, (r) => r.updatedAt),
      times(rows, (r) => r.clearedAt),
      times(rows, (r) => r.createdAt),
      int4s(rows, (r) => r.occurrences),
      jsons(rows, (r) => r.evidence),
      bools(rows, (r) => r.late),
      int4s(rows, (r) => r.revision),
      jsons(rows, (r) => r.life),
    ],
  };
}

function transitions({ transitions: rows }: CommitBatch): Bound {
  return {
    statement: S.transitions,
    values: [
      texts(rows, (r) => r.eventId),
      int4s(rows, (r) => r.revision),
      times(rows, (r) => r.ts),
      texts(rows, (r) => r.what),
      texts(rows, (r) => r.who),
      int2s(rows, (r) => r.severity),
      texts(rows, (r) => r.note),
      jsons(rows, (r) => r.evidence),
    ],
  };
}

function outbox({ outbox: rows }: CommitBatch): Bound {
  return {
    statement: S.outbox,
    values: [
      texts(rows, (r) => r.eventId),
      int4s(rows, (r) => r.revision),
      texts(rows, (r) => r.type),
      texts(rows, (r) => r.target),
      jsons(rows, (r) => r.body),
    ],
  };
}

function detections({ detections: rows }: CommitBatch): Bound {
  return {
    statement: S.detections,
    values: [
      int4s(rows, (r) => r.deviceId),
      times(rows, (r) => r.ts),
      texts(rows, (r) => r.model),
      jsons(rows, (r) => r.detections),
      texts(rows, (r) => r.mediaHash),
    ],
  };
}

function media({ media: rows }: CommitBatch): Bound {
  return {
    statement: S.media,
    values: [
      texts(rows, (r) => r.hash),
      int8s(rows, (r) => r.bytes),
      texts(rows, (r) => r.type),
      int4s(rows, (r) => r.deviceId),
      times(rows, (r) => r.ts),
    ],
  };
}

function foldState(batch: CommitBatch): Bound[] {
  const rows = lastOf(batch.foldState, (r) => `${r.room} ${r.key}`);
  const kept = rows.filter((r) => r.state !== null);
  const gone = rows.filter((r) => r.state === null);
  const work: Bound[] = [];
  if (kept.length > 0) {
    const values = [texts(kept, (r) => r.room), texts(kept, (r) => r.key), jsons(kept, (r) => r.state)];
    work.push({ statement: S.foldState, values });
  }
  if (gone.length > 0) {
    work.push({ statement: S.foldStateGone, values: [texts(gone, (r) => r.room), texts(gone, (r) => r.key)] });
  }
  return work;
}

function cursors(batch: CommitBatch): Bound {
  const rows = lastOf(batch.cursors, (r) => `${r.edgeId} ${r.boot}`);
  return {
    statement: S.cursors,
    values: [
      int4s(rows, (r) => r.edgeId),
      int8s(rows, (r) => r.boot),
      int8s(rows, (r) => r.upto),
      jsons(rows, (r) => r.above),
    ],
  };
}
