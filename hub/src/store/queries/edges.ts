import type { Pool } from "pg";
import type { HealthState } from "../batch.ts";
import { ms } from "./event-row.ts";

export interface EdgeListRow {
  readonly id: number;
  readonly site: string;
  readonly name: string;
  readonly title: string;
  readonly disabled: boolean;
  readonly devices: number;
  readonly health: HealthState;
  readonly healthReason: string;
  /** ms UTC; 0 = never heard */
  readonly healthSince: number;
}

export async function listEdges(pool: Pool): Promise<EdgeListRow[]> {
  const { rows } = await pool.query<EdgeListRow>(
    `SELECT e.id, e.site, e.name, e.title, e.disabled,
       (SELECT count(*)::int FROM device d WHERE d.edge_id = e.id) AS devices,
       coalesce(h.state, 'unknown') AS health, coalesce(h.reason, '') AS "healthReason",
       coalesce(${ms("h.since")}, 0) AS "healthSince"
     FROM edge e LEFT JOIN device_health h ON h.subject = 'edge:' || e.site || '/' || e.name ORDER BY e.site, e.name`,
  );
  return rows;
}
