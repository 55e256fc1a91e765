import { expect, it } from "vitest";
import type { Desired } from "./desired.ts";
import type { Device, Edge } from "./device.ts";
import type { Grid } from "./grids/grid.ts";
import { GridSet } from "./grids/grid-set.ts";
import { DEFAULT_EFFECTS } from "./posture/posture-level.ts";
import { PostureDesk } from "./posture-desk.ts";

const grid = (id: string, level: Grid["level"], parent: string | null, site?: string): Grid => ({ id, name: id, level, category: "integrated", parent, codes: site === undefined ? {} : { site }, synthetic: false, geometry: null, members: [] }); // prettier-ignore

it("follows the town that edges and devices belong to when the grids change", () => {
  const before = new GridSet([grid("a", "town", null, "site-1"), grid("b", "town", null, "site-2"), grid("a1", "grid", "a"), grid("b1", "grid", "b")], 1); // prettier-ignore
  // site-1 and the cell a1 belong to b now
  const after = new GridSet([grid("a", "town", null), grid("b", "town", null, "site-1"), grid("a1", "grid", "b"), grid("b1", "grid", "b")], 2); // prettier-ignore
  let current = before;
  const edges = ["site-1", "site-2"].map((site, id) => ({ id, site }) as unknown as Edge);
  const devices = [{ name: "one", gridId: "a1" }, { name: "two", gridId: "b1" }] as unknown as Device[]; // prettier-ignore
  const said: string[] = [];
  const wishes = new Map<string, unknown>();
  const desk = new PostureDesk({
    settings: { longest_hours: 72, levels: { I: { ...DEFAULT_EFFECTS.I, heartbeat_ms: 300 } } },
    grids: () => current,
    edges: () => edges,
    devices: () => devices,
    stages: () => ({ setFlag: () => {}, inject: () => {} }),
    desired: () => ({ wishEdge: ((_room, edge, wish) => void wishes.set(edge.site, wish)) satisfies Desired["wishEdge"], versionOf: () => 0 }), // prettier-ignore
    relimit: ({ name }) => void said.push(name),
  });
  desk.book.set("b", { level: "I", until: 3_600_000, reason: "storm", who: "chief" }, 0);
  expect(wishes).toEqual(new Map([["site-2", expect.objectContaining({ heartbeat_ms: 300 })]]));
  said.length = 0;
  current = after;
  desk.regrid(before, () => {}, 1, []);
  // site-1 stands in a town that is in posture now; site-2 in none
  expect(wishes).toEqual(new Map([["site-2", null], ["site-1", expect.objectContaining({ heartbeat_ms: 300 })]])); // prettier-ignore
  expect(said).toEqual(["one"]);
});
