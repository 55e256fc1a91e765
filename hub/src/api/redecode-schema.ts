import Type, { type Static } from "typebox";
import { Time } from "./query.ts";
import { Nullable } from "./schema.ts";

// Shapes of profile sources and of frames that are decoded again.

const Profile = Type.String({ minLength: 3, maxLength: 200, pattern: "^[^\\u0000]*$" });
const Scalar = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()]);
/** of a profile; larger ones are refused, characters */
const MAX_TEXT = 500_000;

export const SourceText = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: MAX_TEXT, pattern: "^[^\\u0000]*$" }) },
  { additionalProperties: false },
);

export const SourceProblem = Type.Object({
  /** 1-based */
  line: Type.Number(),
  /** `alarms.low_pressure.when`; "" = the whole text */
  field: Type.String(),
  message: Type.String(),
  /** what to do; "" where the message says it all */
  advice: Type.String(),
  /** an error keeps the profile from being taken */
  severity: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
});
export const LintInfo = Type.Object({ problems: Type.Array(SourceProblem) });
export const UploadInfo = Type.Object({
  /** `maker/model`; null = not taken, the problems say why */
  id: Nullable(Type.String()),
  version: Nullable(Type.String()),
  problems: Type.Array(SourceProblem),
});

export const VersionPath = Type.Object({ id: Profile });
export const VersionQuery = Type.Object({ text: Type.Optional(Type.Boolean({ description: "with the source" })) });
export const VersionInfo = Type.Object({
  version: Type.String(),
  /**
   * promoted: new devices take it; shadow: tried, used by none; retired: was used, is no more what new devices take; file: never
   * used
   */
  state: Type.Union([Type.Literal("promoted"), Type.Literal("shadow"), Type.Literal("retired"), Type.Literal("file")]),
  /** bound to it, of those that the account sees */
  devices: Type.Number(),
  /** sha256 of what it says; "" = not kept yet */
  hash: Type.String(),
  addedAt: Nullable(Type.Number()),
  addedBy: Type.String(),
  /** the file, or "api" */
  origin: Type.String(),
  text: Type.Optional(Type.String()),
});

export const DecodeRequest = Type.Object(
  {
    profile: Profile,
    hex: Type.Optional(Type.String({ maxLength: 131_072, pattern: "^[0-9A-Fa-f\\s:]*$" })),
    text: Type.Optional(Type.String({ maxLength: 65_536 })),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
  },
  { additionalProperties: false },
);
const DecodedReading = Type.Object({
  metric: Type.String(),
  value: Scalar,
  unit: Type.String(),
  quality: Type.Number(),
});
export const DecodeInfo = Type.Object({
  readings: Type.Array(DecodedReading),
  /** earlier samples of the same frame */
  past: Type.Array(Type.Object({ ts: Type.Number(), readings: Type.Array(DecodedReading) })),
  /** sample time in the frame, ms UTC; 0 = it carries none */
  ts: Type.Number(),
  rejection: Nullable(Type.Object({ reason: Type.String(), detail: Type.String() })),
});

export const RedecodeRequest = Type.Object(
  {
    /** `maker/model@version`, or `maker/model` for the version that new devices take */
    profile: Profile,
    /** uids; absent = all devices that are bound to the version */
    devices: Type.Optional(Type.Array(Type.String({ maxLength: 130 }), { minItems: 1, maxItems: 10_000 })),
    /** sample times, ms UTC: [from, to); absent = all frames that are kept, until now */
    from: Type.Optional(Time),
    to: Type.Optional(Time),
    dry_run: Type.Optional(Type.Boolean({ description: "count and report, change nothing" })),
  },
  { additionalProperties: false },
);
export const RedecodeCreated = Type.Object({ id: Type.Number() });
export const RedecodePath = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
export const RedecodeInfo = Type.Object({
  id: Type.Number(),
  profile: Type.String(),
  state: Type.Union([
    Type.Literal("queued"),
    Type.Literal("running"),
    Type.Literal("done"),
    Type.Literal("failed"),
    Type.Literal("cancelled"),
  ]),
  dryRun: Type.Boolean(),
  /** sample times asked for, ms UTC */
  from: Type.Number(),
  to: Type.Number(),
  devices: Type.Number(),
  /** frames */
  progress: Type.Object({ done: Type.Number(), total: Type.Number() }),
  counts: Type.Object({
    frames: Type.Number(),
    /** readings */
    added: Type.Number(),
    changed: Type.Number(),
    removed: Type.Number(),
    /** readings of another origin at the same time, left as they are */
    kept: Type.Number(),
    /** frames that the version refuses */
    refused: Type.Number(),
    refusedBy: Type.Record(Type.String(), Type.Number()),
    /** late events that were found */
    events: Type.Number(),
  }),
  createdAt: Type.Number(),
  startedAt: Nullable(Type.Number()),
  endedAt: Nullable(Type.Number()),
  by: Type.String(),
  error: Nullable(Type.String()),
});
export const RedecodeList = Type.Object({ items: Type.Array(RedecodeInfo) });
export const RedecodeDetail = Type.Object({
  ...RedecodeInfo.properties,
  /** the first 500 */
  differences: Type.Array(
    Type.Object({
      device: Type.String(),
      metric: Type.String(),
      ts: Type.Number(),
      /** null = not available, or not there: `what` says which */
      before: Type.Union([Type.Number(), Type.String(), Type.Null()]),
      after: Type.Union([Type.Number(), Type.String(), Type.Null()]),
      what: Type.Union([Type.Literal("added"), Type.Literal("changed"), Type.Literal("removed")]),
    }),
  ),
});
export const RedecodeCancelled = Type.Object({ id: Type.Number(), cancelled: Type.Boolean() });

export type UploadInfo = Static<typeof UploadInfo>;
export type LintInfo = Static<typeof LintInfo>;
export type VersionInfo = Static<typeof VersionInfo>;
export type DecodeInfo = Static<typeof DecodeInfo>;
export type RedecodeInfo = Static<typeof RedecodeInfo>;
export type RedecodeList = Static<typeof RedecodeList>;
export type RedecodeDetail = Static<typeof RedecodeDetail>;
