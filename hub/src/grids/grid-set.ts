import { createHash } from "node:crypto";
import type { GridMatch } from "../finding.ts";
import { DEFAULT_LIMITS, type GridLimits, type GridSource, readGrids } from "./geojson.ts";
import { polygonArea } from "./geometry.ts";
import { type FormationMember, type Grid, type GridLevel, polygonsOf } from "./grid.ts";
import { canonicalGrid } from "./grid-hash.ts";
import { PolygonIndex, type RankedPolygon } from "./polygon-index.ts";
import { withMemberships } from "./members-csv.ts";
import { type GridProblem, ProblemList } from "./problem.ts";
import type { MembershipFile } from "./read-files.ts";
import { SeaMembership } from "./sea-membership.ts";
import { checkTree } from "./tree.ts";

export interface GridSetOptions {
  /** metres outside every grid within which a position still counts for the nearest one, flagged; default 200 */
  readonly nearestToleranceM?: number;
  readonly limits?: GridLimits;
  /** `build`: level of a grid that is not among those imported and may be their parent all the same */
  readonly above?: (id: string) => GridLevel | undefined;
  /**
   * Cells of other versions that this one does not have, as they were last. Nothing is located on them, but what was found there
   * keeps its place in the tree: `path` and `subtree` know them, so that who looked after a cell still sees its events.
   */
  readonly former?: readonly Grid[];
}

/** What `GET /api/grids` lists; `members` is a count. */
export interface GridItem {
  readonly id: string;
  readonly name: string;
  readonly level: string;
  readonly category: string;
  readonly parent: string | null;
  readonly members: number;
  readonly geometry: Grid["geometry"];
}

/** Where a position belongs. The objects are shared and frozen: compare, do not change. */
export interface Located {
  readonly gridId: string | null;
  readonly match: GridMatch;
}

const UNMATCHED: Located = Object.freeze({ gridId: null, match: "unmatched" });
const FINENESS: Readonly<Record<GridLevel, number>> = {
  micro_grid: 0,
  grid: 1,
  village: 2,
  area: 3,
  formation: 3,
  town: 4,
  county: 5,
};

/** A county or a town holds cells rather than being one; it answers only where no cell does, not even a near one. */
const isEnvelope = (g: Grid) => g.category !== "dedicated" && (g.level === "county" || g.level === "town");
const isSea = (g: Grid) => g.category === "maritime";

/** dedicated cells, general cells, cells at sea, envelopes */
function tier(g: Grid): number {
  if (isEnvelope(g)) return 3;
  if (isSea(g)) return 2;
  return g.category === "dedicated" ? 0 : 1;
}

/** One immutable version of the grid tree. A new import is a new set; the old one stays right for who still holds it. */
export class GridSet {
  #version: number;
  readonly #byId: ReadonlyMap<string, Grid>;
  readonly #former: ReadonlyMap<string, Grid>;
  readonly #children: ReadonlyMap<string, readonly string[]>;
  readonly #formationOf: ReadonlyMap<number, string>;
  readonly #formations: readonly string[];
  readonly #members: ReadonlyMap<string, readonly number[]>;
  readonly #cells: PolygonIndex;
  readonly #envelopes: PolygonIndex;
  /** rank of the first cell at sea */
  readonly #seaRank: number;
  readonly #inside: readonly Located[];
  readonly #nearest: readonly Located[];
  readonly #toleranceM: number;
  #hash = "";

