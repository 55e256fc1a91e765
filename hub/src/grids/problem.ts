/** Something wrong in imported grids: said so that the person who has the file open can find and mend it. */
export interface GridProblem {
  /** file name, or what the caller called the source */
  readonly file: string;
  /** index of the feature in its collection; null = the collection itself */
  readonly feature: number | null;
  /** the feature's grid id where it could be read */
  readonly id: string | null;
  /** path of the field, e.g. `properties.level`, `geometry.coordinates[0][3]` */
  readonly field: string;
  /** stable word for programs, see PROBLEM_CODES */
  readonly code: ProblemCode;
  /** what was expected, and what was found */
  readonly expected: string;
  /** `error`: the feature (or the named part) is left out; `warning`: it is used, but look at it */
  readonly severity: "error" | "warning";
  /** of a table; 1 = its header */
  readonly line?: number;
  /** where on the map, degrees WGS84, for geometric problems */
  readonly lon?: number;
  readonly lat?: number;
}

export const PROBLEM_CODES = [
  "unreadable",
  "not_a_collection",
  "limit",
  "bad_field",
  "bad_geometry",
  "duplicate_id",
  "duplicate_member",
  "orphan",
  "cycle",
  "level_order",
  "self_intersection",
  "overlap",
  "outside_parent",
  "gap",
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** Collects problems up to a limit: a broken file of 50,000 features must not fill the memory with its own faults. */
export class ProblemList {
  readonly items: GridProblem[] = [];
  readonly #limit: number;
  /** problems beyond the limit, counted only */
  dropped = 0;

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  add(problem: GridProblem): void {
    if (this.items.length < this.#limit) this.items.push(problem);
    else this.dropped++;
  }
}

/** One line for a terminal or a log. */
export function describeProblem(p: GridProblem): string {
  const where = p.feature === null ? "" : ` feature ${p.feature}`;
  const id = p.id === null ? "" : ` (${p.id})`;
  const at = p.lon === undefined || p.lat === undefined ? "" : ` at ${p.lon.toFixed(6)},${p.lat.toFixed(6)}`;
  return `${p.severity} ${p.code}: ${p.file}${where}${id} ${p.field}: ${p.expected}${at}`;
}

/** A value as it appears in a message: short, whatever was sent. */
export function shown(v: unknown): string {
  if (v === undefined) return "nothing";
  const text = JSON.stringify(v) ?? String(v);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
