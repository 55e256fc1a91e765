import Type, { type Static } from "typebox";
import { Nullable } from "./schema.ts";

// Shapes of quarantine, suggestions and profile versions.

const Name = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$" });
export const QuarantinePath = Type.Object({ site: Name, edge: Name, device: Name });

export const QuarantineItem = Type.Object({
  /** key of the edge */
  edge: Type.String(),
  device: Type.String(),
  firstSeen: Type.Number(),
  lastSeen: Type.Number(),
  /** messages that wait */
  count: Type.Number(),
  /** t, raw, e, frame, backfill */
  lanes: Type.Array(Type.String()),
  /** uid of the device where it was registered after these messages came: adopt it to play them again */
  registered: Nullable(Type.String()),
  /** somebody decided not to adopt it; its messages are kept as long as other dead letters */
  ignored: Nullable(Type.Object({ by: Type.String(), at: Type.Number() })),
});

export const Ignore = Type.Object({ ignored: Type.Boolean() }, { additionalProperties: false });

const DecodedValue = Type.Object({
  metric: Type.String(),
  unit: Type.String(),
  value: Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()]),
  quality: Type.Number(),
});

export const SuggestionInfo = Type.Object({
  profile: Type.String(),
  kind: Type.String(),
  titleZh: Type.String(),
  titleEn: Type.String(),
  /** 0 to 1, best first */
  score: Type.Number(),
  /** share of the samples that were decoded */
  decoded: Type.Number(),
  /** frames: share of damaged bits that are noticed; records: share of keys that are understood */
  certainty: Type.Number(),
  inRange: Type.Number(),
  coverage: Type.Number(),
  problem: Nullable(Type.Object({ reason: Type.String(), detail: Type.String() })),
  /** of the newest sample that was decoded */
  readings: Type.Array(DecodedValue),
});

export const QuarantineDetailInfo = Type.Object({
  ...QuarantineItem.properties,
  /** newest first */
  samples: Type.Array(
    Type.Object({
      id: Type.Number(),
      rx: Type.Number(),
      lane: Type.String(),
      bytes: Type.Number(),
      /** first 512 bytes as text where printable, else hex */
      preview: Type.String(),
    }),
  ),
  suggestions: Type.Array(SuggestionInfo),
});

export const Adopt = Type.Object(
  {
    /** `maker/model` or `maker/model@version` */
    profile: Type.String({ minLength: 3, maxLength: 200 }),
    title: Type.Optional(Type.String({ maxLength: 100 })),
    /** degrees WGS84; both or none */
    lon: Type.Optional(Type.Number({ minimum: -180, maximum: 180 })),
    lat: Type.Optional(Type.Number({ minimum: -90, maximum: 90 })),
    grid: Type.Optional(Type.String({ maxLength: 64 })),
    attributes: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()]))),
  },
  { additionalProperties: false },
);

export const AdoptionInfo = Type.Object({
  uid: Type.String(),
  /** with its version */
  profile: Type.String(),
  replayed: Type.Number(),
  stored: Type.Number(),
  /** refused again: reason -> messages */
  refused: Type.Record(Type.String(), Type.Number()),
  /** messages wait still: adopt again to go on */
  more: Type.Boolean(),
});

export const ProfileProblem = Type.Object({
  file: Type.String(),
  line: Type.Number(),
  column: Type.Number(),
  /** field */
  path: Type.String(),
  message: Type.String(),
  /** error: the file is not in force; warning: it is */
  level: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
});

export const ProfileInfo = Type.Object({
  /** `maker/model@semver` */
  id: Type.String(),
  kind: Type.String(),
  titleZh: Type.String(),
  titleEn: Type.String(),
  file: Type.String(),
  /** bound to this version */
  devices: Type.Number(),
  newest: Type.Boolean(),
  /** new devices that name no version take this one */
  promoted: Type.Boolean(),
});

export const ProfileList = Type.Object({ items: Type.Array(ProfileInfo), problems: Type.Array(ProfileProblem) });

export const ReloadInfo = Type.Object({
  added: Type.Array(Type.String()),
  replaced: Type.Array(Type.String()),
  problems: Type.Array(ProfileProblem),
});

const Version = Type.String({ pattern: "^[^@\\u0000]{1,150}@[0-9]+\\.[0-9]+\\.[0-9]+$", maxLength: 200 });
export const ShadowRequest = Type.Object(
  {
    from: Version,
    to: Version,
    /** newest raw frames that are tried; default 1,000 */
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
  },
  { additionalProperties: false },
);
export const PromoteRequest = Type.Object(
  {
    from: Version,
    to: Version,
    /** uids: these only, and new devices take what they took; absent = the whole profile */
    devices: Type.Optional(Type.Array(Type.String({ maxLength: 130 }), { minItems: 1, maxItems: 10_000 })),
  },
  { additionalProperties: false },
);
export const RollbackRequest = Type.Object({ profile: Version }, { additionalProperties: false });

const Verdicts = Type.Object({
  count: Type.Number(),
  examples: Type.Array(
    Type.Object({ device: Type.String(), ts: Type.Number(), reason: Type.String(), detail: Type.String() }),
  ),
});
const Value = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()]);
export const ShadowInfo = Type.Object({
  /** tried, records of values included */
  frames: Type.Number(),
  /** records of values among them: the newest that are still in memory */
  records: Type.Number(),
  /** earlier samples that they carried */
  past: Type.Number(),
  /** of frames that both versions decode */
  metrics: Type.Array(
    Type.Object({
      metric: Type.String(),
      equal: Type.Number(),
      /** another value, unit or quality */
      changed: Type.Number(),
      /** given by the old, by the new version only */
      lost: Type.Number(),
      gained: Type.Number(),
      examples: Type.Array(Type.Object({ device: Type.String(), ts: Type.Number(), from: Value, to: Value })),
    }),
  ),
  newlyRefused: Verdicts,
  newlyAccepted: Verdicts,
  bothRefused: Type.Number(),
  /** by kind of event: what both versions would raise over these frames */
  alarms: Type.Array(
    Type.Object({
      kind: Type.String(),
      from: Type.Number(),
      to: Type.Number(),
      /** raised by one version when the other has it not */
      lost: Type.Number(),
      gained: Type.Number(),
      examples: Type.Array(
        Type.Object({
          device: Type.String(),
          ts: Type.Number(),
          what: Type.Union([Type.Literal("lost"), Type.Literal("gained")]),
        }),
      ),
    }),
  ),
});
export const MovedInfo = Type.Object({ from: Type.String(), to: Type.String(), devices: Type.Number() });

export type ShadowInfo = Static<typeof ShadowInfo>;
export type MovedInfo = Static<typeof MovedInfo>;
export type ProfileList = Static<typeof ProfileList>;
export type ReloadInfo = Static<typeof ReloadInfo>;
export type QuarantineItem = Static<typeof QuarantineItem>;
export type QuarantineDetailInfo = Static<typeof QuarantineDetailInfo>;
export type AdoptionInfo = Static<typeof AdoptionInfo>;
