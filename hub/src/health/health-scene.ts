import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Device, Edge } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { FoldStateRow, HealthChange } from "../store/batch.ts";
import { HealthMonitor } from "./health-monitor.ts";

/** Test scenes: an edge with devices, a virtual clock that ticks every second, and a store of rows. */

export const T0 = Date.UTC(2025, 10, 22, 8);
export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export function edgeOf(name: string, site = "town"): Edge {
  return { id: 1, key: `${site}/${name}`, site, name, title: "" };
}

export function deviceOf(edge: Edge, name: string, id: number, expectEveryMs: number | null, noData = false): Device {
  const alarm = { name: "silent", noData: 0 };
  const profile = {
    id: "test/any@1.0.0",
    expectEveryMs,
    grace: 2,
    alarms: noData ? [alarm] : [],
  } as unknown as CompiledProfile;
  const place = { lon: 122 + id / 10, lat: 30, gridId: null };
  const series = new Int32Array(0);
  const { site } = edge;
  return { id, uid: `${site}/${name}`, site, name, edge, title: "", profile, ...place, attributes: {}, series };
}

export class HealthScene {
  readonly edge: Edge;
  readonly devices: Device[];
  readonly rows = new Map<string, unknown>();
  readonly shown = new Map<string, HealthChange>();
  /** every change so far: `subject from>to reason` */
  readonly log: string[] = [];
  /** `true@seconds` as the rules hear it */
  readonly told: string[] = [];
  /** seconds since T0 */
  at = 0;
  monitor!: HealthMonitor;

  constructor(edge: Edge, devices: Device[]) {
    this.edge = edge;
    this.devices = devices;
    this.#start();
    for (const d of devices) this.monitor.register(d, T0);
    this.pass(0);
  }

  get now(): number {
    return T0 + this.at * SECOND;
  }

  /** Lets time pass, ticking every second; commits. `each` runs before every tick. */
  pass(seconds: number, each?: () => void): Finding[] {
    const out: Finding[] = [];
    for (let i = 0; i < seconds; i++) {
      this.at++;
      each?.();
      this.monitor.tick(this.now, out);
    }
    if (seconds === 0) this.monitor.tick(this.now, out);
    this.commit();
    return out;
  }

  /** The wall clock jumps, then ticks on. */
  jump(seconds: number): Finding[] {
    this.at += seconds;
    return this.pass(0);
  }

  heard(device = this.devices[0], late = false): void {
    this.monitor.edgeHeard(this.edge, this.now);
    this.monitor.heard(device, this.now, this.now, late);
  }

  /** A live record with a sample time `seconds` ago. */
  old(seconds: number, device = this.devices[0]): void {
    this.monitor.edgeHeard(this.edge, this.now);
    this.monitor.heard(device, this.now - seconds * SECOND, this.now, seconds > 120, false);
  }

  state(on: boolean, boot = 1, why = on ? "" : "lwt"): Finding[] {
    const out: Finding[] = [];
    this.monitor.edgeState(this.edge, on, boot, why, this.now, out);
    return out;
  }

  beat(sources?: Readonly<Record<string, string>>, boot = 1): Finding[] {
    const out: Finding[] = [];
    this.monitor.heartbeat(this.edge, { b: boot, ts: this.now, queue: 0, bytes: 0, sources }, this.now, out);
    return out;
  }

  of(subject: Device | "edge"): string {
    const key = subject === "edge" ? `edge:${this.edge.key}` : `device:${subject.uid}`;
    const found = this.monitor.of(key);
    return `${found?.state} ${found?.reason}`;
  }

  commit(): string[] {
    const changes: HealthChange[] = [];
    const fold: FoldStateRow[] = [];
    this.monitor.drain(changes, fold);
    for (const row of fold) this.rows.set(row.key, JSON.parse(JSON.stringify(row.state)));
    for (const change of changes) {
      this.shown.set(change.subject, change);
      this.log.push(`${change.subject.replace("town/", "")} ${change.from}>${change.to} ${change.reason}`);
    }
    return fold.map((row) => row.key).filter((key) => key !== "#clock");
  }

  /** A new process that knows what was committed. */
  restart(downSeconds = 0): void {
    this.at += downSeconds;
    this.#start();
    const health = [...this.shown.values()].map((c) => ({
      subject: c.subject,
      state: c.to,
      reason: c.reason,
      since: c.ts,
    }));
    const fold = [...this.rows].map(([key, state]): FoldStateRow => ({ room: "health", key, state }));
    this.monitor.load(health, fold, this.devices, this.now);
  }

  #start(): void {
    this.monitor = new HealthMonitor({ durationScale: 1, flapCount: 4, flapWindowMs: HOUR });
    this.monitor.onEdgeChange = (_key, online) => this.told.push(`${online}@${this.at}`);
    if (this.rows.size === 0) this.monitor.load([], [], [], this.now);
  }
}

/** `raise device.offline/4` */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map((f) => `${f.phase} ${f.kind}/${f.severity}`);
}
