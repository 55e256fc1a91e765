import type { AlarmDef, CompiledProfile, Comparison, MetricDef } from "@gridhub/device-profiles/compiled.ts";
import { Quality, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { RuleEngine, type RuleOptions } from "./rule-engine.ts";

/** Test scenes: profiles, devices and a store of rows, with a virtual clock. */

export const METRICS = ["pressure", "tilt", "battery"] as const;
export const T0 = Date.UTC(2025, 10, 22, 8);
export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export function compare(metric: number, op: Comparison["op"], limit: Comparison["limit"], offset = 0): Comparison {
  return { metric, fn: "value", windowMs: 0, op, limit, offset };
}

export function alarm(name: string, def: Partial<AlarmDef>): AlarmDef {
  return {
    name,
    event: `hydrant.${name}`,
    severity: 3,
    when: [],
    clear: [],
    forMs: 0,
    clearForMs: 0,
    repeat: null,
    noData: null,
    noDataMs: 0,
    escalate: [],
    suppressIf: null,
    levels: [],
    suppressedBy: [],
    schedule: null,
    latch: false,
    quietMs: 0,
    ...def,
  };
}

export function profile(alarms: readonly AlarmDef[], id = "test/hydrant@1.0.0"): CompiledProfile {
  const metrics = METRICS.map((name): MetricDef => {
    const unit = name === "pressure" ? "MPa" : name === "tilt" ? "deg" : "V";
    return { name, unit, type: "number", range: null, maxStep: null, stuckMs: null, titleZh: "", titleEn: "" };
  });
  return {
    id,
    kind: "hydrant",
    titleZh: "",
    titleEn: "",
    metrics,
    metricIndex: new Map(METRICS.map((name, i) => [name, i])),
    alarms,
    expectEveryMs: null,
    grace: 2,
    sequenced: true,
    keepRaw: false,
    uplink: "telemetry",
    positions: false,
    decodeJson: () => null,
    decodeFrame: () => null,
    decodePositions: () => null,
  };
}

export function device(of: CompiledProfile, id = 1, attributes: Device["attributes"] = {}): Device {
  const edge = { id: 1, key: "town/edge-1", site: "town", name: "edge-1", title: "" };
  const place = { lon: 122.4, lat: 30.7, gridId: null };
  const name = `hydrant-${id}`;
  const series = new Int32Array(METRICS.length);
  return { id, uid: `town/${name}`, site: "town", name, edge, title: "", profile: of, ...place, attributes, series };
}

export type Values = Partial<Record<(typeof METRICS)[number], number>>;

export class RuleScene {
  readonly rows = new Map<string, unknown>();
  readonly devices: Device[];
  readonly #options: RuleOptions;
  readonly #record = new RecordBuffer();
  engine: RuleEngine;
  /** hub time of the last step, ms since T0 */
  now = 0;

  constructor(devices: Device[], options: Partial<RuleOptions> = {}) {
    this.devices = devices;
    this.#options = { durationScale: 1, allowedLatenessMs: 120_000, maxTickGapMs: HOUR / 2, ...options };
    this.engine = new RuleEngine(this.#options);
    for (const d of devices) this.engine.register(d, T0);
  }

  /** A record of the first device at `at` ms since T0. */
  read(at: number, values: Values, how: { late?: boolean; quality?: number; device?: Device } = {}): Finding[] {
    const out: Finding[] = [];
    this.#record.reset();
    for (const [name, value] of Object.entries(values)) {
      const quality = Number.isNaN(value) ? Quality.invalid : (how.quality ?? 0);
      this.#record.push(METRICS.indexOf(name as (typeof METRICS)[number]), value, quality);
    }
    this.engine.observe(how.device ?? this.devices[0], T0 + at, this.#record, how.late ?? false, out);
    return out;
  }

  tick(at: number): Finding[] {
    const out: Finding[] = [];
    this.now = at;
    this.engine.tick(T0 + at, out);
    return out;
  }

  edge(online: boolean, at: number): Finding[] {
    const out: Finding[] = [];
    this.engine.edgeChanged("town/edge-1", online, T0 + at, out);
    return out;
  }

  /** What a commit does. @returns the keys written, without the engine's own clock */
  commit(): string[] {
    const out: FoldStateRow[] = [];
    this.engine.drain(out);
    for (const row of out) {
      if (row.state === null) this.rows.delete(row.key);
      else this.rows.set(row.key, JSON.parse(JSON.stringify(row.state)));
    }
    return out.map((row) => row.key).filter((key) => key !== "#clock");
  }

  /** Kills the engine; a new one knows what was committed. */
  restart(): void {
    this.engine = new RuleEngine(this.#options);
    const rows = [...this.rows].map(([key, state]): FoldStateRow => ({ room: "rules", key, state }));
    this.engine.load(rows, this.devices);
  }
}

/** `raise@600000/3`: phase, ms since T0, severity; `late` in front where it is. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map((f) => `${f.late ? "late " : ""}${f.phase}@${f.ts - T0}/${f.severity}`);
}
