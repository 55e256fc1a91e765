import Type, { type Static } from "typebox";
import { Time } from "./query.ts";
import { HealthState, Nullable } from "./schema.ts";

// What the API says of cameras and detectors. Times are ms UTC, spans ms.

/** silent: no frame for five minutes; idle: none yet; unwatched: nothing to watch for, or no detectors. */
export const CameraState = Type.Union([
  Type.Literal("watching"),
  Type.Literal("silent"),
  Type.Literal("idle"),
  Type.Literal("unwatched"),
]);
const Pace = Type.Object({ interval_ms: Type.Optional(Type.Number()), patrol_ms: Type.Optional(Type.Number()) });
const Sample = Type.Object({ offered: Type.Number(), looked: Type.Number() });

/** What people made of what was raised. */
export const Judged = Type.Object({
  raised: Type.Number(),
  falseAlarms: Type.Number(),
  confirmed: Type.Number(),
  precision: Type.Union([Type.Number(), Type.Null()], {
    description:
      "confirmed / (confirmed + false alarms); null = nobody has judged any. Open and cleared events do not count",
  }),
  low: Type.Union([Type.Number(), Type.Null()], { description: "95 % interval (Wilson)" }),
  high: Type.Union([Type.Number(), Type.Null()]),
});
const JudgedKind = Type.Intersect([Type.Object({ kind: Type.String(), recipe: Type.String() }), Judged]);

export const CameraInfo = Type.Object({
  uid: Type.String(),
  title: Type.String(),
  site: Type.String(),
  gridId: Nullable(Type.String()),
  gridPath: Type.Array(Type.String()),
  lon: Nullable(Type.Number()),
  lat: Nullable(Type.Number()),
  health: HealthState,
  healthReason: Type.String({ description: "`source_<code>` where the edge says what is wrong with the camera" }),
  healthSince: Type.Number(),
  state: CameraState,
  frameAt: Nullable(Type.Number()),
  frameAgeMs: Type.Union([Type.Number(), Type.Null()], { description: "ms since the newest frame" }),
  perSecond: Type.Number({ description: "frames a second that reach the hub, over the last minute or so" }),
  frames: Type.Object(
    {
      spanMs: Type.Number(),
      samples: Type.Object({ candidate: Sample, motion: Sample, patrol: Sample }),
      share: Type.Number({ description: "part of all frames that detectors looked at" }),
      ageMs: Nullable(Type.Object({ p50: Type.Number(), p95: Type.Number(), max: Type.Number() })),
    },
    { description: "what came and what was looked at in the last ten minutes, and how old it was then" },
  ),
  recipes: Type.Array(Type.String()),
  models: Type.Array(Type.String(), { description: "name@version" }),
  looks: Type.Array(
    Type.Object({
      recipe: Type.String(),
      kind: Type.String(),
      models: Type.Array(Type.String()),
      zone: Nullable(Type.String({ description: "polygon as fractions of the frame; null = the whole frame" })),
      beside: Nullable(
        Type.Object(
          { kind: Type.String(), within: Type.Number(), devices: Type.Integer(), uncertain: Type.Integer() },
          {
            description:
              "registered devices in its calibrated views beside which, within so many metres, something counts; `uncertain` = those where the calibration cannot tell that",
          },
        ),
      ),
      hours: Nullable(Type.String({ description: "local time; null = always" })),
      open: Type.Boolean({ description: "whether it looks now" }),
    }),
  ),
  candidates: Type.Array(
    Type.Object({ recipe: Type.String(), kind: Type.String(), since: Time, raised: Type.Boolean() }),
    { description: "what has begun, and whether an event was raised of it" },
  ),
  pace: Type.Union([Pace, Type.Null()], { description: "what the hub asks of the edge" }),
  runs: Type.Union([Pace, Type.Null()], { description: "what the edge says it runs" }),
  calibration: Type.Array(Type.Object({ preset: Type.String(), version: Type.Number(), moved: Type.Boolean() }), {
    description: "in use, by preset; moved: the camera's registered place is another since",
  }),
  picture: Type.Union(
    [
      Type.Object({
        ts: Time,
        width: Type.Number(),
        height: Type.Number(),
        preset: Type.String(),
        moving: Type.Boolean({ description: "it turned when the picture was taken, or looked away from its presets" }),
      }),
      Type.Null(),
    ],
    { description: "the newest one in memory, see `/api/cameras/:site/:name/thumbnail` and `/frame`" },
  ),
  evidence: Type.Number({ description: "pictures that are kept" }),
  precision: Type.Array(JudgedKind, { description: "of the last `days`" }),
});

export const CameraPage = Type.Object({
  items: Type.Array(CameraInfo),
  next: Nullable(Type.String()),
  total: Type.Number({ description: "that fit the query" }),
  states: Type.Record(Type.String(), Type.Number(), { description: "all of the query but for `state`" }),
  faulty: Type.Number({ description: "of those, how many are late, offline, flapping, or have a fault of their own" }),
});

export const VisionModel = Type.Object({
  name: Type.String(),
  id: Type.Union([Type.String(), Type.Null()], { description: "name@version; null = not in use" }),
  refused: Type.Union([Type.String(), Type.Null()], {
    description: "why what lies in its folder now is not used, e.g. a wrong sha256; an earlier version may still run",
  }),
  card: Nullable(
    Type.Object({
      version: Type.String(),
      title: Type.String(),
      sha256: Type.String({ description: "of the card; the file that runs has it" }),
      bytes: Type.Number(),
      licence: Type.String(),
      attribution: Type.String(),
      provenance: Type.String(),
      limits: Type.String(),
      input: Type.Object({ width: Type.Number(), height: Type.Number() }),
      decoder: Type.String(),
      labels: Type.Array(
        Type.Object({
          label: Type.String(),
          threshold: Type.Number(),
          kind: Nullable(Type.String({ description: "event kind of the class" })),
        }),
      ),
      measured: Type.Record(Type.String(), Type.Any(), { description: "free form, as on the card" }),
    }),
  ),
  frames: Type.Number({ description: "looked at since the start" }),
  frameMs: Type.Union([Type.Object({ p50: Type.Number(), p95: Type.Number() }), Type.Null()], {
    description: "JPEG to detections on a thread, wall time, over the last 128",
  }),
  cameras: Type.Number({ description: "of the account's grids that have a recipe with it" }),
  precision: Type.Array(JudgedKind, { description: "of the last `days`, in the account's grids" }),
});

export const VisionModels = Type.Object({
  enabled: Type.Boolean(),
  items: Type.Array(VisionModel),
  load: Type.Object(
    {
      offered: Type.Number(),
      capacity: Type.Number(),
      slower: Type.Number({ description: "by how much calm cameras are asked to slow down; 1 = not" }),
      waiting: Type.Number(),
      ageMs: Type.Object({ p50: Type.Number(), p95: Type.Number() }),
      dropped: Type.Record(Type.String(), Type.Number(), { description: "frames since the start, by reason" }),
    },
    { description: "of the whole hub; frames a second" },
  ),
});

export type Judged = Static<typeof Judged>;
export type CameraInfo = Static<typeof CameraInfo>;
export type CameraPage = Static<typeof CameraPage>;
export type VisionModel = Static<typeof VisionModel>;
export type VisionModels = Static<typeof VisionModels>;
