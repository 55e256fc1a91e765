import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { decodeAisFrame } from "@gridhub/device-profiles/protocol/ais/frame.ts";
import type { Position } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../../hub/src/device.ts";
import type { Finding } from "../../hub/src/finding.ts";
import { Fleet } from "../../hub/src/fleet/fleet.ts";
import { RecallBook } from "../../hub/src/fleet/recall/recall-book.ts";
import { GridSet } from "../../hub/src/grids/grid-set.ts";
import { emptyBatch, type FoldStateRow } from "../../hub/src/store/batch.ts";
import { type DayArea, EAST_GRID, FleetDay, WEST_GRID } from "../../simulators/src/fleet-day.ts";
import type { Cadence } from "../../simulators/src/fleet/cadence.ts";
import { planeAt, type Point } from "../../simulators/src/world/polygon.ts";
import { HARBOURS } from "../../simulators/src/world/sea.ts";
import { buildWorld, type World } from "../../simulators/src/world.ts";

// A day of the fleet on a virtual clock: from sentences through decoder, grids, fleet room and recall book to findings, and what
// they are worth against the script.

export interface DayOptions {
  /** of the world: islands, areas, formations, boats */
  readonly world?: string;
  /** of the day: who does what, and every fault of radio */
  readonly seed?: string;
  readonly cadence: Cadence;
  readonly startMs: number;
  readonly hours: number;
  /** the hub is stopped and started again after every so many hours */
  readonly restartHours?: number;
}

export interface Found extends Pick<Finding, "kind" | "phase" | "subject" | "gridId" | "evidence" | "ts"> {
  /** hub time when it was taken */
  readonly now: number;
  /** the finding's grid, else the area that its place lies in */
  readonly grid: string | null;
}

export interface PlayedDay {
  readonly options: DayOptions;
  readonly day: FleetDay;
  readonly found: readonly Found[];
  /** MMSI -> hub time of receipt of the first call for help, or of its test */
  readonly firstCalls: ReadonlyMap<string, number>;
  readonly numbers: { sentences: number; refused: number; positions: number; duplicates: number };
}

const STEP_MS = 5000;
/** what is a matter of life is said as soon as it is heard */
const AT_ONCE_MS = 1000;

export function playDay(options: DayOptions): PlayedDay {
  const { startMs, hours } = options;
  const world = buildWorld(options.world);
  const day = new FleetDay(world, { startMs, seed: options.seed, cadence: options.cadence });
  const set = gridsOf(world, day.areas);
  const hub = new Hub(set, startMs);
  const devices = new Map(
    day.receivers.map((r, i) => [r, receiverDevice(i + 1, r.name, r.at, i === 0 ? WEST_GRID : EAST_GRID)]),
  );
  const found: Found[] = [];
  const numbers = { sentences: 0, refused: 0, positions: 0, duplicates: 0 };
  const out: Finding[] = [];
  const firstCalls = new Map<string, number>();
  const take = (now: number) => {
    for (const { kind, phase, subject, gridId, lon, lat, evidence, ts } of out.splice(0)) {
      const area = lon === null || lat === null ? null : (set.locateArea(lon, lat).gridId ?? null);
      found.push({ kind, phase, subject, gridId, evidence, ts, now, grid: gridId ?? area });
    }
  };
  const restartMs = (options.restartHours ?? Infinity) * 3_600_000;
  let restartAt = startMs + restartMs;
  for (let now = startMs; now <= startMs + hours * 3_600_000; now += STEP_MS) {
    const batch = emptyBatch(1);
    for (const { receiver, message, ts, rx } of day.heard(now)) {
      numbers.sentences += message.lines.length;
      const positions: Position[] = [];
      const frame = Buffer.from(message.lines.join("\n"), "latin1");
      if (decodeAisFrame(frame, ts, positions) !== null) numbers.refused++;
      for (const p of positions) {
        hub.fleet.observe(p, devices.get(receiver)!, false, rx, batch, out);
        const call = p.type === 14 || p.status === 14 || p.status === 15;
        if (call && !firstCalls.has(String(p.mmsi))) firstCalls.set(String(p.mmsi), rx);
      }
      numbers.positions += positions.length;
      take(rx);
    }
    hub.command(day, now);
    hub.tick(now, out);
    take(now);
    hub.commit();
    if (now < restartAt) continue;
    restartAt += restartMs;
    numbers.duplicates += hub.fleet.counts.duplicates;
    hub.restart();
  }
  numbers.duplicates += hub.fleet.counts.duplicates;
  return { options, day, found, firstCalls, numbers };
}

/** What of a day was found, and what else. */
export interface DayScore {
  readonly incidents: number;
  /** name of each incident that was not found once, in time, on its grid, and ended in time -> what is wrong */
  readonly wrong: Readonly<Record<string, string>>;
  /** kind -> findings that no incident explains */
  readonly noise: Readonly<Record<string, number>>;
  readonly noiseAVesselDay: number;
  /** the same in words */
  readonly told: readonly string[];
}

