import type { Pool } from "pg";
import { jsonText } from "../binary.ts";
import { ms } from "./event-row.ts";
import type { GridRow } from "./grids.ts";

export interface AreaDraftRow {
  readonly id: string;
  /** grows with every change */
  readonly revision: number;
  readonly cell: GridRow;
  readonly who: string;
  /** ms UTC */
  readonly at: number;
  readonly note: string;
}

const DRAFT = `id, revision, cell, who, ${ms("at")} AS at, note`;

export async function listAreaDrafts(pool: Pool): Promise<AreaDraftRow[]> {
  const { rows } = await pool.query<AreaDraftRow>(`SELECT ${DRAFT} FROM area_draft ORDER BY id COLLATE "C"`);
  return rows;
}

export async function findAreaDraft(pool: Pool, id: string): Promise<AreaDraftRow | null> {
  const { rows } = await pool.query<AreaDraftRow>(`SELECT ${DRAFT} FROM area_draft WHERE id = $1`, [id]);
  return rows[0] ?? null;
}

/** @param revision the one that was looked at; 0 = there was none. @returns false when it is another by now */
export async function saveAreaDraft(
  pool: Pool,
  cell: GridRow,
  { revision, who, note }: { readonly revision: number; readonly who: string; readonly note: string },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    revision === 0
      ? `INSERT INTO area_draft (id, parent, cell, who, note) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
      : `UPDATE area_draft SET parent = $2, cell = $3, who = $4, note = $5, at = now(), revision = revision + 1
         WHERE id = $1 AND revision = $6`,
    [cell.id, cell.parent ?? "", jsonText(cell), who, note, ...(revision === 0 ? [] : [revision])],
  );
  return rowCount === 1;
}

export async function deleteAreaDraft(pool: Pool, id: string, revision: number): Promise<boolean> {
  const { rowCount } = await pool.query("DELETE FROM area_draft WHERE id = $1 AND revision = $2", [id, revision]);
  return rowCount === 1;
}
