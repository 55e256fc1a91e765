import Type, { type Static } from "typebox";
import { CODEC_DEFS, type Codec } from "./codec/schema.ts";
import { DURATION_PATTERN } from "./duration.ts";
import { TRAIT_NAMES } from "./trait.ts";

/** The shape of a profile file, version 1. Editors read it from `schema/profile.schema.json`. */

const closed = { additionalProperties: false } as const;
export const PROFILE_ID =
  "^[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9._-]*@(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$";
const NAME = "^[a-z][a-z0-9_]{0,47}$";
const EVENT = "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$";

const Duration = Type.String({ pattern: DURATION_PATTERN, description: "90s, 10m, 6h, 2d" });
const Title = Type.Object(
  { zh: Type.String({ minLength: 1, maxLength: 80 }), en: Type.String({ minLength: 1, maxLength: 80 }) },
  closed,
);
const Severity = Type.Enum([1, 2, 3, 4], { description: "1 highest (red) to 4" });

const Transport = Type.Object(
  {
    uplink: Type.Enum(["telemetry", "raw", "frame"], {
      description: "decoded values, undecoded frames, or camera pictures",
    }),
    expect_every: Type.Optional(Duration),
    grace: Type.Optional(
      Type.Number({ minimum: 1, maximum: 100, description: "late after expect_every x grace; 2.2 unless said" }),
    ),
    sequenced: Type.Optional(
      Type.Boolean({ description: "messages carry boot and sequence numbers (an edge agent's do); true unless said" }),
    ),
    keep_raw: Type.Optional(Type.Boolean({ description: "keep undecoded frames; true for uplink raw unless said" })),
  },
  closed,
);

const Metric = Type.Object(
  {
    unit: Type.Optional(Type.String({ description: "UCUM; required for a metric of your own" })),
    type: Type.Optional(Type.Enum(["number", "boolean", "text"])),
    range: Type.Optional(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 })),
    title: Type.Optional(Title),
  },
  closed,
);

const QualityRule = Type.Object(
  {
    max_step: Type.Optional(
      Type.String({
        pattern: "^[0-9]+(\\.[0-9]+)?/[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$",
        description: "largest plausible change, in the metric's unit: 0.3/1m",
      }),
    ),
    stuck: Type.Optional(Duration),
  },
  closed,
);

const Limit = Type.Union([
  Type.Number(),
  Type.Object({ attribute: Type.String({ pattern: NAME }), default: Type.Number() }, closed),
]);
const Step = Type.Object(
  {
    after: Type.Optional(Duration),
    when: Type.Optional(Type.String({ description: 'instead of after: "pressure < limit - 0.05"' })),
    clear: Type.Optional(Type.String({ description: "ends the step; unless said when its `when` no longer holds" })),
    for: Type.Optional(Duration),
    clear_for: Type.Optional(Duration),
    to: Severity,
  },
  { ...closed, description: "a severity by time (after) or by condition (when)" },
);
const ScheduleWindow = Type.String({ maxLength: 100, description: "mon-fri 22:00-06:00, sat,sun, daily 08:00-20:00" });
const Alarm = Type.Object(
  {
    title: Type.Optional(Title),
    event: Type.String({ pattern: EVENT, description: "event kind, e.g. hydrant.low_pressure" }),
    severity: Severity,
    when: Type.Optional(
      Type.String({ description: 'e.g. "pressure < limit", "a > 1 and b < 2", "rate(level, 10m) > 0.5/1h"' }),
    ),
    no_data: Type.Optional(Type.String({ pattern: NAME, description: "raised by silence of this metric" })),
    after: Type.Optional(Duration),
    limit: Type.Optional(Limit),
    clear: Type.Optional(
      Type.String({ description: "clears when this holds; unless said when `when` no longer holds" }),
    ),
    for: Type.Optional(Duration),
    clear_for: Type.Optional(Duration),
    repeat: Type.Optional(Type.String({ pattern: "^[0-9]+ of [0-9]+$", description: "M of the last N records" })),
    escalate: Type.Optional(Type.Array(Type.Ref("Step"))),
    suppress_if: Type.Optional(
      Type.Union([Type.String({ pattern: NAME }), Type.Array(Type.String({ pattern: NAME }), { minItems: 1 })], {
        description: "edge_offline, or alarms of this profile while which this one is not raised",
      }),
    ),
    schedule: Type.Optional(
      Type.Union([ScheduleWindow, Type.Array(ScheduleWindow, { minItems: 1, maxItems: 50 })], {
        description: "outside these weekly windows the alarm is neither raised nor kept",
      }),
    ),
    time_zone: Type.Optional(Type.String({ description: "of schedule, IANA name; the hub's unless said" })),
    latch: Type.Optional(
      Type.Boolean({
        description: "stays until somebody acknowledges or closes it, then clears as it otherwise would",
      }),
    ),
    clear_after_quiet: Type.Optional(
      Type.String({ pattern: DURATION_PATTERN, description: "clears when no record kept it raised for this long" }),
    ),
  },
  closed,
);
export type AlarmStep = Static<typeof Step>;
export type Alarm = Omit<Static<typeof Alarm>, "escalate"> & { escalate?: AlarmStep[] };

