import type { Finding } from "../finding.ts";
import type { DeviceWatch } from "./device-watch.ts";
import { clearEdge, raiseEdge } from "./edge-alarm.ts";
import type { HealthJournal } from "./health-journal.ts";
import type { Contact, EdgeHealth } from "./health-record.ts";
import type { OutageWatch } from "./outage-watch.ts";

const HEARTBEAT_MS = 30_000;
/** a process that stalls for a moment must not lose its edges, however short the scaled heartbeat */
const LEAST_SILENCE_MS = 6000;
const GRACE_MS = 15_000;
const LEAST_GRACE_MS = 2000;
/** a clean stop is maintenance: it becomes a (low) finding when nobody starts the edge again, ms */
const STOP_GRACE_MS = 300_000;
/** a will of the same boot this soon after `on` is the old connection of a reconnect being closed, ms */
const TAKEOVER_MS = 10_000;

export type EdgeChangeListener = (edgeKey: string, online: boolean, now: number, out: Finding[]) => void;

/**
 * online -> late (contact ended, grace runs) -> offline. Offline is one finding (or part of that of an outage), its devices are
 * unknown, the rules are told.
 * An edge that is its own only device goes "away" with an outage of its site alone: else the device's own silence says it.
 */
export class EdgeWatch {
  onEdgeChange: EdgeChangeListener | null = null;
  readonly #journal: HealthJournal;
  readonly #devices: DeviceWatch;
  readonly #outages: OutageWatch;
  readonly #beatMs: number;
  readonly #silentMs: number;
  readonly #graceMs: number;
  readonly #stopGraceMs: number;
  #returning: EdgeHealth[] = [];

  constructor(journal: HealthJournal, devices: DeviceWatch, outages: OutageWatch, scale: number) {
    this.#journal = journal;
    this.#devices = devices;
    this.#outages = outages;
    outages.members = this;
    this.#beatMs = HEARTBEAT_MS * scale;
    this.#silentMs = Math.max(LEAST_SILENCE_MS, 3 * this.#beatMs);
    this.#graceMs = Math.max(LEAST_GRACE_MS, GRACE_MS * scale);
    this.#stopGraceMs = Math.max(LEAST_GRACE_MS, STOP_GRACE_MS * scale);
  }

  clear(): void {
    this.#returning = [];
  }

