import type { Device } from "../device.ts";
import type { ReceiverReport } from "@gridhub/device-profiles/envelope.ts";
import type { Due } from "../due-queue.ts";
import type { Severity } from "../finding.ts";
import type { HealthState } from "../store/batch.ts";
import { LostSpans, type StoredSpans } from "./lost-spans.ts";
import { SampleClock } from "./sample-clock.ts";

/** What contact there is, before flapping, faults and the edge's own state are put over it. */
export type Contact = "unknown" | "online" | "late" | "offline";

export type TimerKind = "expect" | "fault" | "calm" | "edge_silence" | "edge_phase";

/** A deadline in listening time. */
export class HealthTimer implements Due {
  readonly kind: TimerKind;
  readonly of: DeviceHealth | EdgeHealth;
  due = Infinity;
  slot = -1;

  constructor(kind: TimerKind, of: DeviceHealth | EdgeHealth) {
    this.kind = kind;
    this.of = of;
  }
}

/** What devices and edges have in common. `since` and `lastSeen` are hub time, ms UTC. */
abstract class HealthRecord {
  readonly subject: string;
  readonly deviceId: number | null;
  state: HealthState = "unknown";
  reason = "registered";
  since: number;
  /** NaN = never */
  lastSeen = Number.NaN;
  contact: Contact = "unknown";
  /** times of the last changes between up and down; null = none */
  changes: number[] | null = null;
  flapping = false;
  calm: HealthTimer | null = null;
  dirty = false;

  constructor(subject: string, deviceId: number | null, since: number) {
    this.subject = subject;
    this.deviceId = deviceId;
    this.since = since;
  }
}

interface StoredRecord {
  readonly v: 1;
  readonly contact: Contact;
  /** -1 = never */
  readonly seen: number;
  readonly changes?: readonly number[];
  readonly flapping?: true;
}

export interface StoredDevice extends StoredRecord {
  readonly fault?: string;
  readonly faultRaised?: true;
  readonly offlineRaised?: true;
  /** how far the device's clock runs behind, ms */
  readonly behind?: number;
}

export interface StoredEdge extends StoredRecord {
  readonly boot: number;
  readonly why: string;
  readonly away?: true;
  readonly raised?: Severity;
  readonly beats?: true;
  /** hub time when contact ended, ms UTC */
  readonly gone?: number;
  /** its absence is told by the outage of its site */
  readonly outage?: true;
  readonly agent?: string;
  readonly lost: StoredSpans;
}

export class DeviceHealth extends HealthRecord {
  readonly device: Device;
  readonly edge: EdgeHealth;
  readonly expect: HealthTimer;
  fault = "";
  faultTimer: HealthTimer | null = null;
  faultRaised = false;
  offlineRaised = false;
  /** last contact, or the moment from which contact is expected; listening time */
  heardAt: number;
  /** ms of silence until late and offline; Infinity = no expectation */
  lateMs = Infinity;
  offlineMs = Infinity;
  /** `lastSeen` is written this often, ms; Infinity = only with changes */
  keepMs = Infinity;
  keptSeen = Number.NaN;
  /** the profile has a no_data alarm of its own: health raises nothing */
  selfAlarms = false;
  /** null = its live records are not older than the allowed lateness */
  sampleClock: SampleClock | null = null;
  /** arrival minus sample time of the last live record, ms; NaN = none yet */
  lag = Number.NaN;
  /** an AIS receiver's counts in its edge's last heartbeat; null = none came since the start */
  receiver: ReceiverReport | null = null;

  constructor(device: Device, edge: EdgeHealth, since: number, listened: number) {
    super(`device:${device.uid}`, device.id, since);
    this.device = device;
    this.edge = edge;
    this.heardAt = listened;
    this.expect = new HealthTimer("expect", this);
  }

  store(): StoredDevice {
    this.keptSeen = this.lastSeen;
    return {
      ...common(this),
      ...(this.fault !== "" && { fault: this.fault }),
      ...(this.faultRaised && { faultRaised: true as const }),
      ...(this.offlineRaised && { offlineRaised: true as const }),
      ...(this.sampleClock !== null &&
        !Number.isNaN(this.sampleClock.behind) && { behind: Math.round(this.sampleClock.behind) }),
    };
  }

  restore(stored: StoredDevice): void {
    takeCommon(this, stored);
    this.keptSeen = this.lastSeen;
    this.fault = stored.fault ?? "";
    this.faultRaised = stored.faultRaised === true;
    this.offlineRaised = stored.offlineRaised === true;
    if (stored.behind === undefined) return;
    this.sampleClock = new SampleClock();
    this.sampleClock.behind = stored.behind;
  }
}

export class EdgeHealth extends HealthRecord {
  /** `<site>/<name>` */
  readonly key: string;
  readonly devices = new Map<string, DeviceHealth>();
  readonly silence: HealthTimer;
  readonly phase: HealthTimer;
  boot = -1;
  /** why contact ended: lwt, stop, silent */
  why = "";
  /** offline for all to see: its devices are unknown, the rules were told */
  away = false;
  /** severity of the edge.offline finding that is out; null = none */
  raised: Severity | null = null;
  /** it sends heartbeats, so its silence means something */
  beats = false;
  /** listening time of the last `on` */
  onAt = -Infinity;
  /** when contact ended last: listening time, and hub time (0 = never) */
  goneAt = -Infinity;
  goneTs = 0;
  /** its absence is told by the outage of its site */
  outage = false;
  queue = 0;
  /** sample time of the oldest waiting record; 0 = none */
  oldest = 0;
  agent: string | undefined;
  readonly lost = new LostSpans();

  constructor(key: string, since: number) {
    super(`edge:${key}`, null, since);
    this.key = key;
    this.silence = new HealthTimer("edge_silence", this);
    this.phase = new HealthTimer("edge_phase", this);
  }

  /** A device that speaks MQTT itself: edge and device are one. */
  get solo(): DeviceHealth | null {
    if (this.devices.size !== 1) return null;
    const [only] = this.devices.values();
    return this.key === only.device.uid ? only : null;
  }

  store(): StoredEdge {
    return {
      ...common(this),
      boot: this.boot,
      why: this.why,
      ...(this.away && { away: true as const }),
      ...(this.raised !== null && { raised: this.raised }),
      ...(this.beats && { beats: true as const }),
      ...(this.goneTs > 0 && { gone: this.goneTs }),
      ...(this.outage && { outage: true as const }),
      ...(this.agent !== undefined && { agent: this.agent }),
      lost: this.lost.store(),
    };
  }

  restore(stored: StoredEdge): void {
    takeCommon(this, stored);
    this.boot = stored.boot;
    this.why = stored.why;
    this.away = stored.away === true;
    this.raised = stored.raised ?? null;
    this.beats = stored.beats === true;
    this.goneTs = stored.gone ?? 0;
    this.outage = stored.outage === true;
    this.agent = stored.agent;
    this.lost.restore(stored.lost);
  }
}

function common(record: HealthRecord): StoredRecord {
  return {
    v: 1,
    contact: record.contact,
    seen: Number.isNaN(record.lastSeen) ? -1 : record.lastSeen,
    ...(record.changes !== null && { changes: record.changes }),
    ...(record.flapping && { flapping: true as const }),
  };
}

function takeCommon(record: HealthRecord, stored: StoredRecord): void {
  record.contact = stored.contact;
  record.lastSeen = stored.seen < 0 ? Number.NaN : stored.seen;
  record.changes = stored.changes === undefined ? null : [...stored.changes];
  record.flapping = stored.flapping === true;
}