  /** From checked grids, as `build` made them or the store kept them. */
  constructor(grids: readonly Grid[], version: number, options: GridSetOptions = {}) {
    this.#version = version;
    this.#toleranceM = options.nearestToleranceM ?? 200;
    this.#byId = new Map(grids.map((g) => [g.id, g]));
    const children = new Map<string, string[]>();
    this.#former = new Map((options.former ?? []).filter(({ id }) => !this.#byId.has(id)).map((g) => [g.id, g]));
    for (const { id, parent } of [...grids, ...this.#former.values()]) {
      if (parent === null) continue;
      const list = children.get(parent);
      if (list === undefined) children.set(parent, [id]);
      else list.push(id);
    }
    this.#children = children;
    const formations = grids.filter((g) => g.level === "formation");
    this.#formations = formations.map((g) => g.id);
    this.#members = new Map(formations.map((g) => [g.id, [...new Set(g.members.map((m) => m.mmsi))]]));
    // who has terms in several formations: the last one; `at` knows the moment
    const terms = formations.flatMap((g) =>
      g.members.map((m) => ({ id: g.id, mmsi: m.mmsi, from: m.from ?? -Infinity })),
    );
    this.#formationOf = new Map(terms.sort((a, b) => (a.from < b.from ? -1 : 1)).map(({ mmsi, id }) => [mmsi, id]));

    const ranked = rank(grids);
    this.#inside = ranked.map(({ id }) => Object.freeze({ gridId: id, match: "inside" as const }));
    this.#nearest = ranked.map(({ id }) => Object.freeze({ gridId: id, match: "nearest" as const }));
    const cells: RankedPolygon[] = [];
    const envelopes: RankedPolygon[] = [];
    for (const [i, grid] of ranked.entries()) {
      for (const polygon of polygonsOf(grid)) (isEnvelope(grid) ? envelopes : cells).push({ rank: i, polygon });
    }
    this.#cells = new PolygonIndex(cells);
    this.#envelopes = new PolygonIndex(envelopes);
    const sea = ranked.findIndex((g) => tier(g) === 2);
    this.#seaRank = sea === -1 ? ranked.length : sea;
  }

  get version(): number {
    return this.#version;
  }

  /** The number that the database gave to a set that nobody holds yet. */
  numbered(version: number): this {
    this.#version = version;
    return this;
  }

  /**
   * Reads GeoJSON: collections, single features, or sources that carry a file name. Never throws: the set holds all that is
   * usable, `problems` names the rest. Whether a set with errors may go live is the caller's decision.
   */
  static build(
    input: readonly (GridSource | object)[],
    version: number,
    options: GridSetOptions = {},
    memberships: readonly MembershipFile[] = [],
  ): { readonly set: GridSet; readonly problems: readonly GridProblem[] } {
    const problems = new ProblemList();
    const imported = readGrids(asSources(input), problems, options.limits ?? DEFAULT_LIMITS);
    let grids = checkTree(imported, problems, options.above);
    for (const { file, lines } of memberships) {
      const joined = withMemberships(grids, lines, file);
      for (const problem of joined.problems) problems.add(problem);
      grids = joined.grids;
    }
    const set = new GridSet(grids, version, options);
    return { set, problems: problems.items };
  }

  /**
   * The grid that a position (degrees WGS84) belongs to: dedicated cell, general cell (finest level first), cell at sea,
   * nearest cell within the tolerance, town or county. Allocates no result.
   */
  locate(lon: number, lat: number): Located {
    // Also keeps NaN out, which every comparison of the tree would let through.
    if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) return UNMATCHED;
    const cell = this.#cells.at(lon, lat);
    if (cell !== -1) return this.#inside[cell];
    const near = this.#cells.nearest(lon, lat, this.#toleranceM);
    if (near !== -1) return this.#nearest[near];
    const envelope = this.#envelopes.at(lon, lat);
    return envelope === -1 ? UNMATCHED : this.#inside[envelope];
  }

