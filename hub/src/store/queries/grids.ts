import type { Pool, PoolClient } from "pg";
import type { SeaAttributes } from "../../sea.ts";
import { jsonText } from "../binary.ts";
import { appendAudit } from "./access.ts";
import { ms } from "./event-row.ts";
import { inTransaction } from "./in-transaction.ts";

export interface FormationMemberRow {
  readonly mmsi: number;
  readonly name: string;
  readonly role: string;
  readonly gear?: string;
  /** ms UTC; absent = always */
  readonly from?: number;
  readonly to?: number;
}

type Ring = [number, number][];

/** A cell of the grid tree as it is stored; the shape is that of `Grid` in grids/grid.ts. */
export interface GridRow {
  readonly id: string;
  readonly name: string;
  readonly level: "county" | "town" | "village" | "grid" | "micro_grid" | "formation" | "area";
  readonly category: "integrated" | "dedicated" | "maritime";
  readonly parent: string | null;
  readonly codes: Readonly<Record<string, string>>;
  readonly synthetic: boolean;
  /** GeoJSON, degrees WGS84; null for formations */
  readonly geometry:
    | { readonly type: "Polygon"; readonly coordinates: Ring[] }
    | { readonly type: "MultiPolygon"; readonly coordinates: Ring[][] }
    | null;
  readonly members: readonly FormationMemberRow[];
  readonly sea?: SeaAttributes;
}

export interface StoredGridSet {
  readonly version: number;
  /** sha256 hex of what was imported */
  readonly hash: string;
  readonly grids: GridRow[];
  /** cells of other versions that this one does not have, as they were last, without their shapes */
  readonly former: GridRow[];
}

/** How a version came about. */
export type GridOrigin = "file" | "import" | "area" | "members";

export interface NewGridSet {
  readonly grids: Iterable<GridRow>;
  /** sha256 hex, 64 characters, by cell */
  readonly hashOf: (grid: GridRow) => string;
  /** of the whole: configured files are known again by it */
  readonly hash: string;
  /** the version that it was made from; 0 or absent = none */
  readonly base?: number;
  readonly what: GridOrigin;
  readonly who: string;
  readonly note?: string;
  /** comes into force with the same transaction, if `base` still is in force */
  readonly activate: boolean;
  /** a line for the audit, in the same transaction */
  readonly audit?: { readonly action: string; readonly target: string; readonly detail: object };
  /** a draft that this version carries out, and that ends with it */
  readonly draft?: string;
}

export interface GridVersionRow {
  readonly version: number;
  readonly base: number | null;
  readonly what: GridOrigin;
  readonly who: string;
  readonly note: string;
  /** cells; null = made before they were counted */
  readonly cells: number | null;
  /** ms UTC */
  readonly madeAt: number;
  /** when it last came into force, and by whom; null = never */
  readonly activatedAt: number | null;
  readonly activatedBy: string | null;
  readonly activationNote: string | null;
}

/** Another version is in force than the one that a change was made from. */
export class GridConflict extends Error {
  readonly active: number;

  constructor(active: number) {
    super(`version ${active} is in force meanwhile`);
    this.name = "GridConflict";
    this.active = active;
  }
}

/**
 * Stores a set as a new version: the cells that differ from the newest stored version are written, the others go on.
 * @returns the version that events name
 * @throws GridConflict when it should come into force and its base is in force no more
 */
export async function saveGridSet(pool: Pool, set: NewGridSet): Promise<number> {
  return inTransaction(pool, async (client) => {
    const active = await activeVersion(client);
    if (set.activate && set.base !== undefined && active !== set.base) throw new GridConflict(active);
    const { rows } = await client.query<{ id: string; hash: string }>(
      "SELECT id, encode(hash, 'hex') AS hash FROM grid_cell WHERE until IS NULL",
    );
    const open = new Map(rows.map(({ id, hash }) => [id, hash]));
    const changed: (Omit<GridRow, "members"> & { hash: string; members: readonly FormationMemberRow[] })[] = [];
    let cells = 0;
    for (const grid of set.grids) {
      cells++;
      const hash = set.hashOf(grid);
      if (open.get(grid.id) !== hash) changed.push({ ...grid, hash });
      else open.delete(grid.id);
    }
    const made = await client.query<{ version: number }>(
      "INSERT INTO grid_set (hash, base, what, who, note, cells) VALUES ($1, nullif($2, 0), $3, $4, $5, $6) RETURNING version",
      [set.hash, set.base ?? 0, set.what, set.who, set.note ?? "", cells],
    );
    const { version } = made.rows[0];
    // what is left in `open` is another cell now, or none
    await client.query("UPDATE grid_cell SET until = $1 WHERE until IS NULL AND id = ANY ($2)", [
      version,
      [...open.keys()],
    ]);
    await client.query(INSERT_CELLS, [version, jsonText(changed)]);
    if (set.activate) await writeActivation(client, version, set.who, set.note ?? "");
    if (set.draft !== undefined) await client.query("DELETE FROM area_draft WHERE id = $1", [set.draft]);
    if (set.audit !== undefined) {
      const { action, target, detail } = set.audit;
      await appendAudit(client, set.who, action, target, { version, ...detail });
    }
    return version;
  });
}

