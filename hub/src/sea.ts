import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { GRID_THRESHOLDS, type ThresholdName } from "./sea-thresholds.ts";

// What a grid at sea may say about itself (`sea` of a GeoJSON feature): read by grids/, kept by store/, obeyed by fleet/.

const strict = { additionalProperties: false };
const Clock = Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$" });
const MonthDay = Type.String({ pattern: "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$" });
const MOMENT = { minimum: 0, maximum: 8e15 };
const Ids = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 1000 });

/** Field by field: README.md of grids/. */
const SeaSchema = Type.Object(
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
          Object.entries(GRID_THRESHOLDS).map(([name, { min, max }]) => [
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
