import type { Pool } from "pg";
import { withoutNul } from "../binary.ts";
import { ms } from "./event-row.ts";

/** A file of area rules that was handed in through the API. */
export interface AreaRuleText {
  readonly name: string;
  /** YAML */
  readonly text: string;
  /** 1, and one more with each change */
  readonly revision: number;
  readonly who: string;
  /** ms UTC */
  readonly at: number;
  readonly note: string;
}

const COLUMNS = `name, text, revision, who, ${ms("at")} AS at, note`;

export async function areaRuleTexts(pool: Pool): Promise<AreaRuleText[]> {
  return (await pool.query<AreaRuleText>(`SELECT ${COLUMNS} FROM area_rule_text ORDER BY name`)).rows;
}

/**
 * Writes a text if nobody has changed it meanwhile.
 * @param over the revision that it is to take the place of; 0 = there is none yet
 * @returns null where the revision is another one
 */
export async function putAreaRuleText(
  pool: Pool,
  { name, text, who, note }: Pick<AreaRuleText, "name" | "text" | "who" | "note">,
  over: number,
): Promise<AreaRuleText | null> {
  const values = [name, withoutNul(text), who, withoutNul(note)];
  const { rows } = await pool.query<AreaRuleText>(
    over === 0
      ? `INSERT INTO area_rule_text (name, text, who, note) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`
      : `UPDATE area_rule_text SET text = $2, who = $3, note = $4, at = now(), revision = revision + 1
         WHERE name = $1 AND revision = $5 RETURNING ${COLUMNS}`,
    over === 0 ? values : [...values, over],
  );
  return rows[0] ?? null;
}

/** @returns whether it was there in that revision */
export async function deleteAreaRuleText(pool: Pool, name: string, revision: number): Promise<boolean> {
  const { rowCount } = await pool.query("DELETE FROM area_rule_text WHERE name = $1 AND revision = $2", [
    name,
    revision,
  ]);
  return rowCount === 1;
}