/**
 * Brings a stored version into force.
 * @param expected the version that is in force now
 * @throws GridConflict when another one is
 */
export async function activateGridSet(
  pool: Pool,
  version: number,
  { who, note, expected, detail }: { readonly who: string; readonly note: string; readonly expected: number; readonly detail: object }, // prettier-ignore
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const active = await activeVersion(client);
    if (active !== expected) throw new GridConflict(active);
    await writeActivation(client, version, who, note);
    await appendAudit(client, who, "grid_activate", `grids:${version}`, { from: expected, note, ...detail });
  });
}

/** The set in force, or the version named; null where there is none. */
export async function loadGridSet(pool: Pool, version?: number): Promise<StoredGridSet | null> {
  const set = await pool.query<{ version: number; hash: string }>(
    `SELECT version, hash FROM grid_set
     WHERE version = coalesce($1::int, (SELECT version FROM grid_activation ORDER BY seq DESC LIMIT 1))`,
    [version ?? null],
  );
  if (set.rows.length === 0) return null;
  const [grids, former] = [
    await pool.query<GridRow>(`${SELECT_CELLS} ORDER BY id COLLATE "C"`, [set.rows[0].version]),
    await pool.query<GridRow>(SELECT_FORMER, [set.rows[0].version]),
  ];
  const clean = ({ sea, ...grid }: GridRow): GridRow => (sea == null ? grid : { ...grid, sea });
  return { ...set.rows[0], grids: grids.rows.map(clean), former: former.rows.map(clean) };
}

/** What the configured files held when they were last imported; null = never. */
export async function lastFileHash(pool: Pool): Promise<{ readonly version: number; readonly hash: string } | null> {
  const { rows } = await pool.query<{ version: number; hash: string }>(
    "SELECT version, hash FROM grid_set WHERE what = 'file' ORDER BY version DESC LIMIT 1",
  );
  return rows[0] ?? null;
}

/** Newest first. @param before versions below this one */
export async function listGridVersions(
  pool: Pool,
  { before, limit }: { readonly before?: number; readonly limit: number },
): Promise<GridVersionRow[]> {
  const { rows } = await pool.query<GridVersionRow>(
    `SELECT s.version, s.base, s.what, s.who, s.note, s.cells, ${ms("s.loaded_at")} AS "madeAt",
       ${ms("a.at")} AS "activatedAt", a.who AS "activatedBy", a.note AS "activationNote"
     FROM grid_set s LEFT JOIN LATERAL
       (SELECT at, who, note FROM grid_activation WHERE version = s.version ORDER BY seq DESC LIMIT 1) a ON true
     WHERE $1::int IS NULL OR s.version < $1 ORDER BY s.version DESC LIMIT $2`,
    [before ?? null, limit],
  );
  return rows;
}

async function activeVersion(client: PoolClient): Promise<number> {
  await client.query("LOCK TABLE grid_set IN EXCLUSIVE MODE");
  const { rows } = await client.query<{ version: number }>(
    "SELECT version FROM grid_activation ORDER BY seq DESC LIMIT 1",
  );
  return rows[0]?.version ?? 0;
}

async function writeActivation(client: PoolClient, version: number, who: string, note: string): Promise<void> {
  await client.query("INSERT INTO grid_activation (version, who, note) VALUES ($1, $2, $3)", [version, who, note]);
}

const INSERT_CELLS = `
  INSERT INTO grid_cell (id, since, hash, name, level, category, parent, codes, synthetic, geometry, sea, members)
  SELECT id, $1, decode(hash, 'hex'), name, level, category, parent, codes, synthetic, nullif(geometry, 'null'::jsonb),
    nullif(sea, 'null'::jsonb), members
  FROM jsonb_to_recordset($2::jsonb)
    AS g(id text, hash text, name text, level text, category text, parent text, codes jsonb, synthetic boolean,
      geometry jsonb, sea jsonb, members jsonb)`;

const SELECT_CELLS = `
  SELECT id, name, level, category, parent, codes, synthetic, geometry, sea, members
  FROM grid_cell WHERE since <= $1 AND (until IS NULL OR until > $1)`;

const SELECT_FORMER = `
  SELECT DISTINCT ON (id) id, name, level, category, parent, codes, synthetic, NULL AS geometry, NULL AS sea, '[]'::jsonb AS members
  FROM grid_cell c
  WHERE NOT EXISTS (SELECT FROM grid_cell h WHERE h.id = c.id AND h.since <= $1 AND (h.until IS NULL OR h.until > $1))
  ORDER BY id, since DESC`;
