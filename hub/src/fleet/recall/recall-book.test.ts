import { describe, expect, it } from "vitest";
import type { Finding } from "../../finding.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import type { FormationMembership, SeaArea } from "../membership.ts";
import type { VesselView } from "../view.ts";
import type { RecallBoard } from "./recall.ts";
import { type NewRecall, RecallBook } from "./recall-book.ts";

const MINUTE = 60_000;
const START = 1_763_776_800_000;
const DEADLINE = START + 120 * MINUTE;
const [HOME, COMING, GOING, QUIET, NEVER] = [412_000_001, 412_000_002, 412_000_003, 412_000_004, 412_000_005];
const FAR = 412_000_009;

const harbour = (id: string, lon: number): SeaArea => ({
  id,
  name: id,
  rule: "harbour",
  sea: {},
  polygons: [[[[lon, 30], [lon + 0.02, 30], [lon + 0.02, 30.02], [lon, 30.02], [lon, 30]]]], // prettier-ignore
});
const MEMBERS: Record<string, number[]> = { f1: [HOME, COMING, GOING], f2: [QUIET, NEVER], f9: [FAR] };
const MEMBERSHIP: FormationMembership = {
  formationOf: (mmsi) => Object.keys(MEMBERS).find((id) => MEMBERS[id].includes(mmsi)) ?? null,
  members: (id) => MEMBERS[id] ?? [],
  formations: () => Object.keys(MEMBERS),
  areas: () => [harbour("port", 122), harbour("other", 122.5)],
};
const TREE: Record<string, string[]> = { west: ["west", "f1", "f2"], f1: ["f1"], east: ["east", "f9"] };

/** A sea of which the test says where everybody is. */
class Scene {
  now = START;
  readonly views = new Map<number, VesselView>();
  readonly findings: Finding[] = [];
  readonly stored = new Map<string, unknown>();
  book = this.#fresh();

  #fresh(): RecallBook {
    return new RecallBook({
      membership: () => MEMBERSHIP,
      vessel: (mmsi) => this.views.get(mmsi) ?? null,
      nameOf: (mmsi) => `浙嵊渔${mmsi % 100}`,
      subtree: (id) => new Set(TREE[id] ?? []),
    });
  }

  put(mmsi: number, lon: number, more: Partial<VesselView> = {}): void {
    const view = { mmsi, name: "", formationId: null, lon, lat: 30.01, sog: 8, cog: 270, heading: null, ts: this.now } as const; // prettier-ignore
    this.views.set(mmsi, { ...view, at: this.now, freshness: "fresh", state: "fresh", inHarbour: null, areas: [], flags: [], ...more }); // prettier-ignore
  }

  everybody(): void {
    this.put(HOME, 122.01, { inHarbour: "port", sog: 0 });
    this.put(COMING, 122.42, { cog: 270 });
    this.put(GOING, 122.42, { cog: 90, lat: 30.5 });
    this.put(QUIET, 122.3, { state: "dark", freshness: "lost", ts: this.now - 52 * MINUTE });
  }

  open(more: Partial<NewRecall> = {}) {
    const plan = { id: "r1", title: "台风", grids: ["west"], shelters: ["port"], deadline: DEADLINE } as const;
    return this.book.open({ ...plan, raiseBy: "vessel", remindMin: [60, 30], ...more }, "duty", this.now);
  }

  tick(ms: number): Finding[] {
    this.now += ms;
    const out: Finding[] = [];
    this.book.tick(this.now, out);
    this.findings.push(...out);
    const rows: FoldStateRow[] = [];
    this.book.drain(rows);
    for (const { key, state } of rows) {
      if (state === null) this.stored.delete(key);
      else this.stored.set(key, JSON.parse(JSON.stringify(state)));
    }
    return out;
  }

  restart(): void {
    this.book = this.#fresh();
    this.book.load([...this.stored].map(([key, state]) => ({ room: "recall" as const, key, state })));
  }

  board(): RecallBoard {
    return this.book.board("r1", this.now)!;
  }

  standings(): Record<number, string> {
    return Object.fromEntries(this.board().formations.flatMap((f) => f.vessels.map((v) => [v.mmsi, v.standing])));
  }
}

const said = (findings: readonly Finding[]) => findings.map((f) => `${f.phase} ${f.kind} ${f.gridId} ${f.subject}`).sort(); // prettier-ignore