  /**
   * After a restart every edge has to connect again: it gets twice the time, and one whose will came while the hub itself was
   * stopping that of one silence.
   * @param stopped hub time until which the hub is known to have run
   */
  resume(e: EdgeHealth, stopped: number): void {
    const { timers, clock } = this.#journal;
    const { listened } = clock;
    if (e.goneTs > 0) e.goneAt = listened - Math.max(0, stopped - e.goneTs);
    if (e.contact === "online" && e.beats) timers.set(e.silence, listened + 2 * this.#silentMs);
    if (e.contact === "late") {
      const grace = e.why === "stop" ? this.#graceMs : Math.max(this.#graceMs, this.#silentMs);
      e.goneAt = listened;
      timers.set(e.phase, listened + grace);
    }
    if (e.contact === "offline" && e.away && e.raised === null) {
      if (e.why === "stop") timers.set(e.phase, listened + this.#stopGraceMs);
      else if (!e.outage) this.#outages.gone(e, true);
    }
    if (e.flapping) this.#journal.awaitCalm(e);
  }

  /** Any message of the edge. */
  heard(e: EdgeHealth, rx: number): void {
    e.lastSeen = rx;
    const { clock, timers } = this.#journal;
    const due = clock.at(rx) + this.#silentMs;
    if (e.silence.slot >= 0) e.silence.due = due;
    else if (e.beats) timers.set(e.silence, due);
    if (e.contact === "online") return;
    // a return is told to the rules and clears a finding: the next tick can do that
    if (e.away || e.raised !== null) this.#returning.push(e);
    else this.#online(e, rx);
  }

  on(e: EdgeHealth, boot: number, rx: number, out: Finding[]): void {
    if (boot < e.boot) return;
    if (boot !== e.boot) this.#journal.touch(e);
    e.boot = boot;
    e.onAt = this.#journal.clock.at(rx);
    this.heard(e, rx);
    this.settle(rx, out);
  }

  off(e: EdgeHealth, boot: number, why: string, rx: number): void {
    if (boot < e.boot) return; // the will of a connection that a newer start has replaced
    const takeover = boot === e.boot && why !== "stop" && this.#journal.clock.at(rx) - e.onAt < TAKEOVER_MS;
    if (boot !== e.boot) this.#journal.touch(e);
    e.boot = boot;
    this.#lose(e, why === "stop" ? "stop" : "lwt", takeover ? 1.5 * this.#beatMs : 0, rx);
  }

  beat(e: EdgeHealth): void {
    if (e.beats) return;
    e.beats = true;
    this.#journal.touch(e);
  }

  silent(e: EdgeHealth, now: number): void {
    this.#lose(e, "silent", 0, now);
  }

  /** The grace is over. */
  phase(e: EdgeHealth, now: number, out: Finding[]): void {
    if (e.contact === "late") {
      this.#contact(e, "offline", e.why, now);
      if (e.solo !== null && (!e.outage || e.why === "stop")) {
        this.#soloLost(e, now);
        if (e.why !== "stop") this.#outages.gone(e);
        return;
      }
      this.away(e, now, out);
      if (e.why === "stop") {
        this.#journal.timers.set(e.phase, this.#journal.clock.listened + this.#stopGraceMs);
        return;
      }
    }
    if (e.contact !== "offline" || !e.away || e.raised !== null) return;
    if (e.why === "stop") raiseEdge(this.#journal, e, 4, now, out);
    else this.#outages.gone(e);
  }

  /** All that is behind it is unknown, and nobody alarms for it. */
  away(e: EdgeHealth, now: number, out: Finding[]): void {
    e.away = true;
    const { solo } = e;
    for (const d of e.devices.values()) {
      if (d.contact === "online" || d.contact === "late" || d === solo) d.contact = "unknown";
      this.#devices.arm(d);
      this.#devices.show(d, "edge_offline", now);
    }
    if (solo !== null) this.#devices.unsettle(solo);
    this.onEdgeChange?.(e.key, false, now, out);
  }

  release(e: EdgeHealth, now: number, out: Finding[]): void {
    this.#back(e, now, out);
    for (const d of e.devices.values()) d.contact = "online";
    this.#soloLost(e, now);
    this.#journal.touch(e);
  }

  /** Edges that came back, and all-clears that waited for flapping to end. */
  settle(now: number, out: Finding[]): void {
    for (const e of this.#returning.splice(0)) {
      if (e.contact !== "online") this.#online(e, now);
      if (e.away) this.#back(e, now, out);
      this.calmed(e, now, out);
    }
  }

  calmed(e: EdgeHealth, now: number, out: Finding[]): void {
    if (e.contact === "online" && !e.flapping) clearEdge(this.#journal, e, now, out);
  }

  show(e: EdgeHealth, reason: string, now: number): void {
    if (e.flapping) this.#journal.set(e, "flapping", "flapping", now);
    else this.#journal.set(e, e.contact, reason, now);
  }

  #lose(e: EdgeHealth, why: string, leastGraceMs: number, now: number): void {
    if (e.contact === "late" || e.contact === "offline") return;
    const { timers, clock } = this.#journal;
    e.why = why;
    e.goneAt = clock.at(now);
    e.goneTs = now;
    timers.remove(e.silence);
    timers.set(e.phase, clock.at(now) + Math.max(this.#graceMs, leastGraceMs));
    this.#contact(e, "late", why, now);
  }

  #online(e: EdgeHealth, now: number): void {
    this.#journal.timers.remove(e.phase);
    this.#contact(e, "online", e.contact === "unknown" ? "heard" : "edge_online", now);
  }

  #back(e: EdgeHealth, now: number, out: Finding[]): void {
    e.away = false;
    const { listened } = this.#journal.clock;
    for (const d of e.devices.values()) {
      if (d.contact !== "online") d.heardAt = listened; // a full period to be heard
      this.#devices.arm(d);
      this.#devices.show(d, d.contact === "online" ? "heard" : "edge_online", now);
      this.#devices.unsettle(d);
    }
    this.onEdgeChange?.(e.key, true, now, out);
  }

  /** Contact ended badly: seen at once as late; offline by the device's own expectation, at once if it has none. */
  #soloLost(e: EdgeHealth, now: number): void {
    const d = e.solo;
    if (d === null || d.contact !== "online") return;
    if (d.lateMs === Infinity) this.#devices.contact(d, "offline", e.why, now);
    else if (e.why !== "stop") this.#devices.contact(d, "late", e.why, now);
  }

  #contact(e: EdgeHealth, to: Contact, reason: string, now: number): void {
    const up = e.contact === "online" || to === "online";
    if (up && e.contact !== "unknown") this.#journal.changed(e, now);
    e.contact = to;
    this.show(e, reason, now);
    this.#journal.touch(e);
  }
}
