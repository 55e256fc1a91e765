/** SQL for a time in ms UTC, so that no Date object stands between. */
export function ms(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000)::float8`;
}

/** Columns of `event` under the names of GridEvent (event.ts). */
export const EVENT_COLUMNS = `
  event.id, event.kind, event.subject, event.grid_id AS "gridId", event.grid_match AS "gridMatch",
  event.grid_version AS "gridVersion", event.severity, event.sensing, event.handling, event.device_id AS "deviceId",
  event.lon, event.lat, event.source, ${ms("event.opened_at")} AS "openedAt", ${ms("event.updated_at")} AS "updatedAt",
  ${ms("event.cleared_at")} AS "clearedAt", ${ms("event.created_at")} AS "createdAt", event.occurrences, event.evidence,
  event.late, event.revision, event.life`;
