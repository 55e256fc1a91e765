import { describe, expect, it } from "vitest";
import { createFleet } from "../fleet.ts";
import { buildWorld } from "../world.ts";
import { ringsOf } from "../world/feature.ts";
import { contains } from "../world/polygon.ts";
import { planDevices } from "./plan.ts";
import { oncePlay, VICTIM } from "./play.ts";

const world = buildWorld();
const plan = planDevices(world, true);

describe("the plan", () => {
  it("puts every device inside its micro-grid, once", () => {
    expect(new Set(plan.devices.map((d) => d.uid)).size).toBe(plan.devices.length);
    for (const { uid, gridId, lon, lat, site } of plan.devices) {
      const grid = world.feature.get(gridId);
      expect(grid?.properties.level, uid).toBe("micro_grid");
      expect(
        ringsOf(grid?.geometry ?? null).some((ring) => contains(ring, [lon, lat])),
        uid,
      ).toBe(true);
      expect(gridId.startsWith(site), uid).toBe(true);
    }
  });

  it("fills the county in the proportions of its towns", () => {
    expect(plan.devices.length).toBe(600);
    const perTown = new Map<string, number>();
    for (const { site } of plan.devices) perTown.set(site, (perTown.get(site) ?? 0) + 1);
    expect([...perTown.values()].sort((a, b) => b - a)).toEqual([260, 103, 88, 50, 41, 39, 19]);
    expect(planDevices(buildWorld("elsewhere"), true).devices.length).toBe(600);
  });

  it("hangs the crowd on gateways of a few dozen devices, neighbours on the same", () => {
    for (const { key, site } of plan.gateways) {
      const own = plan.devices.filter((d) => d.gateway === key);
      expect(own.length, key).toBeGreaterThanOrEqual(10);
      expect(own.length, key).toBeLessThanOrEqual(32);
      expect(own.every((d) => d.site === site && d.agent === null)).toBe(true);
    }
    const edges = [...plan.agents, ...plan.gateways].map((e) => e.key);
    const alone = plan.devices.filter((d) => d.agent === null && d.gateway === null).map((d) => d.uid);
    expect(new Set([...edges, ...alone]).size).toBe(edges.length + alone.length);
    const carriers = new Set(plan.devices.map((d) => d.gateway ?? d.agent).filter((key) => key !== null));
    expect([...carriers].sort()).toEqual(edges.sort());
  });

  it("calls no two devices the same", () => {
    expect(new Set(plan.devices.map((d) => d.title)).size).toBe(plan.devices.length);
  });

  it("keeps the message rate of the crowd modest", () => {
    const rate = plan.devices.reduce((sum, d) => sum + 1000 / d.everyMs, 0);
    expect(rate).toBeLessThan(40);
  });

  it("hangs several devices, but no receiver and no camera, on the edge that may die", () => {
    const kinds = plan.devices.filter((d) => d.agent === VICTIM).map((d) => d.kind);
    expect(kinds.length).toBeGreaterThanOrEqual(4);
    expect(kinds.every((kind) => kind === "hydrant" || kind === "flood_gauge")).toBe(true);
  });

  it("plays seven scenarios on seven subjects, all over in time for a run of a minute", () => {
    const fleet = createFleet(world, { startMs: 0 });
    const scenarios = oncePlay(world, plan, fleet, 0);
    expect(scenarios.length).toBe(7);
    expect(new Set(scenarios.map((s) => s.kind)).size).toBe(7);
    expect(new Set(scenarios.map((s) => s.subject)).size).toBe(7);
    for (const { startsAtMs } of scenarios) expect(startsAtMs).toBeLessThanOrEqual(15_000);
    const quiet = scenarios.flatMap((s) => s.quiet ?? []).map((uid) => `device:${uid}`);
    for (const { subject } of scenarios) expect(quiet).not.toContain(subject);
  });

  it("plays nothing where an earlier run left an event open", () => {
    const first = oncePlay(world, plan, createFleet(world, { startMs: 0 }), 0);
    const taken = new Set(first.map((s) => s.subject ?? ""));
    const second = oncePlay(world, plan, createFleet(world, { startMs: 0 }), 0, taken);
    const again = second.filter((s) => taken.has(s.subject ?? "")).map((s) => s.kind);
    // There is one edge that may die, and the stall of the earlier run is gone from the picture.
    expect(again.sort()).toEqual(["edge.offline", "vision.stall"]);
  });

  it("leaves the cameras out where there is no vision", () => {
    const blind = planDevices(world, false);
    expect(blind.devices.some((d) => d.kind === "camera")).toBe(false);
    expect(oncePlay(world, blind, createFleet(world, { startMs: 0 }), 0).length).toBe(6);
  });
});