describe("the board of a recall", () => {
  it("tells in port, heading in, heading out and silent, with the time of arrival by sea", () => {
    const scene = new Scene();
    scene.everybody();
    expect(scene.open()).toMatchObject({ state: "open" });
    expect(scene.standings()).toEqual({
      [HOME]: "in_port",
      [COMING]: "heading_in",
      [GOING]: "heading_out",
      [QUIET]: "silent",
      [NEVER]: "silent",
    });
    const { counts, formations } = scene.board();
    expect(counts).toMatchObject({ total: 5, in_port: 1, heading_in: 1, heading_out: 1, silent: 2 });
    const coming = formations[0].vessels[1];
    // 0.4 degrees of longitude at 30 N are 20.8 NM; by sea a quarter more, at 8 kn
    expect(coming.distanceNm).toBeCloseTo(26, 0);
    expect(coming.etaAt! - scene.now).toBeCloseTo((coming.distanceNm! / 8) * 60 * MINUTE, -3);
    expect(formations[0].lastEtaAt).toBe(coming.etaAt);
    expect(coming.shelter).toBe("port");
  });

  it("a harbour that is no shelter of this recall is not safety", () => {
    const scene = new Scene();
    scene.put(HOME, 122.51, { inHarbour: "other", sog: 0 });
    scene.open();
    expect(scene.standings()[HOME]).toBe("staying");
    scene.book.end("r1", "cancel", "duty", "", scene.now);
    scene.open({ id: "r1", shelters: [] });
    expect(scene.standings()[HOME]).toBe("in_port");
  });

  it("sees from the distance of ten minutes ago who comes, whatever the course round an island says", () => {
    const scene = new Scene();
    scene.put(COMING, 122.4, { cog: 0 });
    scene.open();
    expect(scene.standings()[COMING]).toBe("staying");
    scene.tick(0);
    scene.now += 11 * MINUTE;
    scene.put(COMING, 122.37, { cog: 0 });
    expect(scene.standings()[COMING]).toBe("heading_in");
  });

  it("takes the radio room's word until AIS shows otherwise", () => {
    const scene = new Scene();
    scene.everybody();
    scene.open();
    scene.now += MINUTE;
    scene.book.acknowledge("r1", QUIET, "in_port", "radio", "靠泊枸杞", scene.now);
    scene.book.acknowledge("r1", NEVER, "exempt", "radio", "上架维修", scene.now);
    scene.book.acknowledge("r1", GOING, "coming", "radio", "", scene.now);
    expect(scene.standings()).toMatchObject({ [QUIET]: "in_port", [NEVER]: "exempt", [GOING]: "heading_out" });
    expect(scene.board().counts).toMatchObject({ total: 4, acknowledged: 1, exempt: 1 });
    scene.now += MINUTE;
    scene.put(QUIET, 122.3);
    expect(scene.standings()[QUIET]).toBe("heading_in");
    scene.book.acknowledge("r1", NEVER, null, "radio", "", scene.now);
    expect(scene.standings()[NEVER]).toBe("silent");
  });
});

