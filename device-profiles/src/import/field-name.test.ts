import { describe, expect, it } from "vitest";
import { mapField } from "./field-name.ts";
import { ucum } from "./published-unit.ts";

const map = (path: string, samples: unknown[], unit: string | null = null) => {
  const mapped = mapField({ path, samples, unit });
  return mapped === null ? null : `${mapped.field.n}${mapped.field.unit === undefined ? "" : ` ${mapped.field.unit}`}`;
};

describe("published names", () => {
  const NAMES: readonly (readonly [string, unknown, string])[] = [
    ...[
      "Bat",
      "BatV",
      "bat_v",
      "batV",
      "batteryVoltage",
      "battery_voltage",
      "BAT_V",
      "Batt",
      "vbat",
      "vdd",
      "VCC",
      "volt",
      "battV",
    ].map((n) => [n, 3.3, "battery"] as const),
    ...["bat_mV", "batteryMv", "battery", "BatV"].map((n) => [n, 3300, "battery mV"] as const),
    ...[
      "batteryLevelInPercentage",
      "battery_level",
      "BatteryPercent",
      "batteryLevel",
      "battery",
      "bat",
      "soc",
      "remainingBattery",
    ].map((n) => [n, 95, "battery_percent"] as const),
    ["batteryLevel", 3.05, "battery"],
    ["TempC_DS", 21.5, "temperature"],
    ["air_temperature.value", 21.5, "air_temperature"],
    ["Hygro", 46.8, "humidity"],
    ["pressure", 1006.76, "air_pressure"],
    ["atmospheric_pressure", 95.87, "air_pressure kPa"],
    ["distance_cm", 120, "distance cm"],
    ["level_water_mm", 120, "water_level mm"],
    ["gps.lat", 22.7, "latitude"],
    ["longitudeDeg", 106, "longitude"],
    ["waterLeak", true, "leak"],
    ["tamper_status", 1, "tamper"],
  ];
  it.each(NAMES)("%s = %j -> %s", (path, sample, expected) => {
    expect(map(path, [sample])).toBe(expected);
  });

  it("trusts published units, also inside the value", () => {
    expect(map("temperature", [70], "°F")).toBe("temperature [degF]");
    expect(map("distance", ["1700 mm"])).toBe("distance mm");
    expect(map("east_wind_speed.value", [1], "m⋅s⁻¹")).toBeNull();
    expect(map("electrical_conductivity.value", [1], "µS⋅cm⁻¹")).toBe("conductivity");
    expect(map("temperature", [70], "V")).toBeNull();
  });

  it("does not guess what several units explain", () => {
    expect(map("distance", [12])).toBeNull();
    expect(map("pressure", [12])).toBeNull();
    expect(map("energyThing", [1])).toBeNull();
    expect(map("battery", [30])).toBe("battery_percent");
    expect(map("minimumTemperature", [-30])).toBeNull();
    expect(map("temperature", ["hot"])).toBeNull();
    expect(map("leak", ["purple"])).toBeNull();
  });

  it("learns both words of a flag from one", () => {
    expect(mapField({ path: "door", samples: ["OPEN"], unit: null })?.field.map).toEqual({ OPEN: true, CLOSED: false });
    expect(mapField({ path: "smokeAlarm", samples: ["Alarm", "Normal"], unit: null })).toMatchObject({
      guessed: false,
      field: { n: "smoke", map: { Alarm: true, Normal: false } },
    });
  });

  it.each([
    ["℃", "Cel"],
    ["kWh", "kWh"],
    ["ug/m³", "ug/m3"],
    ["furlong", null],
    ["constructor", null],
  ])("unit %s", (text, expected) => {
    expect(ucum(text)).toBe(expected);
  });
});
