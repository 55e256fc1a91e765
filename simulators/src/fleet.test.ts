import { decodeAisFrame } from "@gridhub/device-profiles/protocol/ais/frame.ts";
import type { Position } from "@gridhub/device-profiles/reading.ts";
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFleet, pickStraggler } from "./fleet.ts";
import { reportInterval, SEA_CADENCE } from "./fleet/cadence.ts";
import type { AisMessage } from "./fleet/feed.ts";
import { TcpAisServer, UdpAisSender } from "./fleet/sender.ts";
import { buildWorld } from "./world.ts";
import { contains } from "./world/polygon.ts";
import { readCoast } from "./world/coast.ts";

const START = Date.UTC(2025, 10, 22, 4);
const world = buildWorld();
const fleetOf = (faults = {}, cadence = SEA_CADENCE) => createFleet(world, { startMs: START, cadence, faults });
const DEMO = { scale: 1, maxMs: 20_000, staticMs: 60_000 };

function decode(message: AisMessage): Position[] {
  const out: Position[] = [];
  expect(decodeAisFrame(Buffer.from(message.lines.join("\n")), message.ts, out)).toBeNull();
  return out;
}

describe("the fleet", () => {
  it("is every registered vessel, at sea", () => {
    const fleet = fleetOf();
    expect(fleet.boats.size).toBe(1168);
    const land = readCoast().map((island) => island.ring);
    for (const mmsi of fleet.boats.keys()) {
      for (const hour of [0, 7]) {
        const { lon, lat } = fleet.fix(mmsi, START + hour * 3_600_000);
        expect(
          land.some((ring) => contains(ring, [lon, lat])),
          String(mmsi),
        ).toBe(false);
      }
    }
  });

  it("moves as boats do: no jump, and the speed it reports is the speed it makes", () => {
    const fleet = fleetOf();
    const kinds = new Set<string>();
    for (const [mmsi, boat] of fleet.boats) {
      const { activity } = boat.group;
      kinds.add(activity);
      const a = fleet.fix(mmsi, START);
      const b = fleet.fix(mmsi, START + 60_000);
      const metres = Math.hypot((b.lon - a.lon) * 95_600, (b.lat - a.lat) * 111_195);
      expect(metres, activity).toBeLessThan(10.5 * 0.5144 * 60 + 30);
      const [low, high] = {
        trawl: [2.5, 5],
        transit: [7.9, 10.1],
        drift: [0, 1.3],
        harbour: [0, 0.3],
        anchor: [0, 0.3],
      }[activity];
      expect(a.sog, activity).toBeGreaterThanOrEqual(low);
      expect(a.sog, activity).toBeLessThanOrEqual(high);
    }
    expect(kinds).toEqual(new Set(["trawl", "transit", "drift", "harbour", "anchor"]));
  });

  it("keeps formations together: nobody is a straggler by itself", () => {
    const fleet = fleetOf();
    for (const formation of world.formations)
      for (const { mmsi } of formation.vessels) expect(fleet.distanceNm(mmsi, START)).toBeLessThan(0.6);
  });

  it("reports as often as ITU-R M.1371 asks", () => {
    expect(reportInterval("A", 10, false, SEA_CADENCE)).toBe(10_000);
    expect(reportInterval("A", 18, false, SEA_CADENCE)).toBe(6000);
    expect(reportInterval("A", 25, false, SEA_CADENCE)).toBe(2000);
    expect(reportInterval("A", 0.1, true, SEA_CADENCE)).toBe(180_000);
    expect(reportInterval("B", 4, false, SEA_CADENCE)).toBe(30_000);
    expect(reportInterval("B", 1, false, SEA_CADENCE)).toBe(180_000);
    expect(reportInterval("B", 1, false, DEMO)).toBe(20_000);
  });

  it("sends every vessel within the longest interval, in order of time", () => {
    const messages = [...fleetOf({}, DEMO).messages(START + 20_000)];
    const positions = messages.filter((m) => m.type === 1 || m.type === 18);
    expect(new Set(positions.map((m) => m.mmsi)).size).toBe(1168);
    expect(messages.every((m, i) => i === 0 || m.ts >= messages[i - 1].ts)).toBe(true);
    expect(messages.every((m) => m.ts >= START && m.ts <= START + 20_000)).toBe(true);
  });

  it("goes on where the last call ended and is the same whatever the steps", () => {
    const key = (m: AisMessage): string => `${m.ts} ${m.lines.join(" ")}`;
    const whole = [...fleetOf().messages(START + 60_000)].map(key);
    const fleet = fleetOf();
    const steps = [10, 25, 60].flatMap((s) => [...fleet.messages(START + s * 1000)].map(key));
    expect(steps).toEqual(whole);
  });

  it("speaks AIS that decodes to where the vessel is", () => {
    const fleet = fleetOf({}, DEMO);
    const seen = new Map<number, number>();
    for (const message of fleet.messages(START + 61_000)) {
      for (const line of message.lines) expect(line.length).toBeLessThanOrEqual(80);
      const decoded = decode(message);
      expect(decoded.length, message.lines.join(" ")).toBe(1);
      const [position] = decoded;
      expect(position.mmsi).toBe(message.mmsi);
      seen.set(message.type, (seen.get(message.type) ?? 0) + 1);
      if (message.type === 1 || message.type === 18) {
        const fix = fleet.fix(message.mmsi, message.ts);
        expect(position.lon).toBeCloseTo(fix.lon, 5);
        expect(position.lat).toBeCloseTo(fix.lat, 5);
        expect(position.sog).toBeCloseTo(fix.sog, 0);
      } else if (position.name != null) {
        expect(position.name).toBe(fleet.boats.get(message.mmsi)?.vessel.aisName);
      }
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([1, 5, 18, 24]);
  });

  it("doubles, swaps and misplaces messages on demand", () => {
    const fleet = fleetOf({ duplicate: 0.02, reorder: 0.02, jump: 0.05 }, DEMO);
    const messages = [...fleet.messages(START + 60_000)];
    expect(fleet.faultCounts.duplicated).toBeGreaterThan(20);
    expect(fleet.faultCounts.reordered).toBeGreaterThan(20);
    expect(fleet.jumps).toBeGreaterThan(10);
    const far = messages.filter((m) => {
      const [p] = m.type === 1 || m.type === 18 ? decode(m) : [];
      if (p?.lon == null || p.lat == null) return false;
      const fix = fleet.fix(m.mmsi, m.ts);
      return Math.hypot((p.lon - fix.lon) * 0.86, p.lat - fix.lat) > 2.9 / 60;
    });
    expect(far.length).toBeGreaterThanOrEqual(fleet.jumps);
  });

  it("misplaces nobody before the listener knows where they are", () => {
    const fleet = fleetOf({ jump: 1 }, DEMO);
    fleet.skip(START + 20_000);
    const heard = new Map<number, number>();
    for (const m of fleet.messages(START + 80_000)) {
      if (m.type !== 1 && m.type !== 18) continue;
      const reports = (heard.get(m.mmsi) ?? 0) + 1;
      heard.set(m.mmsi, reports);
      const [p] = decode(m);
      const fix = fleet.fix(m.mmsi, m.ts);
      const nm = 60 * Math.hypot(((p.lon ?? 0) - fix.lon) * 0.86, (p.lat ?? 0) - fix.lat);
      if (reports <= 3) expect(nm).toBeLessThan(0.1);
      else expect(nm).toBeGreaterThan(2.5);
    }
    expect(fleet.jumps).toBeGreaterThan(0);
  });

  it("lets a vessel leave its formation and come back", () => {
    const fleet = fleetOf();
    const departure = pickStraggler(world, fleet);
    fleet.depart(departure, START);
    const { mmsi } = departure;
    expect(fleet.distanceNm(mmsi, START)).toBeCloseTo(1.95, 2);
    expect(fleet.distanceNm(mmsi, START + 360_000)).toBeCloseTo(2.95, 2); // one nautical mile in six minutes
    expect(fleet.fix(mmsi, START + 60_000).sog).toBeGreaterThan(9);
    fleet.recall(mmsi, 10, START + 360_000);
    expect(fleet.distanceNm(mmsi, START + 720_000)).toBeCloseTo(1.95, 1);
    expect(fleet.distanceNm(mmsi, START + 7_200_000)).toBeLessThan(0.6);
  });
});

describe("senders", () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const message: AisMessage = {
    ts: START,
    mmsi: 1,
    type: 5,
    lines: ["!AIVDM,2,1,0,A,a,0*00", "!AIVDM,2,2,0,A,b,0*00"],
  };

  it("puts one message into one datagram", async () => {
    const receiver = createSocket("udp4");
    const got: string[] = [];
    receiver.on("message", (data) => got.push(data.toString()));
    await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
    const sender = new UdpAisSender("127.0.0.1", receiver.address().port);
    open.push(sender, receiver);
    await sender.start();
    sender.send(message);
    await vi.waitFor(() => expect(got).toEqual([`${message.lines[0]}\r\n${message.lines[1]}\r\n`]));
  });

  it("serves every TCP client", async () => {
    const server = new TcpAisServer("127.0.0.1", 0);
    open.push(server);
    await server.start();
    const client = connect(server.port, "127.0.0.1");
    let text = "";
    client.on("data", (data) => (text += data.toString()));
    await vi.waitFor(() => {
      server.send(message);
      expect(text).toContain(message.lines[1]);
    });
    client.destroy();
  });
});
