import type { WrittenComparison } from "@gridhub/device-profiles/expression.ts";
import { isExpressionError, parseExpression } from "@gridhub/device-profiles/expression.ts";
import { DURATION_PATTERN, parseDuration } from "@gridhub/device-profiles/duration.ts";
import { closest } from "@gridhub/device-profiles/metric.ts";
import { formatPath, locate, type Path, type Problem } from "@gridhub/device-profiles/problem.ts";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { LineCounter, parseDocument } from "yaml";
import type { Severity } from "../../finding.ts";

/** What a rule of an area asks for; all its conditions must hold. Durations in ms, not scaled. */
export interface AreaRule {
  readonly id: string;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly event: string;
  readonly severity: Severity;
  /** the subtree that it watches; null = everywhere */
  readonly grid: string | null;
  /** one event for each grid of this level; null = one for `grid` */
  readonly each: string | null;
  readonly all: readonly AreaCondition[];
  readonly forMs: number;
  readonly clearForMs: number;
}

export type AreaCondition = SensorsCondition | DeviceCondition | FindingCondition | FlagCondition;

/** At least so many devices of a kind in the grid satisfy `when`, each by a reading no older than `withinMs` (Infinity: the last). */
export interface SensorsCondition {
  readonly what: "sensors";
  /** kind of the device, or `maker/model` of its profile */
  readonly sensors: string;
  readonly when: readonly WrittenComparison[];
  readonly text: string;
  readonly atLeast: number;
  readonly withinMs: number;
}

/** One device, wherever it stands. */
export interface DeviceCondition {
  readonly what: "device";
  readonly uid: string;
  readonly when: readonly WrittenComparison[];
  readonly text: string;
  readonly withinMs: number;
}

/** So many things of this kind are found in the grid: active, or over for less than `withinMs`. */
export interface FindingCondition {
  readonly what: "finding";
  readonly kind: string;
  readonly atLeast: number;
  readonly withinMs: number;
}

/** A word that somebody sets: weather, posture. */
export interface FlagCondition {
  readonly what: "flag";
  readonly flag: string;
  readonly is: readonly string[];
}

const closed = { additionalProperties: false } as const;
const ID = "^[a-z][a-z0-9_]{0,47}$";
const FLAG = "^[a-z][a-z0-9_.]{0,63}$";
const LEVELS = ["county", "town", "village", "grid", "micro_grid"] as const;
const Duration = Type.String({ pattern: DURATION_PATTERN });
const Count = Type.Integer({ minimum: 1, maximum: 10_000 });
const Title = Type.Object({ zh: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) }, closed);
const Condition = Type.Object(
  {
    sensors: Type.Optional(Type.String()),
    device: Type.Optional(Type.String({ pattern: "^[^/]+/[^/]+$" })),
    finding: Type.Optional(Type.String({ pattern: "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$" })),
    flag: Type.Optional(Type.String({ pattern: FLAG })),
    when: Type.Optional(Type.String()),
    at_least: Type.Optional(Count),
    within: Type.Optional(Duration),
    is: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })])),
  },
  closed,
);
const Rule = Type.Object(
  {
    title: Title,
    event: Type.String({ pattern: "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$" }),
    severity: Type.Enum([1, 2, 3, 4]),
    grid: Type.Optional(Type.String({ minLength: 1 })),
    each: Type.Optional(Type.Enum([...LEVELS])),
    all: Type.Array(Condition, { minItems: 1, maxItems: 10 }),
    for: Type.Optional(Duration),
    clear_for: Type.Optional(Duration),
  },
  closed,
);
export const AreaFile = Type.Object(
  { rules: Type.Enum(["v1"]), area: Type.Record(Type.String({ pattern: ID }), Rule, closed) },
  closed,
);
export const FLAG_PATTERN = FLAG;

const DURATIONS: ReadonlySet<string> = new Set(["for", "clear_for", "within"]);
/** What may stand beside each kind of condition. */
const WORDS = {
  sensors: ["when", "at_least", "within"],
  device: ["when", "within"],
  finding: ["at_least", "within"],
  flag: ["is"],
} as const;

