import type { Pool, PoolClient } from "pg";
import type { SeaAttributes } from "../../sea.ts";
import { jsonText } from "../binary.ts";

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
}

/** Versions of the grid tree. A set is stored whole and never changed. */
export class GridQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Stores a set as a new version, unless the newest one has the same hash.
   * @param hash sha256 hex of what was imported
   * @returns the version that events name
   */
  async save(grids: Iterable<GridRow>, hash: string): Promise<number> {
    const client = await this.#pool.connect();
    let broken = true;
    try {
      await client.query("BEGIN");
      await client.query("LOCK TABLE grid_set IN EXCLUSIVE MODE");
      const newest = await client.query<{ version: number; hash: string }>(
        "SELECT version, hash FROM grid_set ORDER BY version DESC LIMIT 1",
      );
      const known = newest.rows[0]?.hash === hash;
      const version = known ? newest.rows[0].version : await insertSet(client, [...grids], hash);
      await client.query("COMMIT");
      broken = false;
      return version;
    } finally {
      client.release(broken);
    }
  }

  /** The newest set, or the one named; null where there is none. */
  async load(version?: number): Promise<StoredGridSet | null> {
    const set = await this.#pool.query<{ version: number; hash: string }>(
      "SELECT version, hash FROM grid_set WHERE $1::int IS NULL OR version = $1 ORDER BY version DESC LIMIT 1",
      [version ?? null],
    );
    if (set.rows.length === 0) return null;
    const { rows } = await this.#pool.query<GridRow>(SELECT_GRIDS, [set.rows[0].version]);
    return { ...set.rows[0], grids: rows.map(({ sea, ...grid }) => (sea == null ? grid : { ...grid, sea })) };
  }
}

export function saveGridSet(pool: Pool, set: { readonly hash: string; grids(): Iterable<GridRow> }): Promise<number> {
  return new GridQueries(pool).save(set.grids(), set.hash);
}

export function loadGridSet(pool: Pool, version?: number): Promise<StoredGridSet | null> {
  return new GridQueries(pool).load(version);
}

async function insertSet(client: PoolClient, grids: readonly GridRow[], hash: string): Promise<number> {
  const made = await client.query<{ version: number }>("INSERT INTO grid_set (hash) VALUES ($1) RETURNING version", [
    hash,
  ]);
  const { version } = made.rows[0];
  await client.query(INSERT_GRIDS, [version, jsonText(grids.map(({ members: _, ...grid }) => grid))]);
  const members = grids.flatMap((grid) => grid.members.map((member) => ({ ...member, grid: grid.id })));
  await client.query(INSERT_MEMBERS, [version, jsonText(members)]);
  return version;
}

const INSERT_GRIDS = `
  INSERT INTO grid (version, id, name, level, category, parent, codes, synthetic, geometry, sea)
  SELECT $1, id, name, level, category, parent, codes, synthetic, nullif(geometry, 'null'::jsonb), sea
  FROM jsonb_to_recordset($2::jsonb)
    AS g(id text, name text, level text, category text, parent text, codes jsonb, synthetic boolean, geometry jsonb,
      sea jsonb)`;

const INSERT_MEMBERS = `
  INSERT INTO formation_member (version, grid_id, mmsi, name, role, gear, valid_from, valid_to)
  SELECT $1, grid, mmsi, name, role, coalesce(gear, ''),
    coalesce(to_timestamp("from" / 1000), '-infinity'), coalesce(to_timestamp("to" / 1000), 'infinity')
  FROM jsonb_to_recordset($2::jsonb)
    AS m(grid text, mmsi int, name text, role text, gear text, "from" float8, "to" float8) ON CONFLICT DO NOTHING`;

/** what is not said is left out, as in what was imported */
const MEMBER_TERM = `jsonb_strip_nulls(jsonb_build_object('gear', nullif(gear, ''),
  'from', CASE WHEN isfinite(valid_from) THEN round(extract(epoch FROM valid_from) * 1000) END,
  'to', CASE WHEN isfinite(valid_to) THEN round(extract(epoch FROM valid_to) * 1000) END))`;

const SELECT_GRIDS = `
  SELECT id, name, level, category, parent, codes, synthetic, geometry, sea,
    coalesce((SELECT jsonb_agg(jsonb_build_object('mmsi', mmsi, 'name', m.name, 'role', role) || ${MEMBER_TERM}
        ORDER BY mmsi, valid_from)
      FROM formation_member m WHERE m.version = g.version AND m.grid_id = g.id), '[]') AS members
  FROM grid g WHERE version = $1 ORDER BY id COLLATE "C"`;
