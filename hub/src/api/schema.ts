import Type, { type Static, type TSchema } from "typebox";

// What the API sends and takes. The routes validate with it, OpenAPI is generated from it, the console imports its types.
// Times are ms UTC, positions degrees WGS84, unless a field says otherwise.

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Coordinate = Nullable(Type.Number());
export const Severity = Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)]);
export const Handling = Type.Union([
  Type.Literal("new"),
  Type.Literal("acknowledged"),
  Type.Literal("handed_off"),
  Type.Literal("accepted"),
  Type.Literal("done"),
  Type.Literal("rejected"),
  Type.Literal("closed"),
  Type.Literal("false_alarm"),
]);
export const HealthState = Type.Union([
  Type.Literal("unknown"),
  Type.Literal("online"),
  Type.Literal("late"),
  Type.Literal("offline"),
  Type.Literal("flapping"),
]);
export const Role = Type.Union([Type.Literal("admin"), Type.Literal("operator"), Type.Literal("viewer")]);

export const Login = Type.Object(
  { username: Type.String({ minLength: 1, maxLength: 64 }), password: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
);
/** `next` must also differ from `current` and from the user name. */
export const PasswordChange = Type.Object(
  { current: Type.String({ minLength: 1, maxLength: 200 }), next: Type.String({ minLength: 12, maxLength: 200 }) },
  { additionalProperties: false },
);
/** `grids`: the roots of the subtrees that the user sees; empty = everything. */
export const User = Type.Object({ username: Type.String(), role: Role, grids: Type.Array(Type.String()) });

export const Overview = Type.Object({
  now: Type.Number(),
  /** devices by health state */
  health: Type.Record(Type.String(), Type.Number()),
  devices: Type.Number(),
  /** gateways: an edge that is one device of the same name is counted under `devices` alone */
  edges: Type.Object({ online: Type.Number(), total: Type.Number() }),
  /** active events by severity "1".."4" */
  active: Type.Record(Type.String(), Type.Number()),
  /** since local midnight (Asia/Shanghai unless configured) */
  today: Type.Object({ opened: Type.Number(), closed: Type.Number() }),
  vessels: Type.Number(),
  deadLetters: Type.Number(),
  /** readings stored per second, mean of the last 10 s */
  rate: Type.Number(),
  county: Type.String(),
});

export const GridInfo = Type.Object({
  id: Type.String(),
  name: Type.String(),
  /** county | town | village | grid | micro_grid | formation | area */
  level: Type.String(),
  /** integrated | dedicated | maritime */
  category: Type.String(),
  parent: Nullable(Type.String()),
  members: Type.Number(),
  /** GeoJSON Polygon or MultiPolygon; null for formations */
  geometry: Type.Any(),
});

export const DeviceInfo = Type.Object({
  uid: Type.String(),
  title: Type.String(),
  kind: Type.String(),
  profile: Type.String(),
  site: Type.String(),
  edge: Type.String(),
  gridId: Nullable(Type.String()),
  /** names from the county down to the grid */
  gridPath: Type.Array(Type.String()),
  lon: Coordinate,
  lat: Coordinate,
  health: HealthState,
  healthReason: Type.String(),
  healthSince: Type.Number(),
  lastSeen: Nullable(Type.Number()),
});
export const LatestReading = Type.Object({
  metric: Type.String(),
  title: Type.String(),
  unit: Type.String(),
  value: Nullable(Type.Union([Type.Number(), Type.String(), Type.Boolean()])),
  ts: Type.Number(),
  quality: Type.Number(),
});
export const DeviceDetail = Type.Object({
  device: DeviceInfo,
  attributes: Type.Record(Type.String(), Type.Any()),
  latest: Type.Array(LatestReading),
  history: Type.Array(Type.Object({ ts: Type.Number(), from: HealthState, to: HealthState, reason: Type.String() })),
});
/** Buckets of one metric: [start, mean, min, max, count][]. `stepMs` 0 = raw rows [ts, value]. */
export const Series = Type.Object({
  metric: Type.String(),
  unit: Type.String(),
  stepMs: Type.Number(),
  rows: Type.Array(Type.Array(Nullable(Type.Number()))),
});

export const EventInfo = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  /** human titles of the kind */
  titleZh: Type.String(),
  titleEn: Type.String(),
  /** event class of the governance code table, with `provisional` where unconfirmed */
  codeName: Type.String(),
  subject: Type.String(),
  subjectTitle: Type.String(),
  gridId: Nullable(Type.String()),
  gridPath: Type.Array(Type.String()),
  gridMatch: Type.String(),
  severity: Severity,
  sensing: Type.Union([Type.Literal("active"), Type.Literal("cleared")]),
  handling: Handling,
  deviceUid: Nullable(Type.String()),
  lon: Coordinate,
  lat: Coordinate,
  source: Type.String(),
  openedAt: Type.Number(),
  updatedAt: Type.Number(),
  clearedAt: Nullable(Type.Number()),
  createdAt: Type.Number(),
  occurrences: Type.Number(),
  late: Type.Boolean(),
  revision: Type.Number(),
  /** `window:<id>` or `mute:<id>` that keeps it quiet */
  muted: Nullable(Type.String()),
  /** why no platform is told */
  unsent: Nullable(Type.String()),
  /** times it came back after it had cleared */
  flaps: Type.Number(),
  /** findings of other kinds or subjects that are the same incident, with its own */
  parts: Type.Number(),
  /** findings that it keeps back */
  held: Type.Number(),
  verdict: Nullable(Type.Union([Type.Literal("confirmed"), Type.Literal("false_alarm")])),
});
const Contributor = {
  kind: Type.String(),
  titleZh: Type.String(),
  titleEn: Type.String(),
  subject: Type.String(),
  subjectTitle: Type.String(),
  deviceUid: Nullable(Type.String()),
  severity: Severity,
  since: Type.Number(),
};
/** What became of an event beyond its row; times in ms UTC. */
export const EventLifeInfo = Type.Object({
  /** empty = one thing only, the event's own */
  contributors: Type.Array(
    Type.Object({
      ...Contributor,
      active: Type.Boolean(),
      last: Type.Number(),
      count: Type.Number(),
      source: Type.String(),
    }),
  ),
  /** the first 100 */
  held: Type.Array(Type.Object(Contributor)),
  /** who is told by now, since when, and when the next level is; null = never */
  ladder: Nullable(
    Type.Object({
      level: Type.Union([Type.Literal("grid"), Type.Literal("village"), Type.Literal("town")]),
      since: Type.Number(),
      dueAt: Nullable(Type.Number()),
    }),
  ),
  /** the term that the platform named */
  until: Nullable(Type.Number()),
  /** finding | parts | history; null = it is not active */
  whyActive: Nullable(Type.Object({ code: Type.String(), detail: Type.Array(Type.String()) })),
});
export const EventDetail = Type.Object({
  event: EventInfo,
  life: EventLifeInfo,
  /** vision evidence holds `frames`: [{hash, w, h, ts, boxes: [{label, score, box: [x, y, w, h]}]}], pixels of the frame */
  evidence: Type.Record(Type.String(), Type.Any()),
  timeline: Type.Array(
    Type.Object({
      ts: Type.Number(),
      what: Type.String(),
      who: Type.String(),
      severity: Severity,
      note: Type.String(),
    }),
  ),
  deliveries: Type.Array(
    Type.Object({
      target: Type.String(),
      state: Type.String(),
      attempts: Type.Number(),
      lastError: Type.String(),
      ts: Type.Number(),
    }),
  ),
  nearby: Type.Array(
    Type.Object({
      uid: Type.String(),
      title: Type.String(),
      kind: Type.String(),
      metres: Type.Number(),
      health: HealthState,
    }),
  ),
});
export const EventAction = Type.Object(
  {
    action: Type.Union([
      Type.Literal("acknowledge"),
      Type.Literal("hand_off"),
      Type.Literal("whistle"),
      Type.Literal("accept"),
      Type.Literal("done"),
      Type.Literal("reject"),
      Type.Literal("return"),
      Type.Literal("close"),
      Type.Literal("confirm"),
      Type.Literal("false_alarm"),
      Type.Literal("comment"),
    ]),
    note: Type.Optional(Type.String({ maxLength: 1000 })),
    /** whistle: who is called */
    departments: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { maxItems: 20 })),
  },
  { additionalProperties: false },
);