/** Reads a file of area rules. Never throws; after an error `rules` is empty. */
export function loadAreaRules(
  text: string,
  file: string,
  gridExists: (id: string) => boolean = () => true,
): {
  readonly rules: AreaRule[];
  readonly problems: Problem[];
} {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const report = (path: Path, message: string) =>
    void problems.push({ file, ...locate(doc, lines, path), path: formatPath(path), message, level: "error" });
  for (const error of doc.errors) report([], `not YAML: ${error.message}`);
  if (problems.length > 0) return { rules: [], problems };
  const value = doc.toJS({ maxAliasCount: 100 }) as unknown;
  for (const error of Value.Errors(AreaFile, value)) {
    if (error.keyword === "boolean") continue; // repeats what "unknown field" says
    const path = error.instancePath
      .split("/")
      .slice(1)
      .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    const { additionalProperties: extra, allowedValues } = error.params as Record<
      string,
      readonly unknown[] | undefined
    >;
    if (extra !== undefined) report([...path, String(extra[0])], `unknown field; expected ${known(path)}`);
    else if (DURATIONS.has(String(path.at(-1)))) report(path, "expected a duration such as 90s, 10m or 6h");
    else report(path, allowedValues === undefined ? error.message : `expected one of ${allowedValues.join(", ")}`);
  }
  if (problems.length > 0) return { rules: [], problems };
  const rules = Object.entries((value as Static<typeof AreaFile>).area).map(([id, rule]): AreaRule => {
    const at = ["area", id];
    if (rule.grid === undefined && rule.each === undefined)
      report([...at, "grid"], "expected grid (a grid's id), each (a level), or both");
    if (rule.grid !== undefined && !gridExists(rule.grid)) report([...at, "grid"], `no grid "${rule.grid}"`);
    const { title, event, severity, grid = null, each = null } = rule;
    const all = rule.all.flatMap((condition, i) => conditionOf(condition, [...at, "all", i], report));
    const [forMs, clearForMs] = [parseDuration(rule.for ?? "0s") ?? 0, parseDuration(rule.clear_for ?? "0s") ?? 0];
    return { id, titleZh: title.zh, titleEn: title.en, event, severity, grid, each, all, forMs, clearForMs };
  });
  return problems.length > 0 ? { rules: [], problems } : { rules, problems };
}

function known(path: Path): string {
  const words =
    path.length === 0
      ? ["rules", "area"]
      : path.length === 2
        ? Object.keys(Rule.properties)
        : Object.keys(Condition.properties);
  return path.at(-1) === "title" ? "zh, en" : words.join(", ");
}

function conditionOf(
  source: Static<typeof Condition>,
  path: Path,
  report: (path: Path, message: string) => void,
): AreaCondition[] {
  const kinds = (["sensors", "device", "finding", "flag"] as const).filter((kind) => source[kind] !== undefined);
  const [what] = kinds;
  if (kinds.length !== 1) {
    report(path, "expected exactly one of sensors, device, finding, flag");
    return [];
  }
  const allowed: readonly string[] = WORDS[what];
  for (const key of ["when", "at_least", "within", "is"] as const)
    if (source[key] !== undefined && !allowed.includes(key))
      report([...path, key], `${key} has no meaning for ${what}; expected ${allowed.join(", ")}`);
  const withinMs = source.within === undefined ? Infinity : (parseDuration(source.within) ?? 0);
  const atLeast = source.at_least ?? 1;
  if (what === "flag") {
    if (source.is === undefined) report(path, "expected is: the value or values that count");
    return [{ what, flag: source.flag ?? "", is: [source.is ?? []].flat() }];
  }
  if (what === "finding")
    return [{ what, kind: source.finding ?? "", atLeast, withinMs: source.within === undefined ? 0 : withinMs }];
  if (source.when === undefined) {
    report(path, 'expected when, e.g. "water_level > 3.5"');
    return [];
  }
  const when = parseExpression(source.when);
  if (isExpressionError(when)) {
    report([...path, "when"], `column ${when.column} of "${source.when}": ${when.message}`);
    return [];
  }
  if (when.some((c) => c.limit === "limit"))
    report([...path, "when"], "limit belongs to a profile's alarm: write the number");
  const text = source.when;
  return what === "sensors"
    ? [{ what, sensors: source.sensors ?? "", when, text, atLeast, withinMs }]
    : [{ what, uid: source.device ?? "", when, text, withinMs }];
}

/** What the loaded profiles say against a rule: kinds and metrics that no device has. They may still come, so it is a warning. */
export function checkAgainstProfiles(
  rules: readonly AreaRule[],
  file: string,
  profiles: readonly {
    readonly id: string;
    readonly kind: string;
    readonly metricIndex: ReadonlyMap<string, number>;
  }[],
): Problem[] {
  const problems: Problem[] = [];
  const warn = (path: Path, message: string) =>
    void problems.push({ file, line: 1, column: 1, path: formatPath(path), message, level: "warning" });
  for (const rule of rules) {
    rule.all.forEach((condition, i) => {
      if (condition.what !== "sensors") return;
      const { sensors, when } = condition;
      const path = ["area", rule.id, "all", i];
      const fitting = profiles.filter(({ id, kind }) => kind === sensors || id.startsWith(`${sensors}@`));
      if (fitting.length === 0) {
        const near = closest(
          sensors,
          profiles.map(({ kind }) => kind),
        );
        warn(
          [...path, "sensors"],
          `no profile of kind or name "${sensors}"${near === null ? "" : `; did you mean "${near}"?`}`,
        );
      }
      for (const { metric } of when)
        if (fitting.length > 0 && !fitting.some(({ metricIndex }) => metricIndex.has(metric)))
          warn([...path, "when"], `no profile of ${sensors} has a metric "${metric}"`);
    });
  }
  return problems;
}
