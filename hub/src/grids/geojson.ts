import { DATUMS, type Datum } from "./datum.ts";
import { readSea, type SeaAttributes } from "../sea.ts";
import { type FieldReport, readGeometry, type VertexBudget } from "./geometry.ts";
import { CATEGORIES, type FormationMember, type Grid, LEVELS } from "./grid.ts";
import { type ProblemCode, type ProblemList, shown } from "./problem.ts";

/** A parsed GeoJSON document and the name to call it by in problems. */
export interface GridSource {
  readonly file: string;
  readonly data: unknown;
}

/** Bounds on one import; a county has 706 cells, a city some 20,000. */
export interface GridLimits {
  readonly features: number;
  readonly vertices: number;
  readonly verticesPerFeature: number;
  readonly members: number;
  /** of one file, before it is parsed */
  readonly bytes: number;
}
export const DEFAULT_LIMITS: GridLimits = {
  features: 50_000,
  vertices: 3_000_000,
  verticesPerFeature: 100_000,
  members: 200_000,
  bytes: 256 * 1024 * 1024,
};

/** A grid and the place that it was read from. */
export interface ImportedGrid {
  readonly grid: Grid;
  readonly file: string;
  readonly feature: number;
}

// The id becomes a level of an MQTT topic (`out/event/<grid>/<id>`), hence no separators, wildcards, spaces or controls.
// eslint-disable-next-line no-control-regex
const ID = /^[^\s/+#\u0000-\u001f\u007f]{1,128}$/;
const MAX_NAME = 200;
const MAX_CODES = 32;

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const oneOf = <T extends string>(all: readonly T[], v: unknown): v is T => (all as readonly unknown[]).includes(v);

/** Reads every feature of every source. Never throws; what cannot be used is left out and named in `problems`. */
export function readGrids(
  sources: readonly GridSource[],
  problems: ProblemList,
  limits: GridLimits = DEFAULT_LIMITS,
): ImportedGrid[] {
  const out: ImportedGrid[] = [];
  const budget = { features: limits.features, members: limits.members, vertices: { left: limits.vertices } };
  for (const { file, data } of sources) {
    const wrong = (field: string, expected: string, code: ProblemCode = "bad_field") =>
      problems.add({ file, feature: null, id: null, field, code, expected, severity: "error" });
    if (!isObject(data) || data.type !== "FeatureCollection" || !Array.isArray(data.features)) {
      wrong(
        "type",
        `expected a GeoJSON FeatureCollection with "features", found ${shown(isObject(data) ? data.type : data)}`,
        "not_a_collection",
      );
      continue;
    }
    const datum = data.datum ?? "wgs84";
    if (!oneOf(DATUMS, datum)) {
      wrong("datum", `expected one of ${DATUMS.join(", ")}, found ${shown(datum)}`);
      continue;
    }
    const crs = crsName(data.crs);
    if (crs !== null && !/(CRS84|EPSG:+(4326|4490))$/i.test(crs)) {
      wrong("crs", `expected degrees in WGS84 (CRS84, EPSG:4326) or CGCS2000 (EPSG:4490), found ${shown(crs)}`);
      continue;
    }
    for (const [index, feature] of data.features.entries()) {
      if (budget.features-- <= 0) {
        wrong("features", `expected at most ${limits.features} features in one import; the rest is left out`, "limit");
        return out;
      }
      const grid = readFeature({ file, index, feature, datum, problems, limits, budget });
      if (grid !== null) out.push({ grid, file, feature: index });
    }
  }
  return out;
}

function crsName(crs: unknown): string | null {
  if (!isObject(crs)) return null;
  const name = isObject(crs.properties) ? crs.properties.name : null;
  return typeof name === "string" ? name : "unnamed";
}

interface FeatureInput {
  readonly file: string;
  readonly index: number;
  readonly feature: unknown;
  readonly datum: Datum;
  readonly problems: ProblemList;
  readonly limits: GridLimits;
  readonly budget: { members: number; readonly vertices: VertexBudget };
}

function readFeature(input: FeatureInput): Grid | null {
  const { file, index, feature, problems, limits, budget } = input;
  let id: string | null = null;
  let fatal = false;
  const report: FieldReport = (field, expected, code = "bad_field", severity = "error", at) => {
    if (severity === "error") fatal = true;
    problems.add({ file, feature: index, id, field, code, expected, severity, ...at });
  };
  if (!isObject(feature) || feature.type !== "Feature" || !isObject(feature.properties)) {
    report("type", `expected a GeoJSON Feature with "properties", found ${shown(feature)}`);
    return null;
  }
  const p = feature.properties;
  id = readId(p.id ?? feature.id);
  if (id === null)
    report(
      "properties.id",
      `expected 1 to 128 characters without space, "/", "+" or "#", found ${shown(p.id ?? feature.id)}`,
    );
  const name = typeof p.name === "string" ? p.name.trim() : "";
  if (name === "" || name.length > MAX_NAME)
    report("properties.name", `expected a text of 1 to ${MAX_NAME} characters, found ${shown(p.name)}`);
  const { level, category } = p;
  if (!oneOf(LEVELS, level)) report("properties.level", `expected one of ${LEVELS.join(", ")}, found ${shown(level)}`);
  if (!oneOf(CATEGORIES, category))
    report("properties.category", `expected one of ${CATEGORIES.join(", ")}, found ${shown(category)}`);
  if (level === "formation" && oneOf(CATEGORIES, category) && category !== "maritime")
    report("properties.category", `expected "maritime" for a formation, found ${shown(category)}`);
  const parent = p.parent === null || p.parent === undefined ? null : readId(p.parent);
  if (parent === null && p.parent !== null && p.parent !== undefined)
    report("properties.parent", `expected the id of a grid or null, found ${shown(p.parent)}`);
  const datum = p.datum ?? input.datum;
  if (!oneOf(DATUMS, datum)) report("properties.datum", `expected one of ${DATUMS.join(", ")}, found ${shown(datum)}`);
  if (p.synthetic !== undefined && typeof p.synthetic !== "boolean")
    report("properties.synthetic", `expected true or false, found ${shown(p.synthetic)}`);
  const codes = readCodes(p.codes, report);
  if (typeof p.use === "string" && p.use !== "" && p.use.length <= 64) codes.use ??= p.use;
  else if (p.use !== undefined && p.use !== "")
    report("properties.use", `expected a text of at most 64 characters, found ${shown(p.use)}`);
  const members = level === "formation" ? readMembers(p.members, report, budget, limits) : [];
  if (level !== "formation" && p.members !== undefined)
    report("properties.members", `expected members on a formation only; they are ignored`, "bad_field", "warning");
  const sea = readSeaOf(p.sea, category, report);
  const geometry = oneOf(DATUMS, datum)
    ? readGeometry(feature.geometry, level, datum, report, budget.vertices, limits.verticesPerFeature)
    : null;
  if (fatal || id === null || !oneOf(LEVELS, level) || !oneOf(CATEGORIES, category)) return null;
  const synthetic = p.synthetic === true;
  const grid = { id, name, level, category, parent, codes, synthetic, geometry, members };
  return sea === null ? grid : { ...grid, sea };
}

/** Any grid may carry thresholds for those below it and ports; a rule is for a border at sea. */
function readSeaOf(v: unknown, category: unknown, report: FieldReport): SeaAttributes | null {
  if (v === undefined || v === null) return null;
  const read = readSea(v);
  if ("problems" in read) {
    for (const { field, expected } of read.problems) report(`properties.${field}`, expected);
    return null;
  }
  if (read.sea.rule !== undefined && category !== "maritime")
    report("properties.sea.rule", `expected a rule on a maritime grid only, found category ${shown(category)}`);
  return read.sea;
}

function readId(v: unknown): string | null {
  // Codes of nine or twelve digits often arrive as numbers.
  if (typeof v === "number" && Number.isSafeInteger(v) && v >= 0) return String(v);
  return typeof v === "string" && ID.test(v) ? v : null;
}

function readCodes(v: unknown, report: FieldReport): Record<string, string> {
  const codes: Record<string, string> = {};
  if (v === undefined || v === null) return codes;
  if (!isObject(v) || Object.keys(v).length > MAX_CODES) {
    report("properties.codes", `expected an object of at most ${MAX_CODES} texts, found ${shown(v)}`);
    return codes;
  }
  for (const [key, value] of Object.entries(v)) {
    const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
    if (typeof text !== "string" || text.length > 128 || key.length > 64 || key === "__proto__")
      report(
        `properties.codes.${key.slice(0, 64)}`,
        `expected a text of at most 128 characters, found ${shown(value)}`,
      );
    else codes[key] = text;
  }
  return codes;
}

/** Leaves out what is not said, so that equal memberships are equal. */
export function memberOf(
  member: FormationMember,
  gear: string | undefined,
  from: number | undefined,
  to: number | undefined,
): FormationMember {
  return {
    ...member,
    ...(gear === undefined || gear === "" ? {} : { gear }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** An ISO date or time with its zone (a date alone is midnight UTC), or ms; undefined = not said, null = wrong. */
export function instant(v: unknown): number | null | undefined {
  if (v === undefined || v === null || v === "") return undefined;
  const ms = typeof v === "number" ? v : typeof v === "string" && ISO.test(v) ? Date.parse(v) : Number.NaN;
  return Number.isFinite(ms) && Math.abs(ms) < 8e15 ? ms : null;
}

const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))?$/;

function readMembers(
  v: unknown,
  report: FieldReport,
  budget: { members: number },
  limits: GridLimits,
): FormationMember[] {
  if (!Array.isArray(v)) {
    report("properties.members", `expected a list of {mmsi, name?, role?}, found ${shown(v)}`);
    return [];
  }
  if (v.length > budget.members) {
    report("properties.members", `expected at most ${limits.members} members in one import`, "limit");
    return [];
  }
  budget.members -= v.length;
  const members: FormationMember[] = [];
  for (const [i, m] of v.entries()) {
    const field = `properties.members[${i}]`;
    const mmsi = isObject(m) ? Number(m.mmsi) : NaN;
    if (!isObject(m) || !Number.isInteger(mmsi) || mmsi < 1 || mmsi > 999_999_999) {
      report(`${field}.mmsi`, `expected a number of up to nine digits, found ${shown(isObject(m) ? m.mmsi : m)}`);
      continue;
    }
    const { name = "", role = "", gear } = m;
    const texts = typeof name === "string" && name.length <= MAX_NAME && typeof role === "string" && role.length <= 64;
    const [from, to] = [instant(m.from), instant(m.to)];
    if (!texts || (gear !== undefined && (typeof gear !== "string" || gear.length > 64)))
      report(field, `expected texts as name, role and gear, found ${shown(m)}`);
    else if (from === null || to === null || (from !== undefined && to !== undefined && from >= to))
      report(field, `expected ISO times or ms as from and to, from before to, found ${shown(m)}`);
    else members.push(memberOf({ mmsi, name, role }, gear, from, to));
  }
  return members;
}