export const VesselInfo = Type.Object({
  mmsi: Type.Number(),
  name: Type.String(),
  formationId: Nullable(Type.String()),
  lon: Type.Number(),
  lat: Type.Number(),
  sog: Coordinate,
  cog: Coordinate,
  heading: Coordinate,
  ts: Type.Number(),
  /** fresh | late | stale | lost */
  freshness: Type.String(),
  /** the same, or why it is not heard: dark | gap | suspected_disabling | outage */
  state: Type.String(),
  /** grid of the harbour that it lies in */
  inHarbour: Nullable(Type.String()),
  /** areas with a rule that it is in */
  areas: Type.Array(Type.String()),
  /** mmsi_clash | net_buoy | implausible | no_country | not_nine_digits | placeholder */
  flags: Type.Array(Type.String()),
});
export const FormationInfo = Type.Object({
  gridId: Type.String(),
  name: Type.String(),
  parentName: Type.String(),
  members: Type.Number(),
  fresh: Type.Number(),
  /** median centre of the fresh members; null without any */
  lon: Coordinate,
  lat: Coordinate,
  /** nautical miles: median distance from the centre, and the farthest member's */
  spreadNm: Coordinate,
  farthestNm: Coordinate,
  stragglers: Type.Array(Type.Number()),
  /** in two parts or more; its link is out */
  split: Type.Boolean(),
  outage: Type.Boolean(),
  dark: Type.Array(Type.Number()),
  inHarbour: Type.Number(),
});
/** The formations below a grid, added up. */
export const FleetRollUp = Type.Object({
  gridId: Type.String(),
  name: Type.String(),
  formations: Type.Number(),
  members: Type.Number(),
  fresh: Type.Number(),
  inHarbour: Type.Number(),
  stragglers: Type.Number(),
  dark: Type.Number(),
  splits: Type.Number(),
  outages: Type.Number(),
});
export const PortVisitInfo = Type.Object({
  gridId: Type.String(),
  name: Type.String(),
  enteredAt: Type.Number(),
  stoppedAt: Nullable(Type.Number()),
  resumedAt: Nullable(Type.Number()),
  leftAt: Nullable(Type.Number()),
});

