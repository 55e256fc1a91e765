import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { AlarmDef, CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Device } from "../../hub/src/device.ts";
import type { Finding } from "../../hub/src/finding.ts";
import { RuleEngine } from "../../hub/src/rules/rule-engine.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

const DEVICES = 10_000;
/** a county */
const MANY = 100_000;
const METRICS = 4;
const START = Date.UTC(2025, 0, 1);

/** `count` alarms with hysteresis and holds over four metrics; the first also watches for silence when `silence`. */
function profileOf(count: number, silence: boolean): CompiledProfile {
  const alarms = Array.from({ length: count }, (_, i): AlarmDef => {
    const metric = i % METRICS;
    const limit = { attribute: `limit_${i}`, default: 10 };
    const comparison = { metric, fn: "value", windowMs: 0, limit } as const;
    return {
      name: `a${i}`,
      event: `bench.a${i}`,
      severity: 3,
      when: [{ ...comparison, op: "<", offset: 0 }],
      clear: [{ ...comparison, op: ">", offset: 2 }],
      forMs: 600_000,
      clearForMs: 300_000,
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
    };
  });
  if (silence) alarms.push({ ...alarms[0], name: "silent", when: [], clear: [], noData: 0, noDataMs: 3_600_000 });
  const metrics = Array.from({ length: METRICS }, (_, i) => ({
    name: `m${i}`,
    unit: "1",
    type: "number" as const,
    range: null,
    maxStep: null,
    stuckMs: null,
    titleZh: "",
    titleEn: "",
  }));
  return {
    id: `bench/p${count}@1.0.0`,
    kind: "hydrant",
    titleZh: "",
    titleEn: "",
    metrics,
    metricIndex: new Map(metrics.map((m, i) => [m.name, i])),
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

function fleet(profile: CompiledProfile, count: number): Device[] {
  const edge = { id: 1, key: "bench/e", site: "bench", name: "e", title: "" };
  const place = { lon: null, lat: null, gridId: null };
  return Array.from({ length: count }, (_, i) => {
    const name = `d${i}`;
    const series = new Int32Array(METRICS);
    return {
      id: i + 1,
      uid: `bench/${name}`,
      site: "bench",
      name,
      edge,
      title: "",
      profile,
      ...place,
      attributes: {},
      series,
    };
  });
}

interface Run {
  readonly recordsPerSecond: number;
  readonly readingsPerSecond: number;
  readonly bytesPerDevice: number;
  readonly heapGrowthBytesPerRecord: number;
  readonly rowsWritten: number;
}

function run(alarms: number, silence: boolean, records: number, count = DEVICES): Run {
  const devices = fleet(profileOf(alarms, silence), count);
  gc();
  const before = process.memoryUsage();
  const engine = new RuleEngine({ durationScale: 1, allowedLatenessMs: 120_000 });
  for (const device of devices) engine.register(device, START);
  gc();
  const after = process.memoryUsage();
  const out: Finding[] = [];
  const record = new RecordBuffer();
  let ts = START;
  const feed = (n: number) => {
    for (let i = 0; i < n; i++) {
      const device = devices[i % count];
      if (i % count === 0) {
        ts += 10_000;
        engine.tick(ts, out);
      }
      record.reset();
      for (let m = 0; m < METRICS; m++) record.push(m, 20 + (i % 7), 0);
      engine.observe(device, ts, record, false, out);
    }
  };
  feed(records / 4); // warm-up
  engine.drain([]);
  gc();
  const heap = process.memoryUsage().heapUsed;
  const begin = process.threadCpuUsage();
  feed(records);
  const seconds = cpuSeconds(begin);
  const grown = process.memoryUsage().heapUsed - heap;
  const rows: unknown[] = [];
  engine.drain(rows as never);
  if (out.length > 0) throw new Error("nothing was to be found");
  return {
    recordsPerSecond: Math.round(records / seconds),
    readingsPerSecond: Math.round((records * METRICS) / seconds),
    bytesPerDevice: Math.round((after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / count),
    heapGrowthBytesPerRecord: Math.round((grown / records) * 10) / 10,
    rowsWritten: rows.length,
  };
}

/** The least that could be done by hand: the same record, one threshold and one flag a device. */
function byHand(records: number): number {
  const low = new Uint8Array(DEVICES);
  const record = new RecordBuffer();
  let changes = 0;
  const begin = process.threadCpuUsage();
  for (let i = 0; i < records; i++) {
    record.reset();
    for (let m = 0; m < METRICS; m++) record.push(m, 20 + (i % 7), 0);
    const is = record.num[0] < 10 ? 1 : 0;
    if (low[i % DEVICES] !== is) changes++;
    low[i % DEVICES] = is;
  }
  if (changes > 0) throw new Error("nothing was to change");
  return Math.round(records / cpuSeconds(begin));
}

/** Records a CPU second through `RuleEngine.observe` where nothing changes: 4 readings a record, 10,000 devices and 100,000. */
export async function rulesBench(): Promise<object> {
  const records = 2_000_000;
  run(10, true, records / 4);
  byHand(records);
  const baseline = byHand(records);
  const one = run(1, false, records);
  const ten = run(10, false, records);
  return {
    devices: DEVICES,
    "by hand, records/s": baseline,
    "1 alarm": { ...one, ofByHand: ratio(one.recordsPerSecond, baseline) },
    "1 alarm + no_data": run(1, true, records),
    "100,000 devices, 1 alarm": run(1, false, records, MANY),
    "100,000 devices, 10 alarms": run(10, false, records, MANY),
    "100,000 devices, 100 alarms": run(100, false, records / 4, MANY),
    "10 alarms": { ...ten, ofByHand: ratio(ten.recordsPerSecond, baseline) },
  };
}

/** Time of this thread on a core: what else the machine does matters less. */
function cpuSeconds(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(begin);
  return (user + system) / 1e6;
}

function ratio(a: number, b: number): number {
  return Math.round((a / b) * 1000) / 1000;
}
