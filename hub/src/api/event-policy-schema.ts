import Type, { type Static } from "typebox";
import { KIND_PATTERN } from "../events/kind-pattern.ts";
import { FusionSetting, LadderSetting, ParentsSetting } from "../events/policy-schema.ts";
import { Nullable, Severity } from "./schema.ts";

// Codes, mutes, maintenance windows and the settings of events. Times in ms UTC.

const strict = { additionalProperties: false };

export const CodeInfo = Type.Object({
  kind: Type.String(),
  class: Type.String(),
  code: Type.String(),
  codeName: Type.String(),
  titleZh: Type.String(),
  titleEn: Type.String(),
  group: Type.String(),
  severity: Nullable(Severity),
  /** 0 = by a person only */
  autoHandOff: Type.Number(),
  provisional: Type.Boolean(),
  /** ids of towns where the platform admits it; null = everywhere */
  towns: Nullable(Type.Array(Type.String())),
});
/** `etag`: for If-Match of the next change; of the list for a file, of a row for this row. */
export const CodeList = Type.Object({
  etag: Type.String(),
  items: Type.Array(Type.Interface([CodeInfo], { etag: Type.String() })),
});
export const CodeImport = Type.Object(
  { csv: Type.String({ maxLength: 900_000 }), dry_run: Type.Optional(Type.Boolean()) },
  strict,
);
/** Nothing is written while there are problems. */
export const CodeImported = Type.Object({
  rows: Type.Number(),
  written: Type.Boolean(),
  problems: Type.Array(
    Type.Object({ line: Type.Number(), column: Type.String(), code: Type.String(), message: Type.String() }),
  ),
});

const Weekly = Type.Object(
  {
    /** 1 = Monday .. 7 */
    days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { minItems: 1, maxItems: 7 }),
    /** HH:MM, local */
    from: Type.String({ pattern: "^([01]\\d|2[0-3]):[0-5]\\d$" }),
    minutes: Type.Integer({ minimum: 1, maximum: 1440 }),
  },
  strict,
);
const Type_ = Type.Union([Type.Literal("window"), Type.Literal("mute")]);
export const NewQuiet = Type.Object(
  {
    type: Type_,
    grid: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    kind: Type.Optional(Type.String({ pattern: KIND_PATTERN, maxLength: 80 })),
    /** of events, e.g. `device:<uid>` */
    subject: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    /** default: now */
    from: Type.Optional(Type.Number({ minimum: 0, maximum: 8.64e15 })),
    to: Type.Number({ minimum: 0, maximum: 8.64e15 }),
    weekly: Type.Optional(Weekly),
    reason: Type.String({ minLength: 1, maxLength: 300 }),
  },
  strict,
);
export const QuietInfo = Type.Object({
  id: Type.Number(),
  type: Type_,
  grid: Nullable(Type.String()),
  gridName: Nullable(Type.String()),
  kind: Nullable(Type.String()),
  subject: Nullable(Type.String()),
  from: Type.Number(),
  to: Type.Number(),
  weekly: Nullable(Weekly),
  reason: Type.String(),
  who: Type.String(),
  createdAt: Type.Number(),
  endedAt: Nullable(Type.Number()),
  /** it keeps events quiet now */
  open: Type.Boolean(),
});
export const QuietList = Type.Object({ items: Type.Array(QuietInfo) });

export const EventSettings = Type.Object({ fusion: FusionSetting, parents: ParentsSetting, ladder: LadderSetting });
export const EventSettingsInfo = Type.Interface([EventSettings], {
  /** of each list, for If-Match of its next change */
  etags: Type.Object({ fusion: Type.String(), parents: Type.String(), ladder: Type.String() }),
});

export type CodeInfo = Static<typeof CodeInfo>;
export type CodeList = Static<typeof CodeList>;
export type CodeImported = Static<typeof CodeImported>;
export type NewQuiet = Static<typeof NewQuiet>;
export type QuietInfo = Static<typeof QuietInfo>;
export type EventSettings = Static<typeof EventSettings>;
export type EventSettingsInfo = Static<typeof EventSettingsInfo>;