const Derived = Type.Object(
  {
    rate: Type.Optional(Type.String({ pattern: NAME, description: "change of this metric per time, over window" })),
    difference: Type.Optional(
      Type.String({ pattern: NAME, description: "increase of this metric since the record before" }),
    ),
    formula: Type.Optional(Type.String({ maxLength: 500, description: 'e.g. "pressure * 101.97 + altitude"' })),
    window: Type.Optional(Duration),
    counter: Type.Optional(Type.Boolean({ description: "only grows: going backwards is a reset, not a decrease" })),
    rollover: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: "the counter begins anew at 0 here" })),
    max_gap: Type.Optional(Duration),
    max_age: Type.Optional(Duration),
  },
  { ...closed, description: "one of rate, difference, formula" },
);
export type Derived = Static<typeof Derived>;

const Walk = Type.Object(
  {
    walk: Type.Optional(Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: "[centre, step]" })),
    sine: Type.Optional(
      Type.Array(Type.Number(), { minItems: 3, maxItems: 3, description: "[mean, amplitude, period s]" }),
    ),
    value: Type.Optional(Type.Union([Type.Number(), Type.Boolean(), Type.String()])),
  },
  closed,
);
const Faults = Type.Array(Type.Enum(["drop", "duplicate", "reorder", "stuck", "clock_skew", "jump", "silent"]));

const Out = Type.Record(Type.String(), Type.Union([Type.Number(), Type.Boolean(), Type.String(), Type.Null()]));
const Vector = Type.Object(
  {
    title: Type.Optional(Type.String()),
    hex: Type.Optional(Type.String({ pattern: "^([0-9a-fA-F]{2}[ ]?)*$", description: "an undecoded frame" })),
    json: Type.Optional(Type.Record(Type.String(), Type.Any(), { description: "`m` of a telemetry record" })),
    text: Type.Optional(Type.String({ description: "sentences of a text protocol, one a line" })),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
    at: Type.Optional(
      Type.String({
        description: "when the frame arrives, ISO 8601 with a zone; samples that count from the arrival need it",
      }),
    ),
    out: Type.Optional(Out),
    ts: Type.Optional(Type.String({ description: "the record's own time, ISO 8601" })),
    quality: Type.Optional(Type.Record(Type.String(), Type.Integer({ minimum: 0 }))),
    past: Type.Optional(
      Type.Array(Type.Object({ ts: Type.String(), out: Out }, closed), {
        description:
          "earlier samples in the same frame, in the order in which they are sent; not compared unless given",
      }),
    ),
    reject: Type.Optional(Type.String({ description: "the reason code that it must be refused with" })),
  },
  { ...closed, description: "an input and exactly what it must give" },
);
export type Vector = Static<typeof Vector>;

