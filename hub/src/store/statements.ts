import { OID } from "./binary.ts";
import type { Statement } from "./round-trip.ts";

type ArrayType = Extract<keyof typeof OID, `${string}[]`>;

interface Shape {
  readonly table: string;
  /** column -> type of its array parameter, with a cast where the column's type is another */
  readonly columns: Readonly<Record<string, ArrayType | readonly [ArrayType, string]>>;
  /** after VALUES: ON CONFLICT ... */
  readonly tail: string;
}

/** `INSERT INTO t (a, b) SELECT unnest($1), unnest($2)`: the set-returning functions run in step and build no temporary table. */
function insert(name: string, { table, columns, tail }: Shape): Statement {
  const names = Object.keys(columns);
  const types: number[] = [];
  const values = names.map((column, i) => {
    const type = columns[column];
    const [array, cast] = typeof type === "string" ? [type, ""] : [type[0], `::${type[1]}`];
    types.push(OID[array]);
    return `unnest($${i + 1}::${array})${cast}`;
  });
  return { name, text: `INSERT INTO ${table} (${names.join(", ")}) SELECT ${values.join(", ")} ${tail}`, types };
}

/** `a = excluded.a, ...` */
function overwrite(...columns: string[]): string {
  return columns.map((column) => `${column} = excluded.${column}`).join(", ");
}

const TELEMETRY = { series_id: "int4[]", time: "timestamptz[]", value: "float8[]", quality: "int2[]" } as const;

