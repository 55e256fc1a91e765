import Type, { type Static } from "typebox";
import { EffectsSchema, POSTURE_LEVELS } from "../posture/posture-level.ts";
import { COLOURS } from "../weather/warning.ts";

const Nullable = <T extends Type.TSchema>(type: T) => Type.Union([type, Type.Null()]);
const Time = Type.Integer({ description: "ms UTC" });
const Count = Type.Integer({ minimum: 0 });
const Level = Type.Enum([...POSTURE_LEVELS]);
const Colour = Type.Enum([...COLOURS]);

export const PostureChangeInfo = Type.Object({
  ts: Time,
  from: Level,
  to: Level,
  until: Nullable(Time),
  reason: Type.String(),
  who: Type.String(),
});
export type PostureChangeInfo = Static<typeof PostureChangeInfo>;

export const TownPostureInfo = Type.Object({
  town: Type.String(),
  name: Type.String(),
  level: Level,
  /** the change that brought this level; null = it was never changed */
  change: Nullable(PostureChangeInfo),
  /** what a weather warning that holds suggests; null = nothing, or the town is there already */
  suggestion: Nullable(Type.Object({ level: Level, colour: Colour, headline: Type.String(), warning: Type.String() })),
  /** gateways of the town, by what they made of what was wished of them */
  edges: Type.Object({ total: Count, confirmed: Count, pending: Count, refused: Count }),
});
export type TownPostureInfo = Static<typeof TownPostureInfo>;

export const PostureInfo = Type.Object({
  towns: Type.Array(TownPostureInfo),
  /** what each level changes */
  effects: Type.Record(Type.String(), EffectsSchema),
  longestHours: Type.Number(),
});
export type PostureInfo = Static<typeof PostureInfo>;

export const PostureRequest = Type.Object(
  {
    level: Level,
    until: Type.Optional(Nullable(Time)),
    reason: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
);

export const WarningInfo = Type.Object({
  id: Type.String(),
  sender: Type.String(),
  status: Type.Union([Type.Literal("actual"), Type.Literal("exercise"), Type.Literal("test")]),
  action: Type.Union([Type.Literal("alert"), Type.Literal("update"), Type.Literal("cancel")]),
  event: Type.String(),
  colour: Colour,
  headline: Type.String(),
  description: Type.String(),
  instruction: Type.String(),
  sentAt: Time,
  from: Time,
  until: Time,
  receivedAt: Time,
  endedAt: Nullable(Time),
  /** ids of the towns that it concerns and the caller sees */
  towns: Type.Array(Type.String()),
});
export type WarningInfo = Static<typeof WarningInfo>;

export const WarningRequest = Type.Object(
  {
    /** a CAP 1.2 alert: XML as text, or its JSON form as text or object */
    cap: Type.Union([
      Type.String({ minLength: 1, maxLength: 600_000 }),
      Type.Object({}, { additionalProperties: true }),
    ]),
  },
  { additionalProperties: false },
);
