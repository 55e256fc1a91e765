import Type, { type Static } from "typebox";
import { Nullable, HealthState, Severity } from "./schema.ts";

// What reports and the neighbourhood of an event look like. Times ms UTC, durations ms, shares 0..1; null = nothing to say.

const Share = Nullable(Type.Number());
const Duration = Nullable(Type.Number());

/** One device, or a group of them. */
export const AvailabilityInfo = Type.Object({
  key: Type.String(),
  title: Type.String(),
  /** where it is: names from the county down; empty for groups that are no place */
  place: Type.String(),
  /** how many devices or edges; `judged` had any state in the period */
  subjects: Type.Integer(),
  judged: Type.Integer(),
  /** up / (up + down): its own fault */
  availability: Share,
  /** up / (up + down + away with its edge): what the room saw */
  reach: Share,
  upMs: Type.Number(),
  downMs: Type.Number(),
  edgeMs: Type.Number(),
  flappingMs: Type.Number(),
  outages: Type.Integer(),
  flaps: Type.Integer(),
  /** mean time between failures: up time an outage; null without an outage */
  mtbfMs: Duration,
  /** mean time to repair, of outages that ended in the period */
  mttrMs: Duration,
  longestMs: Type.Number(),
  /** now; null for groups */
  health: Nullable(HealthState),
});
const Period = { from: Type.Number(), to: Type.Number(), timeZone: Type.String() };
export const AvailabilityReport = Type.Object({
  ...Period,
  total: AvailabilityInfo,
  items: Type.Array(AvailabilityInfo),
  next: Nullable(Type.String()),
  count: Type.Integer(),
});

export const EventStatistics = Type.Object({
  key: Type.String(),
  titleZh: Type.String(),
  titleEn: Type.String(),
  opened: Type.Integer(),
  active: Type.Integer(),
  ended: Type.Integer(),
  falseAlarms: Type.Integer(),
  /** false alarms / ended */
  falseShare: Share,
  /** by severity, 1 the highest */
  severity: Type.Array(Type.Integer()),
  closeP50Ms: Duration,
  closeP90Ms: Duration,
  /** findings that joined an event that was there */
  repeats: Type.Number(),
});
export const EventReport = Type.Object({
  ...Period,
  total: EventStatistics,
  items: Type.Array(EventStatistics),
  next: Nullable(Type.String()),
  count: Type.Integer(),
});

export const BatteryInfo = Type.Object({
  uid: Type.String(),
  title: Type.String(),
  place: Type.String(),
  metric: Type.String(),
  unit: Type.String(),
  value: Type.Number(),
  ts: Type.Number(),
  /** change a day in `unit`, by a line through the last 30 days; null = too little history */
  perDay: Nullable(Type.Number()),
  /** the value at which it is empty */
  empty: Type.Number(),
  /** by that line; null = not falling, or too little history */
  daysLeft: Nullable(Type.Number()),
  /** replace | soon | fine | unknown */
  state: Type.String(),
});
export const BatteryReport = Type.Object({
  now: Type.Number(),
  items: Type.Array(BatteryInfo),
  next: Nullable(Type.String()),
  count: Type.Integer(),
});

export const FirmwareInfo = Type.Object({
  profile: Type.String(),
  /** most used first */
  versions: Type.Array(
    Type.Object({ version: Type.String(), devices: Type.Integer(), uids: Type.Array(Type.String()) }),
  ),
});
export const FirmwareReport = Type.Object({ items: Type.Array(FirmwareInfo) });

const Quality = Type.Object({
  metric: Type.String(),
  readings: Type.Integer(),
  outOfRange: Type.Integer(),
  invalid: Type.Integer(),
  jumps: Type.Integer(),
  stuck: Type.Integer(),
  /** the newest reading; null = none in the period: no data */
  last: Nullable(Type.Number()),
});
export const DeviceHealthReport = Type.Object({
  ...Period,
  availability: AvailabilityInfo,
  metrics: Type.Array(Quality),
  battery: Nullable(BatteryInfo),
  /** mean of each day: [start of the day, rssi or rsrp in dBm, snr in dB] */
  radio: Type.Array(Type.Tuple([Type.Number(), Nullable(Type.Number()), Nullable(Type.Number())])),
  /** by the device's own counter of reports; null = it has none */
  frames: Nullable(
    Type.Object({ received: Type.Integer(), lost: Type.Integer(), resets: Type.Integer(), share: Share }),
  ),
  /** samples against those that its expectation makes; null = no expectation */
  expected: Nullable(Type.Object({ samples: Type.Integer(), expected: Type.Integer(), share: Share })),
  clock: Type.Object({ lagMs: Duration, behindMs: Duration, ahead: Type.Integer(), late: Type.Integer() }),
  /** messages that came again, since the hub started; of its edge */
  duplicates: Type.Integer(),
  firmware: Type.Array(Type.Object({ version: Type.String(), since: Type.Number() })),
  /** its version is not the most used one of its profile */
  firmwareDrift: Nullable(Type.String()),
});

export const NearThing = Type.Object({
  /** device | camera | vessel | event | grid */
  what: Type.String(),
  key: Type.String(),
  title: Type.String(),
  kind: Type.String(),
  metres: Type.Integer(),
  /** from the thing to the point, degrees from true north: where a camera has to look */
  bearing: Nullable(Type.Integer()),
  lon: Nullable(Type.Number()),
  lat: Nullable(Type.Number()),
  health: Nullable(HealthState),
  severity: Nullable(Severity),
});
export const Nearby = Type.Object({
  lon: Nullable(Type.Number()),
  lat: Nullable(Type.Number()),
  radius: Type.Number(),
  devices: Type.Array(NearThing),
  cameras: Type.Array(NearThing),
  vessels: Type.Array(NearThing),
  events: Type.Array(NearThing),
  grids: Type.Array(NearThing),
});

export type AvailabilityInfo = Static<typeof AvailabilityInfo>;
export type AvailabilityReport = Static<typeof AvailabilityReport>;
export type EventStatistics = Static<typeof EventStatistics>;
export type EventReport = Static<typeof EventReport>;
export type BatteryInfo = Static<typeof BatteryInfo>;
export type BatteryReport = Static<typeof BatteryReport>;
export type FirmwareReport = Static<typeof FirmwareReport>;
export type DeviceHealthReport = Static<typeof DeviceHealthReport>;
export type NearThing = Static<typeof NearThing>;
export type Nearby = Static<typeof Nearby>;
