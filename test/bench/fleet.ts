import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodeAis } from "../../device-profiles/src/protocol/ais/encode.ts";
import { decodeAisFrame } from "../../device-profiles/src/protocol/ais/frame.ts";
import type { Position } from "../../device-profiles/src/reading.ts";
import type { Device } from "../../hub/src/device.ts";
import type { Finding } from "../../hub/src/finding.ts";
import { Approaches } from "../../hub/src/fleet/approach.ts";
import { Changes } from "../../hub/src/fleet/changes.ts";
import { Fleet } from "../../hub/src/fleet/fleet.ts";
import type { FormationMembership, SeaArea } from "../../hub/src/fleet/membership.ts";
import { fleetSettings } from "../../hub/src/fleet/options.ts";
import { Track } from "../../hub/src/fleet/track.ts";
import { emptyBatch, type FoldStateRow } from "../../hub/src/store/batch.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

const START = Date.UTC(2025, 0, 1);
const EVERY_MS = 30_000;
const CREW = 6;
const AREAS = 300;

/** xorshift: the same sea in every run */
function random(): () => number {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

interface Boat {
  readonly mmsi: number;
  readonly lon: number;
  readonly lat: number;
  readonly sog: number;
  readonly cog: number;
}

/** Formations of six within a mile, all over a square of `degrees`; one course each, at fishing or transit speed. */
function fleetOf(count: number, degrees: number): Boat[] {
  const next = random();
  const boats: Boat[] = [];
  for (let f = 0; boats.length < count; f++) {
    const lon = 122 + next() * degrees;
    const lat = 29 + next() * degrees;
    const cog = Math.floor(next() * 360);
    const sog = next() < 0.7 ? 2.5 + next() * 2.5 : 8 + next() * 2;
    for (let i = 0; i < CREW && boats.length < count; i++)
      boats.push({ mmsi: 412_000_000 + boats.length, lon: lon + next() * 0.015, lat: lat + next() * 0.015, sog, cog });
  }
  return boats;
}

function membershipOf(boats: readonly Boat[], degrees: number): FormationMembership {
  const ids = Array.from({ length: Math.ceil(boats.length / CREW) }, (_, f) => `formation-${f}`);
  const members = ids.map((_, f) => boats.slice(f * CREW, (f + 1) * CREW).map((b) => b.mmsi));
  const index = new Map(ids.map((id, f) => [id, f]));
  const next = random();
  const areas = Array.from({ length: AREAS }, (_, a): SeaArea => {
    const [x, y, r] = [122 + next() * degrees, 29 + next() * degrees, 0.01 + next() * 0.02];
    const ring = Array.from({ length: 25 }, (_v, k): [number, number] => {
      const turn = ((k % 24) / 24) * 2 * Math.PI;
      return [x + r * Math.cos(turn), y + r * Math.sin(turn)];
    });
    const rule = (["no_go", "aquaculture", "closed_season", "harbour"] as const)[a % 4];
    return { id: `area-${a}`, name: `area ${a}`, rule, polygons: [[ring]], sea: {} };
  });
  return {
    formationOf: (mmsi) => ids[Math.floor((mmsi - 412_000_000) / CREW)] ?? null,
    members: (id) => members[index.get(id)!] ?? [],
    formations: () => ids,
    areas: () => areas,
  };
}

const RECEIVER = { id: 1, uid: "bench/ais", gridId: null, lon: null, lat: null } as unknown as Device;

function framesOf(boats: readonly Boat[], round: number): Buffer[] {
  const hours = (round * EVERY_MS) / 3_600_000;
  return boats.map(({ mmsi, lon, lat, sog, cog }, i) => {
    const way = (sog * hours) / 60;
    const north = lat + way * Math.cos((cog * Math.PI) / 180);
    const east = lon + (way * Math.sin((cog * Math.PI) / 180)) / Math.cos((lat * Math.PI) / 180);
    const fields = { lon: Math.round(east * 600_000), lat: Math.round(north * 600_000), speed: Math.round(sog * 10) };
    return Buffer.from(encodeAis({ type: i % 3 === 0 ? 1 : 18, mmsi, course: cog * 10, ...fields }, {})[0], "latin1");
  });
}

/** Time of this thread's work: other programs of a shared machine do not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function heap(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** Decode, track, areas, formations and all rules in one thread; ticks run as in the hub, once a second of fleet time. */
function run(count: number, degrees: number, roundCount: number): object {
  const boats = fleetOf(count, degrees);
  const membership = membershipOf(boats, degrees);
  const rounds = Array.from({ length: roundCount }, (_, r) => framesOf(boats, r));
  const before = heap();
  const fleet = new Fleet({ durationScale: 1 }, membership);
  const findings: Finding[] = [];
  const rows: FoldStateRow[] = [];
  const batch = emptyBatch(1);
  const positions: Position[] = [];
  let observeMs = 0;
  let tickMs = 0;
  let worstTickMs = 0;
  let reports = 0;
  let measured = 0;
  for (const [r, frames] of rounds.entries()) {
    const perSecond = Math.ceil(count / 30);
    for (let s = 0; s < 30; s++) {
      const now = START + r * EVERY_MS + s * 1000;
      const began = cpuMs();
      for (let i = s * perSecond; i < Math.min(count, (s + 1) * perSecond); i++) {
        positions.length = 0;
        decodeAisFrame(frames[i], now, positions);
        for (const p of positions) fleet.observe(p, RECEIVER, false, now, batch, findings);
        reports++;
      }
      const observed = cpuMs();
      fleet.tick(now, findings);
      const ticked = cpuMs();
      // the first round fills the memory and warms the code
      if (r > 0) {
        measured += Math.max(0, Math.min(count, (s + 1) * perSecond) - s * perSecond);
        observeMs += observed - began;
        tickMs += ticked - observed;
        worstTickMs = Math.max(worstTickMs, ticked - observed);
      }
      fleet.drain(rows);
      rows.length = batch.positions.length = batch.vessels.length = 0;
    }
  }
  const bytes = (heap() - before) / count;
  const kinds: Record<string, number> = {};
  for (const { kind, phase } of findings) if (phase === "raise") kinds[kind] = (kinds[kind] ?? 0) + 1;
  return {
    vessels: fleet.size,
    reports,
    reports_per_s: Math.round(measured / (observeMs / 1000)),
    /** of one core, when every vessel reports every 30 s */
    core_share: Number(((observeMs + tickMs) / (EVERY_MS * (roundCount - 1))).toFixed(4)),
    mean_tick_ms: Number((tickMs / (30 * (roundCount - 1))).toFixed(2)),
    worst_tick_ms: Math.round(worstTickMs),
    // a thousand vessels drown in what else the heap does
    ...(count < 10_000 ? {} : { bytes_per_vessel: Math.round(bytes) }),
    raised: kinds,
  };
}

/** One look at all pairs of vessels under way. */
function approachTick(count: number, degrees: number): object {
  const boats = fleetOf(count, degrees);
  const membership = membershipOf(boats, degrees);
  const settings = fleetSettings({ durationScale: 1 });
  const tracks = new Map<number, Track>();
  for (const { mmsi, lon, lat, sog, cog } of boats) {
    const track = new Track(mmsi);
    const p = { mmsi, type: 18, ts: START, lon, lat, sog, cog, heading: null, status: null, class: "B" as const };
    track.place(p, START, settings);
    track.place({ ...p, ts: START + 1000 }, START + 1000, settings);
    tracks.set(mmsi, track);
  }
  const approaches = new Approaches(new Changes());
  const waters = { tracks, membership, settings, settingsOf: () => settings, harbourOf: () => null };
  const times: number[] = [];
  const out: Finding[] = [];
  for (let i = 0; i < 7; i++) {
    const began = cpuMs();
    approaches.tick(waters, START + 2000 + i * settings.approachEveryMs, out);
    times.push(cpuMs() - began);
  }
  times.sort((a, b) => a - b);
  return {
    ...approaches.stats,
    median_ms: Math.round(times[3]),
    worst_ms: Math.round(times[6]),
    risks: approaches.incidents.size,
  };
}

/** The whole room at the county's fleet and at 100,000 vessels. */
export async function fleetBench(): Promise<object> {
  return {
    county_1168: run(1168, 1.5, 60),
    region_100k: run(100_000, 8, 6),
    approach_1168: approachTick(1168, 1.5),
    approach_100k: approachTick(100_000, 8),
  };
}