export const STATEMENTS = {
  /** fast: fails where a reading is there already; then the batch is sent again with `telemetryAgain` */
  telemetry: insert("telemetry", { table: "telemetry", columns: TELEMETRY, tail: "" }),
  telemetryAgain: insert("telemetry_again", { table: "telemetry", columns: TELEMETRY, tail: "ON CONFLICT DO NOTHING" }),
  rollupDirty: insert("rollup_dirty", {
    table: "rollup_dirty",
    columns: { bucket: "timestamptz[]" },
    tail: "ON CONFLICT DO NOTHING",
  }),
  text: insert("telemetry_text", {
    table: "telemetry_text",
    columns: { series_id: "int4[]", time: "timestamptz[]", value: "text[]", quality: "int2[]" },
    tail: "ON CONFLICT DO NOTHING",
  }),
  rawFrames: insert("raw_frame", {
    table: "raw_frame",
    columns: {
      edge_id: "int4[]",
      boot: "int8[]",
      seq: "int8[]",
      part: "int4[]",
      device_id: "int4[]",
      ts: "timestamptz[]",
      rx: "timestamptz[]",
      port: "int4[]",
      payload: "bytea[]",
    },
    tail: "",
  }),
  positions: insert("vessel_position", {
    table: "vessel_position",
    columns: {
      mmsi: "int4[]",
      time: "timestamptz[]",
      lon: "float8[]",
      lat: "float8[]",
      sog: "float8[]",
      cog: "float8[]",
      heading: "float8[]",
      status: "int2[]",
      type: "int2[]",
      grid_id: "text[]",
      device_id: "int4[]",
      plausible: "bool[]",
    },
    tail: "ON CONFLICT DO NOTHING",
  }),
  // static data arrive in parts: what a message does not say stays; the formation comes from the registry and may end
  vessels: insert("vessel", {
    table: "vessel",
    columns: {
      mmsi: "int4[]",
      name: "text[]",
      callsign: "text[]",
      ship_type: "int2[]",
      length: "float8[]",
      formation_id: "text[]",
      ts: "timestamptz[]",
    },
    tail: `ON CONFLICT (mmsi) DO UPDATE SET name = coalesce(excluded.name, vessel.name),
      callsign = coalesce(excluded.callsign, vessel.callsign), ship_type = coalesce(excluded.ship_type, vessel.ship_type),
      length = coalesce(excluded.length, vessel.length), ${overwrite("formation_id", "ts")}
      WHERE vessel.ts <= excluded.ts`,
  }),
  deadLetters: insert("dead_letter", {
    table: "dead_letter",
    columns: {
      rx: "timestamptz[]",
      topic: "text[]",
      edge: "text[]",
      reason: "text[]",
      detail: "text[]",
      payload: "bytea[]",
    },
    tail: "",
  }),
  healthChanges: insert("health_change", {
    table: "health_change",
    columns: {
      subject: "text[]",
      device_id: "int4[]",
      ts: "timestamptz[]",
      from_state: "text[]",
      to_state: "text[]",
      reason: "text[]",
    },
    tail: "",
  }),
  health: insert("device_health", {
    table: "device_health",
    columns: { subject: "text[]", device_id: "int4[]", state: "text[]", reason: "text[]", since: "timestamptz[]" },
    tail: `ON CONFLICT (subject) DO UPDATE SET ${overwrite("device_id", "state", "reason", "since")}`,
  }),
  events: insert("event", {
    table: "event",
    columns: {
      id: ["text[]", "uuid"],
      kind: "text[]",
      subject: "text[]",
      grid_id: "text[]",
      grid_match: "text[]",
      grid_version: "int4[]",
      severity: "int2[]",
      sensing: "text[]",
      handling: "text[]",
      device_id: "int4[]",
      lon: "float8[]",
      lat: "float8[]",
      source: "text[]",
      opened_at: "timestamptz[]",
      updated_at: "timestamptz[]",
      cleared_at: "timestamptz[]",
      created_at: "timestamptz[]",
      occurrences: "int4[]",
      evidence: ["text[]", "jsonb"],
      late: "bool[]",
      revision: "int4[]",
      life: ["text[]", "jsonb"],
    },
    // the revision only grows: a batch that is sent twice, or arrives after a newer one, changes nothing
    tail: `ON CONFLICT (id) DO UPDATE SET
      ${overwrite("severity", "sensing", "handling", "updated_at", "cleared_at", "occurrences", "evidence", "revision", "life")}
      WHERE event.revision < excluded.revision`,
  }),
  transitions: insert("event_transition", {
    table: "event_transition",
    columns: {
      event_id: ["text[]", "uuid"],
      revision: "int4[]",
      ts: "timestamptz[]",
      what: "text[]",
      who: "text[]",
      severity: "int2[]",
      note: "text[]",
      evidence: ["text[]", "jsonb"],
    },
    tail: "ON CONFLICT DO NOTHING",
  }),
  outbox: insert("outbox", {
    table: "outbox",
    columns: {
      event_id: ["text[]", "uuid"],
      revision: "int4[]",
      type: "text[]",
      target: "text[]",
      body: ["text[]", "jsonb"],
    },
    tail: "ON CONFLICT DO NOTHING",
  }),
  detections: insert("detection", {
    table: "detection",
    columns: {
      device_id: "int4[]",
      ts: "timestamptz[]",
      model: "text[]",
      detections: ["text[]", "jsonb"],
      media_hash: "text[]",
    },
    tail: "",
  }),
  media: insert("media", {
    table: "media",
    columns: { hash: "text[]", bytes: "int8[]", type: "text[]", device_id: "int4[]", ts: "timestamptz[]" },
    tail: "ON CONFLICT DO NOTHING",
  }),
  foldState: insert("fold_state", {
    table: "fold_state",
    columns: { room: "text[]", key: "text[]", state: ["text[]", "jsonb"] },
    tail: `ON CONFLICT (room, key) DO UPDATE SET ${overwrite("state")}`,
  }),
  foldStateGone: {
    name: "fold_state_gone",
    text: `DELETE FROM fold_state USING unnest($1::text[], $2::text[]) AS gone(room, key)
      WHERE fold_state.room = gone.room AND fold_state.key = gone.key`,
    types: [OID["text[]"], OID["text[]"]],
  },
  cursors: insert("edge_cursor", {
    table: "edge_cursor",
    columns: { edge_id: "int4[]", boot: "int8[]", upto: "int8[]", above: ["text[]", "jsonb"] },
    tail: `ON CONFLICT (edge_id, boot) DO UPDATE SET ${overwrite("upto", "above")}, updated_at = now()
      WHERE edge_cursor.upto <= excluded.upto`,
  }),
} as const satisfies Readonly<Record<string, Statement>>;
