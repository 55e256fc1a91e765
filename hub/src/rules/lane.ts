import type { Due } from "../due-queue.ts";
import type { Device } from "../device.ts";
import { type AlarmState, restoreAlarm, type StoredAlarm, storeAlarm } from "./alarm-state.ts";
import { type Plan, type PlannedAlarm, limitsOf } from "./plan.ts";
import { RateWindow } from "../rate-window.ts";

/** Silence of one metric of one device; `due` is listening time. */
export interface Silence extends Due {
  readonly lane: Lane;
  readonly alarm: PlannedAlarm;
  /** hub time of the last value; NaN = never */
  heard: number;
  /** `heard` as it was last stored */
  stored: number;
}

/** Durable form of a lane. */
export interface StoredLane {
  readonly v: 1;
  readonly watermark: number;
  readonly alarms: Readonly<Record<string, StoredAlarm>>;
  /** no-data alarm -> hub time of the last value */
  readonly heard?: Readonly<Record<string, number>>;
  /** the device's clock is known to be behind the hub's by this, ms */
  readonly behind?: number;
}

/**
 * The readings of one device as its alarms see them. A device has one live lane and, while old records arrive, a second one for
 * history, so that the past never touches the live state. `due`/`slot`: when a history lane closes for want of records.
 */
export class Lane implements Due {
  readonly device: Device;
  readonly plan: Plan;
  readonly late: boolean;
  due = Infinity;
  slot = -1;
  /** newest event time seen, ms UTC */
  watermark = -Infinity;
  attributes: Device["attributes"];
  limits: Float64Array;
  /** per input: newest known value (NaN unknown) and its event time */
  readonly values: Float64Array;
  readonly seen: Float64Array;
  readonly rates: readonly (RateWindow | null)[] | null;
  readonly alarms: (AlarmState | null)[];
  readonly silences: readonly Silence[];
  dirty = false;
  /** a row of this lane is in the database */
  kept = false;
  /** live records older than the lateness keep coming: event and hub time of the first (the device's clock may be behind) */
  setBack = false;
  oldTs = 0;
  oldHub = 0;
  /** the newest record was older than the lateness by the hub's clock: by how much it was, ms; else 0 */
  behind = 0;
  /** it was because the device's clock is behind, not because the record was under way */
  believed = false;
  /** the hub's clock was set back behind `watermark` */
  overtaken = false;

  constructor(device: Device, plan: Plan, late: boolean) {
    this.device = device;
    this.plan = plan;
    this.late = late;
    this.attributes = device.attributes;
    this.limits = limitsOf(plan, device);
    this.values = new Float64Array(plan.inputs.length).fill(Number.NaN);
    this.seen = new Float64Array(plan.inputs.length).fill(-Infinity);
    this.rates = plan.inputs.some((i) => i.fn !== "value")
      ? plan.inputs.map((i) => (i.fn === "value" ? null : new RateWindow(i.windowMs, i.fn === "rate")))
      : null;
    this.alarms = plan.alarms.map(() => null);
    this.silences = late
      ? NONE
      : plan.silences.map((alarm) => ({
          lane: this,
          alarm,
          due: Infinity,
          slot: -1,
          heard: Number.NaN,
          stored: Number.NaN,
        }));
  }

  refreshLimits(): void {
    this.attributes = this.device.attributes;
    this.limits = limitsOf(this.plan, this.device);
  }

  /** @returns null when nothing is worth a row */
  store(silenceKept: (silence: Silence) => boolean): StoredLane | null {
    const alarms: Record<string, StoredAlarm> = {};
    let any = false;
    for (const a of this.alarms) {
      if (a === null) continue;
      alarms[a.alarm.def.name] = storeAlarm(a);
      any = true;
    }
    let heard: Record<string, number> | undefined;
    for (const s of this.silences) {
      if (Number.isNaN(s.heard) || !silenceKept(s)) continue;
      (heard ??= {})[s.alarm.def.name] = s.heard;
      s.stored = s.heard;
      any = true;
    }
    const { watermark, behind, believed } = this;
    if (!any && !believed) return null;
    return {
      v: 1,
      watermark: Number.isFinite(watermark) ? watermark : -1,
      alarms,
      ...(heard && { heard }),
      ...(believed && { behind: Math.round(behind) }),
    };
  }

  /** @returns alarms of the stored state that the profile no longer has, if they were active */
  restore(stored: StoredLane): { readonly name: string; readonly state: StoredAlarm }[] {
    const orphans: { name: string; state: StoredAlarm }[] = [];
    this.watermark = stored.watermark < 0 ? -Infinity : stored.watermark;
    this.behind = stored.behind ?? 0;
    this.believed = this.behind > 0;
    for (const [name, state] of Object.entries(stored.alarms)) {
      const alarm = this.plan.alarms.find((a) => a.def.name === name && a.def.event === state.event);
      if (alarm !== undefined) this.alarms[alarm.index] = restoreAlarm(this, alarm, state);
      else if (state.p === "active") orphans.push({ name, state });
    }
    for (const s of this.silences) {
      const heard = stored.heard?.[s.alarm.def.name];
      if (heard !== undefined) s.heard = s.stored = heard;
    }
    return orphans;
  }
}

const NONE: readonly Silence[] = [];
