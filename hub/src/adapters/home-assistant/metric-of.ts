import { ucum } from "@gridhub/device-profiles/import/published-unit.ts";
import { canonicalMetric } from "@gridhub/device-profiles/metric.ts";
import { convert, type Conversion } from "@gridhub/device-profiles/unit.ts";
import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";

/** What an entity means: the canonical metric and how its published number becomes one. */
export interface MetricOf {
  readonly metric: string;
  readonly conversion: Conversion | null;
}

/** `device_class` of sensors (Home Assistant's list) -> canonical metric. */
const SENSOR: Readonly<Record<string, string>> = {
  temperature: "air_temperature",
  humidity: "humidity",
  atmospheric_pressure: "air_pressure",
  pressure: "pressure",
  battery: "battery_percent",
  voltage: "voltage",
  current: "current",
  power: "power",
  energy: "energy",
  illuminance: "illuminance",
  signal_strength: "rssi",
  carbon_dioxide: "co2",
  pm25: "pm2_5",
  pm10: "pm10",
  wind_speed: "wind_speed",
  wind_direction: "wind_direction",
  precipitation: "rain_total",
  precipitation_intensity: "rain_rate",
  irradiance: "solar_radiation",
  distance: "distance",
  water: "volume",
  volume_flow_rate: "flow",
  conductivity: "conductivity",
  ph: "ph",
  speed: "speed",
};

/** `device_class` of binary sensors. */
const BINARY: Readonly<Record<string, string>> = {
  moisture: "leak",
  smoke: "smoke",
  door: "door_open",
  garage_door: "door_open",
  opening: "door_open",
  window: "door_open",
  motion: "motion",
  vibration: "motion",
  moving: "motion",
  occupancy: "motion",
  tamper: "tamper",
  problem: "fault",
  battery: "battery_low",
  heat: "fire",
};

/** @param unit as published, e.g. "°C" */
export function metricOf(
  component: "sensor" | "binary_sensor",
  deviceClass: string | null,
  unit: string | null,
  own: string | null,
): MetricOf | Rejection {
  const table = component === "sensor" ? SENSOR : BINARY;
  const known = deviceClass !== null && Object.hasOwn(table, deviceClass) ? table[deviceClass] : null;
  // without a class the entity's own id counts where it is the name of a metric
  const named =
    own !== null && canonicalMetric(own)?.type === (component === "sensor" ? "number" : "boolean") ? own : null;
  // the entity's own name is more exact than its class: water_level is a distance
  const metric = named ?? known;
  if (metric === null) return reject("foreign_unsupported", `device_class ${deviceClass ?? "none"} means no metric`);
  if (component === "binary_sensor") return { metric, conversion: null };
  const wanted = canonicalMetric(metric)?.unit ?? "1";
  if (unit === null) return { metric, conversion: null };
  const published = ucum(unit);
  const conversion = published === null ? null : convert(published, wanted);
  if (conversion === null)
    return reject("foreign_unsupported", `unit ${unit.slice(0, 20)} is no ${wanted} (${metric})`);
  return { metric, conversion: conversion.factor === 1 && conversion.shift === 0 ? null : conversion };
}