  /** The maritime cell at a position, whatever land grid is there too. */
  locateArea(lon: number, lat: number): Located {
    if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) return UNMATCHED;
    const cell = this.#cells.at(lon, lat, this.#seaRank);
    return cell === -1 ? UNMATCHED : this.#inside[cell];
  }

  get(id: string): Grid | undefined {
    return this.#byId.get(id);
  }

  /** From the county down to the grid itself, which may be a former one; empty for an unknown id. */
  path(id: string): Grid[] {
    const path: Grid[] = [];
    const cell = (of: string) => this.#byId.get(of) ?? this.#former.get(of);
    for (let g = cell(id); g !== undefined; g = g.parent === null ? undefined : cell(g.parent)) path.push(g);
    return path.reverse();
  }

  /** The grid and everything below it, former ones too; empty for an unknown id. */
  subtree(id: string): Set<string> {
    const all = new Set<string>(this.#byId.has(id) || this.#former.has(id) ? [id] : []);
    for (const each of all) for (const child of this.#children.get(each) ?? []) all.add(child);
    return all;
  }

  /** The site that looks after a grid: the nearest `codes.site` upwards, else the town's id; null above the towns. */
  siteOf(id: string): string | null {
    const upwards = this.path(id).reverse();
    const coded = upwards.find((g) => g.codes.site !== undefined);
    return coded?.codes.site ?? upwards.find((g) => g.level === "town")?.id ?? null;
  }

  grids(): Iterable<Grid> {
    return this.#byId.values();
  }

  /** Cells that only other versions have, without shapes and members. */
  former(): Iterable<Grid> {
    return this.#former.values();
  }

  /** The same under another number, or from other cells: what was here and is not in `grids` becomes a former one. */
  next(grids: readonly Grid[], version: number): GridSet {
    const bare = ({ sea: _, ...g }: Grid): Grid => ({ ...g, geometry: null, members: [] });
    const former = [...this.#former.values(), ...[...this.#byId.values()].map(bare)];
    return new GridSet(grids, version, { nearestToleranceM: this.#toleranceM, former });
  }

  get size(): number {
    return this.#byId.size;
  }

  items(): GridItem[] {
    return [...this.#byId.values()].map(({ id, name, level, category, parent, members, geometry }) => ({
      id,
      name,
      level,
      category,
      parent,
      members: members.length,
      geometry,
    }));
  }

  formationOf(mmsi: number): string | null {
    return this.#formationOf.get(mmsi) ?? null;
  }

  /** What the fleet asks: who is in which formation at that moment, and what the grids say about the sea. */
  at(now: number): SeaMembership {
    return new SeaMembership(this, now);
  }

  /** MMSIs of a formation, whenever they are in it; empty for anything else. */
  members(gridId: string): readonly number[] {
    return this.#members.get(gridId) ?? [];
  }

  /** The same with names and roles. */
  roster(gridId: string): readonly FormationMember[] {
    return this.#byId.get(gridId)?.members ?? [];
  }

  formations(): readonly string[] {
    return this.#formations;
  }

  /** sha256 (hex) of the content, whatever the order of features and members: equal content is not a new version. */
  get hash(): string {
    if (this.#hash === "") {
      const hash = createHash("sha256");
      const all = [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      for (const grid of all) hash.update(canonicalGrid(grid));
      this.#hash = hash.digest("hex");
    }
    return this.#hash;
  }
}

/** Best match first; see README for why in this order. Cells at sea may overlap, so the smaller one goes first there. */
function rank(grids: readonly Grid[]): Grid[] {
  const keyed = grids
    .filter((g) => g.geometry !== null)
    .map((grid) => ({
      grid,
      tier: tier(grid),
      fineness: FINENESS[grid.level],
      area: isSea(grid) ? polygonsOf(grid).reduce((sum, p) => sum + polygonArea(p), 0) : 0,
    }));
  keyed.sort(
    (a, b) => a.tier - b.tier || a.fineness - b.fineness || a.area - b.area || (a.grid.id < b.grid.id ? -1 : 1),
  );
  return keyed.map((k) => k.grid);
}

function asSources(input: readonly (GridSource | object)[]): GridSource[] {
  const features: object[] = [];
  const sources: GridSource[] = [];
  for (const [i, each] of input.entries()) {
    if (typeof each !== "object" || each === null) sources.push({ file: `input[${i}]`, data: each });
    else if ("file" in each && "data" in each) sources.push(each as GridSource);
    else if ((each as { type?: unknown }).type === "Feature") features.push(each);
    else sources.push({ file: `input[${i}]`, data: each });
  }
  if (features.length > 0) sources.push({ file: "features", data: { type: "FeatureCollection", features } });
  return sources;
}
