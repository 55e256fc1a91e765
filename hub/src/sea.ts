import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";

// What a grid at sea may say about itself (`sea` of a GeoJSON feature): read by grids/, kept by store/, obeyed by fleet/.

export type Severity4 = 1 | 2 | 3 | 4;

interface Threshold {
  /** the option of the fleet room that it replaces */
  readonly option: string;
  /** from the unit of the file to that of the option */
  readonly factor: number;
  readonly min: number;
  readonly max: number;
}

const nm = (option: string, max = 100): Threshold => ({ option, factor: 1, min: 0, max });
const minutes = (option: string, max = 10_080): Threshold => ({ option, factor: 60_000, min: 0, max });
const metres = (option: string, max = 20_000): Threshold => ({ option, factor: 1, min: 0, max });
const knots = (option: string): Threshold => ({ option, factor: 1, min: 0, max: 60 });
const count = (option: string, min: number): Threshold => ({ option, factor: 1, min, max: 1000 });

/** Thresholds that a grid may set for itself and all below it; names carry the unit. 0 switches off where options.ts says so. */
export const THRESHOLD_NAMES = {
  straggler_nm: { ...nm("stragglerNm"), min: 0.05 },
  straggler_spreads: { option: "stragglerSpreads", factor: 1, min: 1, max: 100 },
  straggler_min: minutes("stragglerHoldMs"),
  min_fresh: count("minFresh", 2),
  split_nm: nm("splitNm"),
  split_min: minutes("splitHoldMs"),
  dark_min: { ...minutes("darkMs"), min: 5 },
  gap_min: { ...minutes("gapMs"), min: 5 },
  disabling_min: { ...minutes("disablingMs"), min: 5 },
  outage_share: { option: "outageShare", factor: 1, min: 0.1, max: 1 },
  outage_vessels: count("outageVessels", 2),
  approach_nm: nm("approachNm", 2),
  drift_degrees: { option: "driftDegrees", factor: 1, min: 0, max: 180 },
  drift_min_kn: knots("driftMinKn"),
  drift_max_kn: knots("driftMaxKn"),
  drift_min: minutes("driftHoldMs"),
  swing_m: metres("swingM", 2000),
  anchor_margin_m: metres("anchorMarginM", 2000),
  anchor_s: { option: "anchorHoldMs", factor: 1000, min: 0, max: 86_400 },
  encounter_m: metres("encounterM", 5000),
  encounter_min: minutes("encounterMs"),
  encounter_kn: knots("encounterKn"),
  area_margin_m: metres("areaMarginM"),
  area_fixes: count("areaFixes", 1),
} as const satisfies Readonly<Record<string, Threshold>>;
export type ThresholdName = keyof typeof THRESHOLD_NAMES;

const strict = { additionalProperties: false };
const Clock = Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$" });
const MonthDay = Type.String({ pattern: "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$" });
const MOMENT = { minimum: 0, maximum: 8e15 };
const Ids = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 1000 });

/** Field by field: README.md of grids/. */
export const SeaSchema = Type.Object(
  {
    /** what crossing its border means; absent = nothing (or a harbour, by `use`) */
    rule: Type.Optional(
      Type.Union([
        Type.Literal("harbour"),
        Type.Literal("no_go"),
        Type.Literal("closed_season"),
        Type.Literal("aquaculture"),
        Type.Literal("working_area"),
        Type.Literal("speed_limit"),
      ]),
    ),
    severity: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)])),
    /** only vessels with such gear are meant; absent = all */
    gear: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 50 })),
    /** grids whose vessels may enter */
    allow: Type.Optional(Ids),
    /** working area: whose vessels belong in it */
    formations: Type.Optional(Ids),
    /** in force on these days of the year, both included; local time */
    dates: Type.Optional(Type.Array(Type.Object({ from: MonthDay, to: MonthDay }, strict), { maxItems: 20 })),
    /** in force at these hours; a span may pass midnight */
    hours: Type.Optional(Type.Array(Type.Object({ from: Clock, to: Clock }, strict), { maxItems: 20 })),
    /** as a whole in force from (included) to (excluded), ms UTC; outside it the area is on the map and means nothing */
    valid: Type.Optional(
      Type.Object({ from: Type.Optional(Type.Number(MOMENT)), to: Type.Optional(Type.Number(MOMENT)) }, strict),
    ),
    /** 1 = Monday */
    weekdays: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { minItems: 1, maxItems: 7 })),
    /** faster than this a vessel only passes through, knots */
    transit_kn: Type.Optional(Type.Number({ minimum: 0.1, maximum: 60 })),
    /** speed_limit: nobody may be faster, knots */
    limit_kn: Type.Optional(Type.Number({ minimum: 0.5, maximum: 60 })),
    /** harbours without a polygon, [longitude, latitude] */
    ports: Type.Optional(
      Type.Array(
        Type.Tuple([Type.Number({ minimum: -180, maximum: 180 }), Type.Number({ minimum: -90, maximum: 90 })]),
        { maxItems: 100 },
      ),
    ),
    /** port visits of this harbour become findings */
    report_visits: Type.Optional(Type.Boolean()),
    thresholds: Type.Optional(
      Type.Object(
        Object.fromEntries(
          Object.entries(THRESHOLD_NAMES).map(([name, { min, max }]) => [
            name,
            Type.Optional(Type.Number({ minimum: min, maximum: max })),
          ]),
        ),
        strict,
      ),
    ),
  },
  strict,
);

export type SeaAttributes = Omit<Static<typeof SeaSchema>, "thresholds"> & {
  readonly thresholds?: Readonly<Partial<Record<ThresholdName, number>>>;
};

const checked = Compile(SeaSchema);

/** Checks the `sea` of a feature. @returns the attributes, or what is wrong with which field */
export function readSea(
  value: unknown,
): { readonly sea: SeaAttributes } | { readonly problems: { field: string; expected: string }[] } {
  if (checked.Check(value)) {
    if ((value.rule === "speed_limit") === (value.limit_kn !== undefined)) return { sea: value };
    return { problems: [{ field: "sea.limit_kn", expected: "expected with the rule speed_limit, and only with it" }] };
  }
  const problems = [...checked.Errors(value)]
    .filter(({ keyword }) => keyword !== "boolean")
    .slice(0, 10)
    .map((error) => {
      const extra = (error.params as { additionalProperties?: readonly string[] }).additionalProperties;
      return {
        field: `sea${error.instancePath.replaceAll("/", ".")}`,
        expected: extra === undefined ? `expected a value that ${error.message}` : `unknown field ${extra.join(", ")}`,
      };
    });
  return { problems };
}
