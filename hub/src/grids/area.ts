import type { SeaAttributes } from "../sea.ts";
import { readGrids } from "./geojson.ts";
import { checkShape } from "./check.ts";
import type { Grid, GridGeometry } from "./grid.ts";
import type { GridSet } from "./grid-set.ts";
import { type GridProblem, ProblemList } from "./problem.ts";

/** What an area is for. `ground`: it is only a place (fishing ground, lane); its border means nothing. */
export const AREA_KINDS = [
  "no_go",
  "closed_season",
  "aquaculture",
  "working_area",
  "speed_limit",
  "harbour",
  "shelter",
  "ground",
] as const;
export type AreaKind = (typeof AREA_KINDS)[number];

interface Span {
  readonly from: string;
  readonly to: string;
}

/** An area at sea as people edit it: the cell, its rule and its schedule in one. Absent = no such limit. */
export interface AreaBody {
  readonly name: string;
  readonly parent: string;
  readonly kind: AreaKind;
  /** GeoJSON Polygon or MultiPolygon, degrees WGS84 */
  readonly geometry: GridGeometry | object;
  readonly severity?: 1 | 2 | 3 | 4;
  readonly gear?: readonly string[];
  /** grids whose vessels may enter */
  readonly allow?: readonly string[];
  /** working area: whose vessels belong in it */
  readonly formations?: readonly string[];
  readonly dates?: readonly Span[];
  readonly hours?: readonly Span[];
  readonly weekdays?: readonly number[];
  /** faster than this a vessel only passes through, knots */
  readonly transitKn?: number;
  /** of a speed limit, knots */
  readonly limitKn?: number;
  /** metres beyond the border that still count as inside or outside */
  readonly toleranceM?: number;
  /** in force from (included) to (excluded), ms UTC */
  readonly validFrom?: number;
  readonly validTo?: number;
  readonly reportVisits?: boolean;
  readonly synthetic?: boolean;
}

const MAX_VERTICES = 20_000;
const LIMITS = { features: 1, vertices: MAX_VERTICES, verticesPerFeature: MAX_VERTICES, members: 0, bytes: 0 };

/** Whether people edit it as an area: a cell at sea with a shape. */
export function isArea({ category, level, geometry }: Grid): boolean {
  return category === "maritime" && level !== "formation" && geometry !== null;
}

/**
 * The cell that an area becomes.
 * @param before the cell of that id that is in force, whose codes and thresholds stay
 * @returns the cell, or what is wrong with which field
 */
export function cellOfArea(
  id: string,
  body: AreaBody,
  before: Grid | undefined,
): { readonly grid: Grid } | { readonly problems: readonly GridProblem[] } {
  const { use: _, ...codes } = before?.codes ?? {};
  const use = body.kind === "harbour" || body.kind === "shelter" ? body.kind : usedFor(before);
  const feature = {
    type: "Feature",
    geometry: body.geometry,
    properties: {
      id,
      name: body.name,
      level: before?.level ?? "area",
      category: "maritime",
      parent: body.parent,
      codes,
      ...(use !== undefined && { use }),
      ...(body.synthetic === true && { synthetic: true }),
      sea: seaOf(body, before?.sea),
    },
  };
  const list = new ProblemList();
  const [read] = readGrids([{ file: "area", data: { type: "FeatureCollection", features: [feature] } }], list, LIMITS);
  const named = list.items.map((problem) => ({ ...problem, field: fieldOf(problem.field) }));
  if (read === undefined) return { problems: named };
  const { grid } = read;
  const problems = [...named, ...checkShape(grid)];
  return problems.some(({ severity }) => severity === "error") ? { problems } : { grid };
}

/** What people edit, read back from a cell. */
export function areaOfCell(grid: Grid): AreaBody {
  const sea: SeaAttributes = grid.sea ?? {};
  const { severity, gear, allow, formations, dates, hours, weekdays, transit_kn, limit_kn, valid, report_visits } = sea;
  return {
    name: grid.name,
    parent: grid.parent ?? "",
    kind: kindOf(grid),
    geometry: grid.geometry ?? {},
    ...defined({
      severity,
      gear,
      allow,
      formations,
      dates,
      hours,
      weekdays,
      transitKn: transit_kn,
      limitKn: limit_kn,
      toleranceM: sea.thresholds?.area_margin_m,
      validFrom: valid?.from,
      validTo: valid?.to,
      reportVisits: report_visits,
      synthetic: grid.synthetic ? true : undefined,
    }),
  };
}

export function kindOf({ sea, codes }: Grid): AreaKind {
  const rule = sea?.rule as AreaKind | undefined;
  if (codes.use === "shelter") return "shelter";
  if (rule !== undefined) return rule;
  return codes.use === "harbour" ? "harbour" : "ground";
}

/** Grids that an area names and that the tree does not have. */
export function unknownGrids({ parent, allow = [], formations = [] }: AreaBody, set: GridSet): string[] {
  return [...new Set([parent, ...allow, ...formations])].filter((id) => set.get(id) === undefined);
}

/** Rule, schedule and tolerance of the body; what people do not edit here (ports, other thresholds) stays. */
function seaOf(body: AreaBody, before: SeaAttributes | undefined): object | undefined {
  const { area_margin_m: _, ...thresholds } = before?.thresholds ?? {};
  const margin = body.toleranceM === undefined ? thresholds : { ...thresholds, area_margin_m: body.toleranceM };
  const valid = defined({ from: body.validFrom, to: body.validTo });
  const rule = body.kind === "shelter" ? "harbour" : body.kind === "ground" ? undefined : body.kind;
  const sea = defined({
    rule,
    severity: body.severity,
    gear: listed(body.gear),
    allow: listed(body.allow),
    formations: listed(body.formations),
    dates: listed(body.dates),
    hours: listed(body.hours),
    weekdays: listed(body.weekdays),
    transit_kn: body.transitKn,
    limit_kn: body.limitKn,
    valid: Object.keys(valid).length === 0 ? undefined : valid,
    report_visits: body.reportVisits,
    ports: before?.ports,
    thresholds: Object.keys(margin).length === 0 ? undefined : margin,
  });
  return Object.keys(sea).length === 0 ? undefined : sea;
}

/** The use of a ground (fishing, transport) stays; that of a harbour that is none any more does not. */
function usedFor(before: Grid | undefined): string | undefined {
  const use = before?.codes.use;
  return use === "harbour" || use === "shelter" ? undefined : use;
}

/** `properties.sea.transit_kn` of a file is `transitKn` here. */
function fieldOf(path: string): string {
  return path.replace(/^properties\.(sea\.?)?/, "").replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

const listed = <T>(list: readonly T[] | undefined) => (list === undefined || list.length === 0 ? undefined : list);

function defined<T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as never;
}
