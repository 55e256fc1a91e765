import { describe, expect, it } from "vitest";
import { Check, Default } from "typebox/value";
import { FLEET_DEFAULTS, fleetOptions, fleetSettings } from "./fleet/options.ts";
import { type SeaConfig, SeaConfigSchema } from "./sea-config.ts";
import { GRID_THRESHOLDS, HUB_THRESHOLDS } from "./sea-thresholds.ts";

const defaults = Default(SeaConfigSchema, {}) as SeaConfig;

describe("sea: of the hub's settings", () => {
  it("left out it is what the fleet room takes by itself", () => {
    expect(fleetSettings({ ...fleetOptions(defaults), durationScale: 1 })).toEqual(fleetSettings({ durationScale: 1 }));
    for (const { option } of Object.values({ ...GRID_THRESHOLDS, ...HUB_THRESHOLDS }))
      expect(Object.hasOwn(FLEET_DEFAULTS, option), option).toBe(true);
  });

  it("reaches the fleet room in its units, with the scale of durations", () => {
    const options = fleetOptions({ ...defaults, straggler_min: 4, late_s: 90, approach_nm: 0.5 });
    const settings = fleetSettings({ ...options, durationScale: 0.5 });
    expect(settings).toMatchObject({ stragglerHoldMs: 120_000, lateMs: 90_000, approachNm: 0.5 });
  });

  it("refuses what is out of bounds or unknown", () => {
    for (const [name, { min, max }] of Object.entries({ ...GRID_THRESHOLDS, ...HUB_THRESHOLDS })) {
      expect(Check(SeaConfigSchema, { ...defaults, [name]: min }), name).toBe(true);
      expect(Check(SeaConfigSchema, { ...defaults, [name]: max + 1 }), name).toBe(false);
    }
    expect(Check(SeaConfigSchema, { ...defaults, stragler_nm: 2 })).toBe(false);
  });
});
