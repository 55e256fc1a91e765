import Type, { type Static } from "typebox";

const Nullable = <T extends Type.TSchema>(type: T) => Type.Union([type, Type.Null()]);
const Fraction = Type.Number({ minimum: 0, maximum: 1, description: "of the frame, from its left and upper edge" });
const Lon = Type.Number({ minimum: -180, maximum: 180, description: "degrees WGS84" });
const Lat = Type.Number({ minimum: -90, maximum: 90, description: "degrees WGS84" });
const Aspect = Type.Number({ description: "width / height of the picture it is made on" });
const K1 = Type.Optional(Type.Number({ description: "radial distortion; radius 1 = the corner of the frame" }));
const Preset = Type.String({
  maxLength: 64,
  pattern: "^[^\\u0000]*$",
  description: "as its frames name it; empty = the camera as it always looks",
});

export const MarkedPointInfo = Type.Object(
  { x: Fraction, y: Fraction, lon: Lon, lat: Lat },
  { additionalProperties: false },
);

const PointsForm = Type.Object(
  {
    method: Type.Literal("points"),
    aspect: Aspect,
    k1: K1,
    points: Type.Array(MarkedPointInfo, { maxItems: 50 }),
    mapErrorM: Type.Optional(
      Type.Number({ description: "standard deviation of a point on the map, metres; default 2" }),
    ),
  },
  { additionalProperties: false },
);

const poseFields = {
  heightM: Type.Number({ description: "above the ground or water that is looked at" }),
  bearing: Type.Number({ description: "of the picture's middle, degrees from true north" }),
  pitch: Type.Number({ description: "of the picture's middle, degrees; negative looks down" }),
  roll: Type.Number({ description: "of the picture's right edge downwards, degrees" }),
  fov: Type.Number({ description: "horizontal field of view, degrees" }),
};

const PoseForm = Type.Object(
  {
    method: Type.Literal("pose"),
    aspect: Aspect,
    k1: K1,
    lon: Lon,
    lat: Lat,
    ...poseFields,
    sigma: Type.Optional(
      Type.Partial(Type.Object(poseFields, { additionalProperties: false }), {
        description: "standard deviations",
        additionalProperties: false,
      }),
    ),
  },
  { additionalProperties: false },
);

export const CalibrationForm = Type.Union([PointsForm, PoseForm]);

export const CalibrationRequest = Type.Object(
  {
    preset: Type.Optional(Preset),
    calibration: CalibrationForm,
    note: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);

export const CalibrationVersionInfo = Type.Object({
  version: Type.Number(),
  preset: Type.String(),
  at: Type.Number({ description: "ms UTC" }),
  who: Type.String(),
  note: Type.String(),
  /** null = taken away with this version */
  calibration: Nullable(CalibrationForm),
});

export const CalibrationInfo = Type.Object({
  uid: Type.String(),
  title: Type.String(),
  /** where the register has the camera */
  lon: Nullable(Type.Number()),
  lat: Nullable(Type.Number()),
  gridId: Nullable(Type.String()),
  /** in use now, one a preset */
  current: Type.Array(
    Type.Intersect([
      CalibrationVersionInfo,
      Type.Object({
        /** metres by which each point misses; empty for a pose */
        residuals: Type.Array(Type.Number()),
        rmsM: Type.Number(),
        /** the camera was registered elsewhere since: not used until it is calibrated anew */
        moved: Type.Boolean(),
      }),
    ]),
  ),
  /** newest first */
  history: Type.Array(CalibrationVersionInfo),
  /** the newest picture; null = none yet, one that comes will be kept for some minutes */
  frame: Nullable(
    Type.Object({ ts: Type.Number(), width: Type.Number(), height: Type.Number(), preset: Type.String() }),
  ),
});

export const LocateRequest = Type.Object(
  {
    x: Fraction,
    y: Fraction,
    preset: Type.Optional(Preset),
    /** tried instead of the calibration in use */
    calibration: Type.Optional(CalibrationForm),
  },
  { additionalProperties: false },
);

export const LocateInfo = Type.Object({
  /** ground: lon, lat, errorM; bearing: at or above the horizon; nowhere: not even that */
  kind: Type.Union([Type.Literal("ground"), Type.Literal("bearing"), Type.Literal("nowhere")]),
  lon: Nullable(Type.Number()),
  lat: Nullable(Type.Number()),
  errorM: Nullable(Type.Number({ description: "radius that holds the place in 95 % of the cases" })),
  bearing: Nullable(Type.Number()),
  gridId: Nullable(Type.String()),
  gridName: Nullable(Type.String()),
  /** as an event's: inside, nearest, uncertain (the circle touches further grids), unmatched; bound = the camera's grid */
  match: Type.String(),
  /** null = of the calibration that was tried */
  version: Nullable(Type.Number()),
});

/** How a calibration would be, before it is saved. */
export const CalibrationCheck = Type.Object({
  /** null = it would be taken; the code of the refusal otherwise */
  refused: Nullable(Type.Object({ code: Type.String(), detail: Type.String() })),
  residuals: Type.Array(Type.Number()),
  rmsM: Type.Number(),
  /** a net on the ground as the camera sees it */
  stepM: Type.Number(),
  lines: Type.Array(Type.Array(Type.Tuple([Type.Number(), Type.Number()]))),
});

export type CalibrationCheck = Static<typeof CalibrationCheck>;
export type CalibrationForm = Static<typeof CalibrationForm>;
export type CalibrationRequest = Static<typeof CalibrationRequest>;
export type CalibrationVersionInfo = Static<typeof CalibrationVersionInfo>;
export type CalibrationInfo = Static<typeof CalibrationInfo>;
export type LocateRequest = Static<typeof LocateRequest>;
export type LocateInfo = Static<typeof LocateInfo>;
