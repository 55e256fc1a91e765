import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding, Severity } from "../finding.ts";
import type { AreaRule } from "./area/area-rule.ts";
import { type AreaGrids, AreaRules } from "./area/area-rules.ts";
import { RuleCounters } from "./rule-counts.ts";
import { RuleEngine } from "./rule-engine.ts";

/** Stored readings, and what ingest does to a record before it is judged. */
export interface DryRunPort {
  /** numeric series of these devices: [series, device id, metric] */
  series(
    devices: readonly number[],
  ): Promise<readonly { readonly id: number; readonly deviceId: number; readonly metric: string }[]>;
  /** [series, ts, value, quality] in order of time, at most `limit` */
  readings(
    series: readonly number[],
    from: number,
    to: number,
    limit: number,
  ): Promise<readonly (readonly [number, number, number | null, number])[]>;
  /** adds the derived metrics of the device's profile; a fresh one a run */
  deriver(): (device: Device, ts: number, record: RecordBuffer) => void;
}

export interface DryRunOptions {
  readonly port: DryRunPort;
  readonly grids: () => AreaGrids;
  readonly timeZone: string;
  readonly durationScale: number;
  /** readings that one run may look at; 2,000,000 */
  readonly maxReadings?: number;
  /** and how long it may take, ms; 20,000 */
  readonly maxMs?: number;
  /** monotonic, ms */
  readonly clock?: () => number;
}

export interface DryRunRequest {
  /** judged instead of what the devices are bound to; null = area rules only */
  readonly profile: CompiledProfile | null;
  readonly area: readonly AreaRule[];
  readonly devices: readonly Device[];
  /** ms UTC */
  readonly from: number;
  readonly to: number;
  /** events that are returned; further ones are counted */
  readonly limit: number;
}

export interface DryRunEvent {
  readonly kind: string;
  /** `rule:<profile>#<alarm>` or `area:<rule>` */
  readonly rule: string;
  /** uid; null for area rules */
  readonly device: string | null;
  readonly grid: string | null;
  readonly from: number;
  /** null = still active at the end of the period */
  to: number | null;
  /** the highest that it reached */
  severity: Severity;
}

export interface DryRunResult {
  readonly events: readonly DryRunEvent[];
  readonly total: number;
  readonly devices: number;
  readonly readings: number;
  /** up to where the period was run; less than `to` where a limit stopped it */
  readonly until: number;
  readonly stoppedBy: "readings" | "time" | null;
}

const CHUNK = 50_000;
const TICK_MS = 60_000;

/**
 * What rules would have found in stored readings. The same engine as live, on a clock that is the readings' own: holds, silence
 * and schedules run out where they would have. It is not known when an edge was away, so its silence is told for each device.
 * Nothing is written.
 */
export async function dryRun(options: DryRunOptions, request: DryRunRequest): Promise<DryRunResult> {
  const {
    port,
    grids,
    timeZone,
    durationScale,
    maxReadings = 2_000_000,
    maxMs = 20_000,
    clock = () => performance.now(),
  } = options;
  const { profile, area: areaRules, from, to } = request;
  const began = clock();
  const devices = new Map(
    request.devices.map((d): [number, Device] => [d.id, profile === null ? d : { ...d, profile }]),
  );
  const engine = new RuleEngine({
    durationScale,
    allowedLatenessMs: 120_000,
    maxTickGapMs: Number.MAX_SAFE_INTEGER,
    timeZone,
  });
  const area = new AreaRules({
    rules: areaRules,
    grids: grids(),
    durationScale,
    allowedLatenessMs: 120_000,
    counters: new RuleCounters(),
  });
  const derive = port.deriver();
  const places = new Map<number, readonly [Device, number]>();
  for (const { id, deviceId, metric } of await port.series([...devices.keys()])) {
    const device = devices.get(deviceId);
    const index = device?.profile.metricIndex.get(metric);
    if (device === undefined || index === undefined) continue;
    // computed anew: the profile on trial may compute it in another way
    if ((device.profile.derived ?? []).some((d) => d.metric === index)) continue;
    places.set(id, [device, index]);
  }
  const list = new EventList(request.limit);
  let now = from;
  const tick = (t: number) => {
    const found: Finding[] = [];
    if (profile !== null) engine.tick(t, found);
    area.tick(t, found);
    area.found(found, found);
    list.add(found);
    now = t;
  };
  area.load([]);
  tick(from);
  if (profile !== null) for (const device of devices.values()) engine.register(device, from);

  const record = new RecordBuffer();
  const observe = (device: Device, ts: number) => {
    if (record.n === 0) return;
    while (now + TICK_MS <= ts) tick(now + TICK_MS);
    derive(device, ts, record);
    const found: Finding[] = [];
    if (profile !== null) engine.observe(device, ts, record, false, found);
    area.observe(device, ts, record, false, found);
    area.found(found, found);
    list.add(found);
    record.reset();
  };
  const series = [...places.keys()];
  let readings = 0;
  let next = from;
  let stoppedBy: DryRunResult["stoppedBy"] = null;
  while (next < to && series.length > 0) {
    if (readings >= maxReadings || clock() - began > maxMs) {
      stoppedBy = readings >= maxReadings ? "readings" : "time";
      break;
    }
    const rows = await port.readings(series, next, to, CHUNK);
    const full = rows.length === CHUNK;
    // a full page may end amid the readings of one moment: they belong to the next page
    const last = full && rows[0][1] !== rows[CHUNK - 1][1] ? rows[CHUNK - 1][1] : Infinity;
    // readings of one device at one time are one record, as they were when they came
    const moment = new Map<Device, (readonly [number, number, number])[]>();
    const flush = (ts: number) => {
      for (const [device, values] of moment) {
        for (const [index, value, quality] of values) record.push(index, value, quality);
        observe(device, ts);
      }
      moment.clear();
    };
    let ts = Number.NaN;
    for (const [id, time, value, quality] of rows) {
      if (time >= last) break;
      if (time !== ts) flush(ts);
      ts = time;
      const [device, index] = places.get(id) as readonly [Device, number];
      const values = moment.get(device);
      if (values === undefined) moment.set(device, [[index, value ?? Number.NaN, quality]]);
      else values.push([index, value ?? Number.NaN, quality]);
      readings++;
    }
    flush(ts);
    next = !full ? to : last === Infinity ? ts + 1 : last;
  }
  while (now + TICK_MS < next) tick(now + TICK_MS);
  tick(next);
  return { events: list.events, total: list.total, devices: devices.size, readings, until: next, stoppedBy };
}

/** Findings joined to events, at most so many. */
class EventList {
  readonly events: DryRunEvent[] = [];
  total = 0;
  readonly #limit: number;
  readonly #open = new Map<string, DryRunEvent>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(findings: readonly Finding[]): void {
    for (const f of findings) {
      const key = `${f.source} ${f.subject}`;
      const open = this.#open.get(key);
      if (f.phase === "raise") {
        const { kind, source: rule, ts: from, severity } = f;
        const event = {
          kind,
          rule,
          device: f.device?.uid ?? null,
          grid: f.gridId ?? f.device?.gridId ?? null,
          from,
          to: null,
          severity,
        };
        this.#open.set(key, event);
        if (this.total++ < this.#limit) this.events.push(event);
      } else if (open !== undefined) {
        if (f.phase === "clear") {
          open.to = f.ts;
          this.#open.delete(key);
        } else if (f.severity < open.severity) open.severity = f.severity;
      }
    }
  }
}
