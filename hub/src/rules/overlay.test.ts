import { expect, it } from "vitest";
import type { Device } from "../device.ts";
import { alarm, brief, compare, device, MINUTE, profile, RuleScene, T0 } from "./rule-scene.ts";
import type { Finding } from "../finding.ts";

it("judges by limits that hold instead of a device's own, at once and until they go", () => {
  const low = alarm("low", { when: [compare(0, "<", { attribute: "min_pressure", default: 0.1 })] });
  let overlay: Device["attributes"] | null = null;
  const hydrant = device(profile([low]), 1, { min_pressure: 0.14 });
  const scene = new RuleScene([hydrant], { overlay: () => overlay });
  const relimit = (at: number) => {
    const out: Finding[] = [];
    scene.engine.relimit(hydrant, T0 + at, out);
    return brief(out);
  };
  expect(scene.read(0, { pressure: 0.2 })).toEqual([]);
  overlay = { min_pressure: 0.25 };
  expect(relimit(MINUTE)).toEqual([`raise@${MINUTE}/3`]);
  scene.commit();
  scene.restart();
  expect(brief(scene.read(2 * MINUTE, { pressure: 0.2 }))).toEqual([]);
  overlay = null;
  expect(relimit(3 * MINUTE)).toEqual([`clear@${3 * MINUTE}/3`]);
  expect(brief(scene.read(4 * MINUTE, { pressure: 0.13 }))).toEqual([`raise@${4 * MINUTE}/3`]); // its own limit again
});