const CodecSchema = Type.Object(
  {
    fixed: Type.Optional(Type.Ref("Fixed")),
    tlv: Type.Optional(Type.Ref("Tlv")),
    bitmap: Type.Optional(Type.Ref("Bitmap")),
    json: Type.Optional(Type.Ref("Json")),
    script: Type.Optional(Type.Ref("Script")),
    text: Type.Optional(Type.Ref("Text")),
    cbor: Type.Optional(Type.Ref("Cbor")),
    preset: Type.Optional(Type.Ref("Preset")),
    protocol: Type.Optional(
      Type.Enum(["ais", "sl651", "jt808", "gb26875"], {
        description: "a field protocol with framing of its own; all but ais give the metrics that `metrics:` lists",
      }),
    ),
  },
  {
    ...closed,
    description:
      "at most one of fixed, tlv, bitmap, script, text, cbor, preset, protocol; json beside it where a device sends both",
  },
);

const Profile = Type.Object(
  {
    profile: Type.Enum(["v1"]),
    id: Type.String({ pattern: PROFILE_ID, description: "maker/model@1.2.3" }),
    kind: Type.String({ pattern: NAME, description: "hydrant, flood_gauge, camera, ais_receiver, manhole, smoke ..." }),
    title: Type.Ref("Title"),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    use: Type.Optional(Type.Array(Type.Enum([...TRAIT_NAMES]), { description: "shared metrics and alarms" })),
    transport: Type.Ref("Transport"),
    codec: Type.Optional(Type.Ref("Codec")),
    metrics: Type.Optional(Type.Record(Type.String({ pattern: NAME }), Type.Ref("Metric"), closed)),
    quality: Type.Optional(Type.Record(Type.String({ pattern: NAME }), Type.Ref("QualityRule"), closed)),
    derived: Type.Optional(Type.Record(Type.String({ pattern: NAME }), Type.Ref("Derived"), closed)),
    alarms: Type.Optional(Type.Record(Type.String({ pattern: NAME }), Type.Ref("Alarm"), closed)),
    simulate: Type.Optional(
      Type.Intersect([
        Type.Object({ faults: Type.Optional(Faults) }),
        Type.Record(Type.String({ pattern: "^(?!faults$)[a-z][a-z0-9_]{0,47}$" }), Type.Ref("Walk")),
      ]),
    ),
    vectors: Type.Optional(Type.Array(Type.Ref("Vector"))),
  },
  { ...closed, title: "gridhub device profile v1" },
);

export const ProfileSchema = Type.Cyclic(
  {
    ...CODEC_DEFS,
    Title,
    Transport,
    Metric,
    QualityRule,
    Step,
    Derived,
    Alarm,
    Walk,
    Vector,
    Codec: CodecSchema,
    Profile,
  },
  "Profile",
);

export interface Titles {
  readonly zh: string;
  readonly en: string;
}

/** A profile file after parsing and checking; what `load.ts` compiles. */
export interface Profile {
  profile: "v1";
  id: string;
  kind: string;
  title: Titles;
  description?: string;
  use?: (typeof TRAIT_NAMES)[number][];
  transport: Static<typeof Transport>;
  codec?: Codec;
  metrics?: Record<string, Static<typeof Metric>>;
  quality?: Record<string, Static<typeof QualityRule>>;
  derived?: Record<string, Derived>;
  alarms?: Record<string, Alarm>;
  simulate?: Record<string, Static<typeof Walk> | string[]>;
  vectors?: Vector[];
}

/** The schema as plain JSON Schema (draft 2020-12): references by `#/$defs/`, as editors expect them. */
export function profileJsonSchema(): unknown {
  const plain = JSON.parse(
    JSON.stringify(ProfileSchema, (key, value: unknown) =>
      key === "$id" ? undefined : key === "$ref" ? `#/$defs/${String(value)}` : value,
    ),
  ) as Record<string, unknown>;
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "gridhub device profile v1", ...plain };
}