describe("a recall in time", () => {
  it("reminds before the deadline, once for each term, and raises what is outside at it", () => {
    const scene = new Scene();
    scene.everybody();
    scene.open();
    expect(scene.tick(59 * MINUTE)).toEqual([]);
    expect(said(scene.tick(MINUTE))).toEqual(["raise formation.recall_due west recall:r1"]);
    expect(scene.tick(MINUTE)).toEqual([]);
    expect(said(scene.tick(29 * MINUTE))).toEqual(["update formation.recall_due west recall:r1"]);
    expect(scene.tick(30 * MINUTE - 1000)).toEqual([]);
    const at = scene.tick(6000);
    expect(said(at)).toEqual([
      "clear formation.recall_due west recall:r1",
      `raise vessel.recall_overdue f1 mmsi:${COMING}`,
      `raise vessel.recall_overdue f1 mmsi:${GOING}`,
      `raise vessel.recall_overdue f2 mmsi:${QUIET}`,
      `raise vessel.recall_overdue f2 mmsi:${NEVER}`,
    ]);
    expect(at.find(({ subject }) => subject === `mmsi:${QUIET}`)?.evidence).toMatchObject({ standing: "silent" });
    expect(scene.tick(60 * MINUTE)).toEqual([]);
  });

  it("clears who comes in late, raises who leaves again", () => {
    const scene = new Scene();
    scene.everybody();
    scene.open({ remindMin: [] });
    scene.tick(121 * MINUTE);
    scene.put(COMING, 122.01, { inHarbour: "port" });
    scene.put(HOME, 122.1);
    expect(said(scene.tick(10_000))).toEqual([
      `clear vessel.recall_overdue f1 mmsi:${COMING}`,
      `raise vessel.recall_overdue f1 mmsi:${HOME}`,
    ]);
  });

  it("survives restarts before, at and after the deadline, and says nothing twice", () => {
    const scene = new Scene();
    scene.everybody();
    scene.open();
    scene.book.acknowledge("r1", QUIET, "coming", "radio", "", scene.now);
    scene.tick(70 * MINUTE);
    scene.restart();
    expect(scene.tick(5 * MINUTE)).toEqual([]);
    expect(scene.board().counts.acknowledged).toBe(1);
    scene.restart();
    expect(said(scene.tick(50 * MINUTE)).filter((f) => f.startsWith("raise"))).toHaveLength(4);
    scene.restart();
    expect(scene.tick(10_000)).toEqual([]);
    scene.put(COMING, 122.01, { inHarbour: "port" });
    scene.restart();
    expect(said(scene.tick(10_000))).toEqual([`clear vessel.recall_overdue f1 mmsi:${COMING}`]);
  });

  it("says one event a formation where that is wished, and updates it", () => {
    const scene = new Scene();
    scene.everybody();
    scene.open({ raiseBy: "formation", remindMin: [] });
    expect(said(scene.tick(121 * MINUTE))).toEqual([
      "raise formation.recall_overdue f1 formation:f1",
      "raise formation.recall_overdue f2 formation:f2",
    ]);
    scene.put(COMING, 122.01, { inHarbour: "port" });
    const [update] = scene.tick(10_000);
    expect(update).toMatchObject({ phase: "update", evidence: { outside: 1, vessels: [{ mmsi: GOING }] } });
    scene.put(GOING, 122.01, { inHarbour: "port" });
    expect(said(scene.tick(10_000))).toEqual(["clear formation.recall_overdue f1 formation:f1"]);
  });

  it("extended: nothing is overdue, reminders begin anew; closed: everything is cleared and the report stays", () => {
    const scene = new Scene();
    scene.everybody();
    scene.open({ remindMin: [30] });
    scene.tick(121 * MINUTE);
    const later = scene.now + 60 * MINUTE;
    expect(scene.book.extend("r1", later, "duty", "风缓", scene.now)).toMatchObject({ deadline: later });
    expect(said(scene.tick(1000))).toHaveLength(4);
    expect(said(scene.tick(31 * MINUTE))).toEqual(["raise formation.recall_due west recall:r1"]);
    scene.book.end("r1", "close", "duty", "解除", scene.now);
    expect(said(scene.tick(1000))).toEqual(["clear formation.recall_due west recall:r1"]);
    expect([...scene.stored.keys()].sort()).toEqual(["recall:r1", "report:r1"]);
    scene.restart();
    scene.views.clear();
    expect(scene.board().counts).toMatchObject({ in_port: 1, heading_in: 1 });
    expect(scene.board().recall).toMatchObject({ state: "closed", changes: [{ what: "open" }, { what: "extend" }, { note: "解除" }] }); // prettier-ignore
    expect(scene.book.extend("r1", later, "duty", "", scene.now)).toMatchObject({ code: "RECALL_ENDED" });
  });

  it("refuses what cannot be", () => {
    const scene = new Scene();
    scene.open();
    const code = (more: Partial<NewRecall>) => (scene.open({ id: "r2", ...more }) as { code?: string }).code;
    expect(code({ grids: ["f1"] })).toBe("RECALL_OVERLAPS");
    expect(code({ grids: ["nowhere"] })).toBe("NO_FORMATIONS");
    expect(code({ grids: ["east"], shelters: ["mill"] })).toBe("NO_SHELTERS");
    expect(code({ grids: ["east"], deadline: START })).toBe("DEADLINE_PAST");
    expect(code({ grids: ["east"] })).toBeUndefined();
    expect(scene.book.extend("r9", DEADLINE, "duty", "", START)).toMatchObject({ code: "RECALL_UNKNOWN" });
  });

  it("keeps a trend of bounded length over days, the reports of the last thirty", () => {
    const scene = new Scene();
    scene.everybody();
    scene.open({ remindMin: [] });
    for (let i = 0; i < 3000; i++) scene.tick(MINUTE);
    const { trend } = scene.board();
    expect(trend.length).toBeGreaterThan(100);
    expect(trend.length).toBeLessThanOrEqual(241);
    expect(trend[0][0]).toBe(START + MINUTE);
    expect(trend.at(-1)![0]).toBeGreaterThan(scene.now - 20 * MINUTE);
    scene.book.end("r1", "close", "duty", "", scene.now);
    for (let i = 0; i < 31; i++) {
      scene.open({ id: `n${i}`, deadline: scene.now + 60 * MINUTE });
      scene.tick(MINUTE);
      scene.book.end(`n${i}`, "cancel", "duty", "", scene.now);
    }
    scene.tick(MINUTE);
    expect(scene.book.recalls()).toHaveLength(30);
    expect(scene.stored.size).toBe(60);
  });
});
