import type { Position } from "@gridhub/device-profiles/reading.ts";
import { describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { emptyBatch, type FoldStateRow } from "../store/batch.ts";
import { Fleet } from "./fleet.ts";
import type { FormationMembership } from "./membership.ts";
import { distressOf } from "./sos.ts";

const NOW = 1_763_776_800_000;
const SART = 970_012_345;
const VESSEL = 412_000_001;
const NOBODY: FormationMembership = { formationOf: () => null, members: () => [], formations: () => [] };
const RECEIVER = { id: 1, uid: "harbour/ais-1" } as Device;

function message(mmsi: number, more: Partial<Position>): Position {
  return {
    mmsi,
    type: 1,
    ts: NOW,
    lon: null,
    lat: null,
    sog: null,
    cog: null,
    heading: null,
    status: null,
    class: null,
    ...more,
  };
}

describe("distressOf", () => {
  it.each([
    ["an active beacon", message(SART, { status: 14 }), "beacon"],
    ["a man overboard device", message(972_012_345, { status: 14 }), "beacon"],
    ["an EPIRB", message(974_012_345, { status: 14 }), "beacon"],
    ["a beacon under test", message(SART, { status: 15 }), null],
    ["status 14 of a ship", message(VESSEL, { status: 14 }), null],
    ["MAYDAY from a ship", message(VESSEL, { type: 14, text: "MAYDAY MAYDAY SOS" }), "text"],
    ["sos in small letters", message(VESSEL, { type: 14, text: "sos engine fire" }), "text"],
    ["SART ACTIVE", message(SART, { type: 14, text: "SART ACTIVE" }), "text"],
    ["MOB ACTIVE relayed by a ship", message(VESSEL, { type: 14, text: "MOB ACTIVE" }), "text"],
    ["SART TEST", message(SART, { type: 14, text: "SART TEST" }), null],
    ["a drill", message(VESSEL, { type: 14, text: "MAYDAY DRILL" }), null],
    ["a word that contains it", message(VESSEL, { type: 14, text: "SOSUA PORT CLOSED" }), null],
    ["an active station", message(VESSEL, { type: 14, text: "VTS ACTIVE CH 12" }), null],
  ])("%s", (_, p, why) => {
    expect(distressOf(p)).toBe(why);
  });
});

describe("vessel.sos", () => {
  it("is raised at once with severity 1, once, and cleared after half an hour of quiet", () => {
    const fleet = new Fleet({ durationScale: 1 }, NOBODY);
    const out: Finding[] = [];
    const batch = emptyBatch(1);
    for (let i = 0; i < 40; i++) {
      const ts = NOW + i * 7500;
      const p = message(SART, { status: 14, ts, lon: 122 + i * 1e-5, lat: 30 });
      fleet.observe(p, RECEIVER, false, ts, batch, out);
    }
    expect(out[0]).toMatchObject({
      kind: "vessel.sos",
      phase: "raise",
      severity: 1,
      subject: `mmsi:${SART}`,
      lon: 122,
      lat: 30,
      source: "fleet:sos",
      evidence: { why: "beacon", receiver: "harbour/ais-1" },
    });
    expect(out.map((f) => f.phase)).toEqual(["raise"]);
    fleet.tick(NOW + 39 * 7500 + 29 * 60_000, out);
    expect(out).toHaveLength(1);
    fleet.tick(NOW + 39 * 7500 + 31 * 60_000, out);
    fleet.tick(NOW + 39 * 7500 + 32 * 60_000, out);
    expect(out.map((f) => f.phase)).toEqual(["raise", "clear"]);
  });

  it("a text takes the vessel's last place, its formation and the nearest members", () => {
    const crew = [VESSEL, VESSEL + 1, VESSEL + 2];
    const formation: FormationMembership = {
      formationOf: (mmsi) => (crew.includes(mmsi) ? "f1" : null),
      members: () => crew,
      formations: () => ["f1"],
    };
    const fleet = new Fleet({ durationScale: 1 }, formation);
    const out: Finding[] = [];
    const batch = emptyBatch(1);
    for (const [i, mmsi] of [...crew, 413_000_000].entries())
      fleet.observe(message(mmsi, { lon: 122, lat: 30 + i / 60 }), RECEIVER, false, NOW, batch, out);
    fleet.observe(message(VESSEL, { type: 14, text: "MAYDAY FIRE" }), RECEIVER, false, NOW, batch, out);
    expect(out).toHaveLength(1);
    expect(out[0]).toMatchObject({ gridId: "f1", lon: 122, lat: 30, evidence: { why: "text", text: "MAYDAY FIRE" } });
    expect(out[0].evidence.nearby).toMatchObject([
      { mmsi: VESSEL + 1, distanceNm: 1 },
      { mmsi: VESSEL + 2, distanceNm: 2 },
    ]);
  });

  it("survives a restart without being raised again", () => {
    const first = new Fleet({ durationScale: 1 }, NOBODY);
    const out: Finding[] = [];
    const batch = emptyBatch(1);
    const p = message(SART, { status: 14, lon: 122, lat: 30 });
    first.observe(p, RECEIVER, false, NOW, batch, out);
    const rows: FoldStateRow[] = [];
    first.drain(rows);
    const second = new Fleet({ durationScale: 1 }, NOBODY);
    second.load(JSON.parse(JSON.stringify(rows)) as FoldStateRow[]);
    second.observe({ ...p, ts: NOW + 60_000 }, RECEIVER, false, NOW + 60_000, batch, out);
    expect(out.map((f) => f.phase)).toEqual(["raise"]);
    second.tick(NOW + 32 * 60_000, out);
    expect(out.map((f) => f.phase)).toEqual(["raise", "clear"]);
  });

  it("out of history it is recorded as late and stays open for nobody", () => {
    const fleet = new Fleet({ durationScale: 1 }, NOBODY);
    const out: Finding[] = [];
    const batch = emptyBatch(1);
    for (let i = 0; i < 5; i++) {
      const p = message(SART, { status: 14, ts: NOW - 7_200_000 + i * 1000, lon: 122, lat: 30 + i * 1e-4 });
      fleet.observe(p, RECEIVER, true, NOW, batch, out);
    }
    expect(out.map((f) => [f.phase, f.late])).toEqual([
      ["raise", true],
      ["clear", true],
    ]);
    const rows: FoldStateRow[] = [];
    fleet.drain(rows);
    expect(rows.map((r) => r.key)).toEqual([`track:${SART}`]);
  });
});
