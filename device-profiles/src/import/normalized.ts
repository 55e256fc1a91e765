import { canonicalMetric } from "../metric.ts";
import { convert, unitNames } from "../unit.ts";
import { type MappedField, mapField } from "./field-name.ts";
import { publishedFields } from "./published-fields.ts";

/** Measurements of the device repository's normalized payload: what they are called here, and the unit that they have there. */
const MEANS: ReadonlyMap<string, readonly [metric: string, unit: string]> = new Map(
  Object.entries({
    "air.temperature": ["air_temperature", "Cel"],
    "air.relativeHumidity": ["humidity", "%"],
    "air.pressure": ["air_pressure", "hPa"],
    "air.co2": ["co2", "[ppm]"],
    "air.lightIntensity": ["illuminance", "lx"],
    "wind.speed": ["wind_speed", "m/s"],
    "wind.direction": ["wind_direction", "deg"],
    "rain.intensity": ["rain_rate", "mm/h"],
    "rain.cumulative": ["rain_total", "mm"],
    "water.leak": ["leak", "1"],
    "water.temperature.current": ["temperature", "Cel"],
    "action.motion.detected": ["motion", "1"],
    "action.contactState": ["door_open", "1"],
    "position.latitude": ["latitude", "deg"],
    "position.longitude": ["longitude", "deg"],
    battery: ["battery", "V"],
  } as const),
);

/** Canonical metric -> value in the metric's unit. */
export type Normalized = ReadonlyMap<string, number | boolean>;

/** What a published `normalizedOutput.data` says; a list of several measurements belongs to several times and says nothing here. */
export function normalizedValues(data: unknown): Normalized {
  const found = new Map<string, number | boolean>();
  const list = Array.isArray(data) ? data : [data];
  if (list.length !== 1) return found;
  for (const { path, samples } of publishedFields(list)) {
    const [name, unit] = MEANS.get(path) ?? [];
    const metric = name === undefined ? undefined : canonicalMetric(name);
    if (metric === undefined || unit === undefined) continue;
    const [raw] = samples;
    if (metric.type === "boolean") {
      const flag = raw === "open" ? true : raw === "closed" ? false : raw;
      if (typeof flag === "boolean") found.set(metric.name, flag);
    } else if (typeof raw === "number") {
      const by = convert(unit, metric.unit);
      if (by !== null) found.set(metric.name, raw * by.factor + by.shift);
    }
  }
  return found;
}

/** A published result and what the normalized one of the same example says. */
export interface Pair {
  readonly data: unknown;
  readonly normalized: Normalized;
}

/**
 * Which published value is which canonical metric, by path: the one whose values are the normalized ones in every example, in one unit.
 * What several values or metrics explain is left to names.
 */
export function meantBy(pairs: readonly Pair[]): Map<string, MappedField> {
  const examples = pairs.map(({ data, normalized }) => ({
    leaves: new Map(publishedFields([data]).map((field) => [field.path, field.samples[0]])),
    normalized,
  }));
  const paths = new Set(examples.flatMap(({ leaves }) => [...leaves.keys()]));
  const metrics = new Set(examples.flatMap(({ normalized }) => [...normalized.keys()]));
  const fits: { path: string; metric: string; mapped: MappedField }[] = [];
  for (const path of paths)
    for (const metric of metrics) {
      const seen = examples.flatMap(({ leaves, normalized }): Seen[] => {
        const [raw, value] = [leaves.get(path), normalized.get(metric)];
        return raw === undefined || value === undefined ? [] : [[raw, value]];
      });
      const mapped = fit(path, metric, seen);
      if (mapped !== null) fits.push({ path, metric, mapped });
    }
  const named = (path: string) => mapField({ path, unit: null, samples: samplesOf(examples, path) })?.field.n;
  const result = new Map<string, MappedField>();
  for (const { path, metric, mapped } of fits) {
    const rivals = fits.filter((other) => (other.path === path) !== (other.metric === metric));
    if (rivals.length === 0 || named(path) === metric) result.set(path, mapped);
  }
  return result;
}

type Seen = readonly [raw: unknown, value: number | boolean];

function samplesOf(examples: readonly { leaves: ReadonlyMap<string, unknown> }[], path: string): unknown[] {
  return examples.map(({ leaves }) => leaves.get(path)).filter((x) => x !== undefined);
}

function fit(path: string, metric: string, seen: readonly Seen[]): MappedField | null {
  const unit = canonicalMetric(metric)?.unit ?? "1";
  if (seen.some(([, value]) => typeof value === "boolean")) return fitFlag(path, metric, seen);
  // zeros are alike in every unit and of every quantity
  if (seen.every(([, value]) => value === 0)) return null;
  for (const from of [unit, ...unitNames()]) {
    const by = convert(from, unit);
    if (by === null) continue;
    const equal = ([raw, value]: Seen) =>
      typeof raw === "number" && typeof value === "number" && rounded(raw * by.factor + by.shift, value);
    if (seen.every(equal))
      return { field: { n: metric, path, ...(from === unit ? {} : { unit: from }) }, guessed: false };
  }
  return null;
}

/** A flag needs both its values seen: one alone agrees with too much. */
function fitFlag(path: string, metric: string, seen: readonly Seen[]): MappedField | null {
  if (new Set(seen.map(([, value]) => value)).size < 2) return null;
  const map = new Map<string, boolean>();
  for (const [raw, value] of seen) {
    if (typeof value !== "boolean" || !(typeof raw === "string" || raw === 0 || raw === 1 || typeof raw === "boolean"))
      return null;
    if ((map.get(String(raw)) ?? value) !== value) return null;
    map.set(String(raw), value);
  }
  const plain = seen.every(([raw, value]) => raw === value || raw === Number(value));
  return { field: { n: metric, path, ...(plain ? {} : { map: Object.fromEntries(map) }) }, guessed: false };
}

/** Whether `value`, as it is written, is `exact` or a rounding of it. */
export function rounded(exact: number, value: number): boolean {
  const digits = /\.(\d+)$/.exec(String(value))?.[1].length ?? 0;
  const step = digits === 0 ? 0 : 0.5 * 10 ** -digits;
  return Math.abs(exact - value) <= step + 1e-6 * Math.max(1e-6, Math.abs(value));
}
