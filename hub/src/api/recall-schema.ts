import Type, { type Static, type TUnsafe } from "typebox";
import { STANDINGS } from "../fleet/recall/recall.ts";

const Nullable = <T extends Type.TSchema>(type: T) => Type.Union([type, Type.Null()]);
const oneOf = <T extends string>(...values: readonly T[]) =>
  Type.Union(values.map((value) => Type.Literal(value))) as unknown as TUnsafe<T>;
const Time = Type.Integer({ description: "ms UTC" });
const Count = Type.Integer({ minimum: 0 });
const Id = Type.String({ minLength: 1, maxLength: 128 });
const Note = Type.String({ maxLength: 500 });
const strict = { additionalProperties: false };

const Standing = oneOf(...STANDINGS);
const Said = oneOf("coming", "in_port", "exempt");
const RaiseBy = oneOf("vessel", "formation");
/** `acknowledged`: reached by radio, of those not in port; `total` is without the exempt */
const Counts = Type.Object({
  in_port: Count,
  heading_in: Count,
  staying: Count,
  heading_out: Count,
  silent: Count,
  exempt: Count,
  total: Count,
  acknowledged: Count,
});

export const RecallInfo = Type.Object({
  id: Type.String(),
  title: Type.String(),
  grids: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
  /** empty = every harbour */
  shelters: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
  deadline: Time,
  raiseBy: RaiseBy,
  remindMin: Type.Array(Type.Number()),
  state: oneOf("open", "closed", "cancelled"),
  openedAt: Time,
  endedAt: Nullable(Time),
  /** the account sees all of its grids, and may extend and end it */
  whole: Type.Boolean(),
  changes: Type.Array(
    Type.Object({
      ts: Time,
      who: Type.String(),
      what: oneOf("open", "extend", "close", "cancel"),
      deadline: Time,
      note: Type.String(),
    }),
  ),
  /** of the formations that the account sees */
  counts: Counts,
});
export type RecallInfo = Static<typeof RecallInfo>;

export const RecallVessel = Type.Object({
  mmsi: Type.Integer(),
  name: Type.String(),
  formationId: Type.String(),
  standing: Standing,
  /** in port because somebody said so */
  byWord: Type.Boolean(),
  ack: Nullable(Type.Object({ said: Said, ts: Time, who: Type.String(), note: Type.String() })),
  lon: Nullable(Type.Number()),
  lat: Nullable(Type.Number()),
  sog: Nullable(Type.Number()),
  cog: Nullable(Type.Number()),
  heardAt: Nullable(Time),
  harbour: Nullable(Type.String()),
  harbourName: Type.String(),
  shelter: Nullable(Type.String()),
  shelterName: Type.String(),
  /** great circle times `detour`, NM */
  distanceNm: Nullable(Type.Number()),
  /** heading in: arrival at its speed; else the earliest, at `cruiseKn` */
  etaAt: Nullable(Time),
});
export type RecallVessel = Static<typeof RecallVessel>;

const FormationStanding = Type.Object({
  gridId: Type.String(),
  name: Type.String(),
  parentName: Type.String(),
  counts: Counts,
  lastEtaAt: Nullable(Time),
  vessels: Type.Array(RecallVessel),
});
export type RecallFormation = Static<typeof FormationStanding>;

export const RecallBoardInfo = Type.Object({
  recall: RecallInfo,
  now: Time,
  detour: Type.Number(),
  cruiseKn: Type.Number(),
  formations: Type.Array(FormationStanding),
  /** the grids above the formations, the widest first */
  areas: Type.Array(Type.Object({ gridId: Type.String(), name: Type.String(), level: Type.String(), counts: Counts })),
  /** [time, in port, heading in, others, silent, total]; of the whole recall, for who sees all of it */
  trend: Type.Array(Type.Tuple([Time, Count, Count, Count, Count, Count])),
});
export type RecallBoardInfo = Static<typeof RecallBoardInfo>;

export const RecallOptionsInfo = Type.Object({
  grids: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), level: Type.String(), vessels: Count })),
  shelters: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
});
export type RecallOptionsInfo = Static<typeof RecallOptionsInfo>;

export const NewRecallRequest = Type.Object(
  {
    title: Type.String({ minLength: 1, maxLength: 100 }),
    grids: Type.Array(Id, { minItems: 1, maxItems: 100 }),
    shelters: Type.Optional(Type.Array(Id, { maxItems: 500 })),
    deadline: Time,
    raiseBy: Type.Optional(RaiseBy),
    remindMin: Type.Optional(Type.Array(Type.Number({ minimum: 1, maximum: 2880 }), { maxItems: 6 })),
  },
  strict,
);
export type NewRecallRequest = Static<typeof NewRecallRequest>;
export const ExtendRequest = Type.Object({ deadline: Time, note: Type.Optional(Note) }, strict);
export const EndRequest = Type.Object({ what: oneOf("close", "cancel"), note: Type.Optional(Note) }, strict);
export const AckRequest = Type.Object({ said: Nullable(Said), note: Type.Optional(Note) }, strict);