export function scoreDay({ day, found, firstCalls, options: { startMs, hours } }: PlayedDay): DayScore {
  const minutes = (ms: number) => Math.round((ms - startMs) / 60_000);
  const raised = found.filter(({ phase }) => phase === "raise");
  const wrong: Record<string, string> = {};
  const used = new Set<Found>();
  for (const i of day.incidents) {
    const own = found.filter((f) => f.kind === i.kind && f.subject.includes(i.subject));
    const mine = own.filter(({ phase }) => phase === "raise");
    for (const f of mine) used.add(f);
    const faults: string[] = [];
    if (mine.length !== 1) faults.push(`found ${mine.length} times`);
    for (const f of mine) {
      if (f.now < i.from || f.now > i.by)
        faults.push(`found at ${minutes(f.now)} min, not ${minutes(i.from)} to ${minutes(i.by)}`);
      if (f.grid !== i.grid) faults.push(`on ${f.grid} instead of ${i.grid}`);
      const heard = firstCalls.get(i.subject) ?? NaN;
      if (i.atOnce && !(f.ts - heard <= AT_ONCE_MS)) faults.push(`${f.ts - heard} ms after the first call`);
    }
    const ends = own.filter(({ phase }) => phase === "clear");
    if (i.ends !== null && (ends.length !== 1 || ends[0].now > i.ends))
      faults.push(`ended at [${ends.map((f) => minutes(f.now)).join()}] min, due by ${minutes(i.ends)}`);
    if (faults.length > 0) wrong[i.name] = faults.join("; ");
  }
  const rest = raised.filter((f) => !used.has(f));
  const noise: Record<string, number> = {};
  for (const { kind } of rest) noise[kind] = (noise[kind] ?? 0) + 1;
  return {
    incidents: day.incidents.length,
    wrong,
    noise,
    noiseAVesselDay: rest.length / ((day.boats.size * hours) / 24),
    told: rest.map(({ kind, subject, grid, now }) => `${kind} ${subject} on ${grid} at ${minutes(now)} min`),
  };
}

/** Fleet room and recall book with what the database keeps of them. */
class Hub {
  fleet: Fleet;
  private book: RecallBook;
  private readonly set: GridSet;
  private readonly startMs: number;
  private readonly stored = new Map<string, FoldStateRow>();
  private readonly opened = new Set<string>();

  constructor(set: GridSet, startMs: number) {
    this.set = set;
    this.startMs = startMs;
    this.fleet = new Fleet({ durationScale: 1 }, set.at(this.startMs));
    this.book = this.newBook();
  }

  command({ recalls }: FleetDay, now: number): void {
    for (const { id, grid, shelter, openAt, deadline, closeAt, remindMin } of recalls) {
      const plan = {
        id,
        title: id,
        grids: [grid],
        shelters: [shelter],
        deadline,
        raiseBy: "vessel" as const,
        remindMin,
      };
      if (now >= openAt && !this.opened.has(id)) {
        this.opened.add(id);
        const opened = this.book.open(plan, "duty", now);
        if ("code" in opened) throw new Error(opened.message);
      }
      if (now >= closeAt && this.book.get(id)?.state === "open") this.book.end(id, "close", "duty", "", now);
    }
  }

  tick(now: number, out: Finding[]): void {
    this.fleet.tick(now, out);
    this.book.tick(now, out);
  }

  commit(): void {
    const rows: FoldStateRow[] = [];
    this.fleet.drain(rows);
    this.book.drain(rows);
    for (const row of rows) {
      const key = `${row.room} ${row.key}`;
      if (row.state === null) this.stored.delete(key);
      else this.stored.set(key, row);
    }
  }

  restart(): void {
    const rows = JSON.parse(JSON.stringify([...this.stored.values()])) as FoldStateRow[];
    this.fleet = new Fleet({ durationScale: 1 }, this.set.at(this.startMs));
    this.fleet.load(rows);
    this.book = this.newBook();
    this.book.load(rows);
  }

  private newBook(): RecallBook {
    return new RecallBook({
      membership: (now) => this.set.at(now),
      vessel: (mmsi, now) => this.fleet.vessel(mmsi, now),
      nameOf: () => "",
      subtree: (gridId) => this.set.subtree(gridId),
    });
  }
}

function gridsOf(world: World, areas: readonly DayArea[]): GridSet {
  const features = [
    ...world.features,
    ...Object.entries(HARBOURS).map(([town, at]) =>
      seaFeature({ id: `harbour-${town}`, ring: circle(at, 900), parent: town, sea: { rule: "harbour" } }),
    ),
    ...areas.map(seaFeature),
  ];
  const { set, problems } = GridSet.build([{ file: "world", data: { type: "FeatureCollection", features } }], 1);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(`the world is not right: ${JSON.stringify(errors.slice(0, 3))}`);
  return set;
}

function seaFeature({ id, ring, parent, sea }: DayArea) {
  const properties = { id, name: id, level: "area", category: "maritime", parent, synthetic: true, sea };
  const closed = [...ring, ring[0]].map(([lon, lat]) => [lon, lat]);
  return { type: "Feature", id, properties, geometry: { type: "Polygon", coordinates: [closed] } };
}

function circle([lon, lat]: Point, metres: number): Point[] {
  const plane = planeAt(lon, lat);
  return Array.from({ length: 16 }, (_, i) => {
    const a = (2 * Math.PI * i) / 16;
    return plane.toDegrees([metres * Math.cos(a), metres * Math.sin(a)]);
  });
}

const receiverDevice = (id: number, name: string, [lon, lat]: Point, gridId: string): Device => ({
  id,
  uid: `shengsi/${name}`,
  site: "shengsi",
  name,
  edge: { id, key: `shengsi/${name}`, site: "shengsi", name, title: "" },
  title: "",
  profile: { id: "generic/ais-receiver@1.0.0", positions: true } as unknown as CompiledProfile,
  lon,
  lat,
  gridId,
  attributes: {},
  series: new Int32Array(0),
});
