import { describe, expect, it } from "vitest";
import { alike } from "./same-suggestion.ts";

const item = (device: string, registered: string | null = null) => ({
  edge: "town/gw",
  device,
  firstSeen: 1,
  lastSeen: 2,
  count: 3,
  lanes: ["raw"],
  registered,
  ignored: null,
});
const fits = (profile: string, score: number) => ({
  profile,
  score,
  kind: "hydrant",
  titleZh: "消火栓",
  titleEn: "Hydrant",
  decoded: 1,
  certainty: 1,
  inRange: 1,
  coverage: 1,
  problem: null,
  readings: [],
});

describe("devices that one profile fits best", () => {
  it("are one group, the largest first", () => {
    const best = new Map([
      ["town/gw/a", fits("m/one@1.0.0", 0.9)],
      ["town/gw/b", fits("m/two@1.0.0", 0.9)],
      ["town/gw/c", fits("m/two@1.0.0", 0.8)],
      ["town/gw/d", fits("m/two@1.0.0", 0.7)],
      ["town/gw/e", fits("m/one@1.0.0", 0.7)],
    ]);
    const groups = alike(
      ["a", "b", "c", "d", "e"].map((name) => item(name)),
      (key) => best.get(key),
    );
    expect(groups.map(({ profile, devices }) => [profile, devices.map((d) => d.item.device)])).toEqual([
      ["m/two@1.0.0", ["b", "c", "d"]],
      ["m/one@1.0.0", ["a", "e"]],
    ]);
  });

  it("leave out guesses, single devices, registered ones and those not asked for yet", () => {
    const best = new Map([
      ["town/gw/a", fits("m/one@1.0.0", 0.59)],
      ["town/gw/b", fits("m/one@1.0.0", 0.61)],
      ["town/gw/c", fits("m/one@1.0.0", 0.9)],
    ]);
    expect(alike([item("a"), item("b"), item("c", "town/c"), item("d")], (key) => best.get(key))).toEqual([]);
  });
});