/** An AIS station: what it brought in the last ten minutes, and its health. */
export const ReceiverInfo = Type.Object({
  uid: Type.String(),
  gridId: Nullable(Type.String()),
  messagesPerMin: Type.Number(),
  vessels: Type.Integer(),
  rangeNm: Nullable(Type.Number()),
  lastHeard: Type.Number(),
  state: Type.String(),
  reason: Type.String(),
  line: Nullable(
    Type.Object(
      { sentences: Type.Number(), messages: Type.Number(), refused: Type.Number(), lost: Type.Number() },
      { description: "counts at the end of its line since its agent started, by the last heartbeat" },
    ),
  ),
});

export const EdgeInfo = Type.Object({
  key: Type.String(),
  title: Type.String(),
  health: HealthState,
  healthReason: Type.String(),
  healthSince: Type.Number(),
  devices: Type.Number(),
  solo: Type.Boolean({ description: "A device with a modem of its own: the device's own state says more." }),
  agent: Type.String(),
  queue: Nullable(Type.Number()),
  oldest: Nullable(Type.Number()),
  lostRecords: Type.Number(),
});
export const NewEdge = Type.Object(
  {
    site: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$" }),
    edge: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$" }),
    title: Type.Optional(Type.String({ maxLength: 100 })),
    /** gives an edge that exists a new token; the old one ends at once */
    renew: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
/** The token is shown this once; the hub keeps only its hash. */
export const EdgeCredential = Type.Object({ username: Type.String(), token: Type.String(), address: Type.String() });

export const DeadLetterInfo = Type.Object({
  id: Type.Number(),
  rx: Type.Number(),
  topic: Type.String(),
  edge: Type.String(),
  reason: Type.String(),
  detail: Type.String(),
  bytes: Type.Number(),
  /** first 512 bytes as text where printable, else hex */
  preview: Type.String(),
  replayed: Type.Boolean(),
});

export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()), total: Type.Optional(Type.Number()) });

export type EventLifeInfo = Static<typeof EventLifeInfo>;
export type Overview = Static<typeof Overview>;
export type User = Static<typeof User>;
export type GridInfo = Static<typeof GridInfo>;
export type DeviceInfo = Static<typeof DeviceInfo>;
export type DeviceDetail = Static<typeof DeviceDetail>;
export type LatestReading = Static<typeof LatestReading>;
export type Series = Static<typeof Series>;
export type EventInfo = Static<typeof EventInfo>;
export type EventDetail = Static<typeof EventDetail>;
export type EventAction = Static<typeof EventAction>;
export type VesselInfo = Static<typeof VesselInfo>;
export type FormationInfo = Static<typeof FormationInfo>;
export type FleetRollUp = Static<typeof FleetRollUp>;
export type ReceiverInfo = Static<typeof ReceiverInfo>;
export type PortVisitInfo = Static<typeof PortVisitInfo>;
export type EdgeInfo = Static<typeof EdgeInfo>;
export type EdgeCredential = Static<typeof EdgeCredential>;
export type DeadLetterInfo = Static<typeof DeadLetterInfo>;
