import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { deviceFinding } from "./health-finding.ts";
import type { HealthJournal } from "./health-journal.ts";
import { type Contact, type DeviceHealth, HealthTimer } from "./health-record.ts";

/** Offline after this many times the silence that makes late. */
const OFFLINE_FACTOR = 3;
/** `lastSeen` of devices that become late faster than this is not kept: their timers start anew after a restart. ms */
const KEPT_SILENCE_MS = 600_000;

/** The contact of one device: expectation, faults of its source, and the two findings that health raises itself. */
export class DeviceWatch {
  readonly #journal: HealthJournal;
  readonly #scale: number;
  readonly #faultMs: number;
  /** devices whose findings may have to change; `heard` has nowhere to put findings, the next tick has */
  #unsettled: DeviceHealth[] = [];

  constructor(journal: HealthJournal, scale: number) {
    this.#journal = journal;
    this.#scale = scale;
    this.#faultMs = Math.max(2000, 60_000 * scale);
  }

  clear(): void {
    this.#unsettled = [];
  }

  /** Takes over what the profile expects. */
  adopt(d: DeviceHealth, profile: Device["profile"]): void {
    const late =
      profile.expectEveryMs === null ? Infinity : Math.round(profile.expectEveryMs * profile.grace * this.#scale);
    d.lateMs = late;
    d.offlineMs = OFFLINE_FACTOR * late;
    d.keepMs = late >= KEPT_SILENCE_MS ? late / 10 : Infinity;
    d.selfAlarms = profile.alarms.some((a) => a.noData !== null);
    this.arm(d);
  }

  /** @param rx hub time, ms UTC */
  heard(d: DeviceHealth, rx: number): void {
    d.lastSeen = rx;
    d.heardAt = this.#journal.clock.at(rx);
    if (d.contact === "online") d.expect.due = d.heardAt + d.lateMs;
    else this.contact(d, "online", "heard", rx);
    if (d.keepMs < Infinity && !(rx - d.keptSeen < d.keepMs)) this.#journal.touch(d);
  }

  contact(d: DeviceHealth, to: Contact, reason: string, now: number): void {
    const from = d.contact;
    if (from === to) return;
    d.contact = to;
    if ((from === "online" && to !== "unknown") || (to === "online" && from !== "unknown"))
      this.#journal.changed(d, now);
    this.arm(d);
    this.show(d, reason, now);
    this.unsettle(d);
  }

  /** The expectation's timer. A device that was never heard becomes late and stays so: it may not be installed yet. */
  expired(d: DeviceHealth, now: number): void {
    if (d.contact === "late") this.contact(d, "offline", "expected", now);
    else if (d.contact !== "offline") this.contact(d, "late", "expected", now);
  }

  /** A reason code of the device's source, "" = working. */
  fault(d: DeviceHealth, code: string, now: number): void {
    if (d.fault === code) return;
    const began = d.fault === "";
    d.fault = code;
    if (code === "") {
      if (d.faultTimer !== null) this.#journal.timers.remove(d.faultTimer);
      d.faultTimer = null;
      this.unsettle(d);
    } else if (began) this.armFault(d);
    this.#journal.touch(d);
    this.show(d, d.contact === "online" ? "heard" : "expected", now);
  }

  armFault(d: DeviceHealth): void {
    d.faultTimer ??= new HealthTimer("fault", d);
    this.#journal.timers.set(d.faultTimer, this.#journal.clock.listened + this.#faultMs);
  }

  arm(d: DeviceHealth): void {
    const { timers } = this.#journal;
    timers.remove(d.expect);
    const waits = !d.edge.away && d.contact !== "offline" && !(d.contact === "late" && Number.isNaN(d.lastSeen));
    if (waits) timers.set(d.expect, d.heardAt + (d.contact === "late" ? d.offlineMs : d.lateMs));
  }

  /** What is shown: the edge's absence goes before a fault of the source, that before flapping, that before plain contact. */
  show(d: DeviceHealth, reason: string, now: number): void {
    if (d.edge.away) this.#journal.set(d, "unknown", "edge_offline", now);
    else if (d.fault !== "") this.#journal.set(d, "offline", `source_${d.fault}`, now);
    else if (d.flapping) this.#journal.set(d, "flapping", "flapping", now);
    else this.#journal.set(d, d.contact, reason, now);
  }

  unsettle(d: DeviceHealth): void {
    this.#unsettled.push(d);
  }

  settle(now: number, out: Finding[]): void {
    for (const d of this.#unsettled.splice(0)) this.#settleOne(d, now, out);
  }

  #settleOne(d: DeviceHealth, now: number, out: Finding[]): void {
    const faulty = d.fault !== "" && d.faultTimer === null;
    if (faulty !== d.faultRaised && !(faulty && d.edge.away)) {
      d.faultRaised = faulty;
      out.push(deviceFinding(d, "device.fault", faulty ? "raise" : "clear", now));
      this.#journal.touch(d);
    }
    const lost = d.contact === "offline" && !d.selfAlarms && !d.edge.away && d.fault === "";
    // the outage that its own edge is in speaks for it
    const back = (d.contact === "online" && !d.flapping) || (d.edge.away && d.edge.solo === d);
    if (d.offlineRaised ? back : lost) {
      d.offlineRaised = !d.offlineRaised;
      if (d.offlineRaised && d.edge.outage && d.edge.solo === d) {
        d.edge.outage = false; // it was back: what it says now is no part of the outage that goes on
        this.#journal.touch(d.edge);
      }
      out.push(deviceFinding(d, "device.offline", d.offlineRaised ? "raise" : "clear", now));
      this.#journal.touch(d);
    }
  }
}
