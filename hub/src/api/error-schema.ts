import Type, { type Static } from "typebox";

// What the API says when it refuses.

/** One thing that is wrong in a file or a form, and where. */
export const InputProblem = Type.Object({
  file: Type.String(),
  /** index of the feature in its collection */
  feature: Type.Union([Type.Number(), Type.Null()]),
  /** id of the grid, where it could be read */
  id: Type.Union([Type.String(), Type.Null()]),
  /** path of the field, or the line of a table */
  field: Type.String(),
  /** stable word, e.g. overlap, self_intersection, orphan, bad_field */
  code: Type.String(),
  /** what was expected, and what was found */
  expected: Type.String(),
  severity: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
  /** where on the map, degrees WGS84 */
  lon: Type.Optional(Type.Number()),
  lat: Type.Optional(Type.Number()),
});

/** Every error has this shape; `code` is stable. `problems` where one sentence is not enough. */
export const ApiError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  advice: Type.Optional(Type.String()),
  problems: Type.Optional(Type.Array(InputProblem)),
});

export type ApiError = Static<typeof ApiError>;
