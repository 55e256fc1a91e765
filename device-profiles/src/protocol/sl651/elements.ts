/** What an element identifier means: metric and factor to its canonical unit. */
export interface Element {
  readonly metric: string;
  /** value * factor = canonical unit; 1000 and 0.001 are applied exactly */
  readonly factor: number;
}

const of = (metric: string, factor = 1): Element => ({ metric, factor });

/**
 * Elements of SL 651-2014, appendix C. What is not listed is stepped over: each element carries its length.
 * 20 is the rain of the running day, not "rain since the last report": summing it would count a shower many times.
 */
export const ELEMENTS: ReadonlyMap<number, Element> = new Map([
  [0x02, of("air_temperature")],
  [0x03, of("water_temperature")],
  [0x06, of("evaporation_day")],
  [0x07, of("evaporation")],
  [0x08, of("air_pressure")],
  [0x09, of("gate_opening")],
  [0x0d, of("ground_temperature")],
  [0x0e, of("groundwater_depth")],
  [0x0f, of("wave_height")],
  [0x10, of("soil_moisture_10")],
  [0x11, of("soil_moisture_20")],
  [0x12, of("soil_moisture_30")],
  [0x13, of("soil_moisture_40")],
  [0x14, of("soil_moisture_50")],
  [0x15, of("soil_moisture_60")],
  [0x16, of("soil_moisture_80")],
  [0x17, of("soil_moisture_100")],
  [0x18, of("humidity")],
  [0x1a, of("rain_1h")],
  [0x1b, of("rain_2h")],
  [0x1c, of("rain_3h")],
  [0x1d, of("rain_6h")],
  [0x1e, of("rain_12h")],
  [0x1f, of("rain_day")],
  [0x20, of("rain_today")],
  [0x21, of("rain_1m")],
  [0x22, of("rain_5m")],
  [0x23, of("rain_10m")],
  [0x24, of("rain_30m")],
  [0x25, of("rain_storm")],
  [0x26, of("rain_total")],
  [0x27, of("flow", 1000)],
  [0x30, of("outflow", 1000)],
  [0x31, of("gate_flow", 1000)],
  [0x35, of("wind_speed")],
  [0x36, of("velocity_mean")],
  [0x37, of("velocity")],
  [0x38, of("battery")],
  [0x39, of("water_level")],
  [0x3a, of("water_level_below")],
  [0x3b, of("water_level_above")],
  [0x44, of("sediment", 1000)],
  [0x46, of("ph")],
  [0x47, of("dissolved_oxygen")],
  [0x48, of("conductivity")],
  [0x49, of("turbidity")],
  [0x4a, of("permanganate")],
  [0x4b, of("redox")],
  [0x4c, of("ammonia_nitrogen")],
  [0x4d, of("total_phosphorus")],
  [0x4e, of("total_nitrogen")],
  [0x58, of("pressure", 0.001)],
  [0x70, of("voltage")],
  [0x71, of("voltage_b")],
  [0x72, of("voltage_c")],
  [0x73, of("current")],
  [0x74, of("current_b")],
  [0x75, of("current_c")],
]);

/** One hour in twelve five-minute values; the sizes are fixed by table C.1. */
export interface HourlyList {
  /** bytes a value */
  readonly size: 1 | 2;
  /** value / divisor = unit */
  readonly divisor: number;
  /** "" = stepped over */
  readonly metric: string;
}

const level = (metric: string): HourlyList => ({ size: 2, divisor: 100, metric });

/** Rain, and eight water levels relative to the station's base level. */
export const HOURLY: ReadonlyMap<number, HourlyList> = new Map([
  [0xf4, { size: 1, divisor: 10, metric: "rain" }],
  [0xf5, level("relative_level")],
  [0xf6, level("relative_level_2")],
  ...[0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc].map((id): [number, HourlyList] => [id, level("")]),
]);

export const HOURLY_COUNT = 12;
export const HOURLY_STEP_MS = 300_000;

/** Element 45, table 58: bit -> metric; `inverted` = 0 means yes. */
export const STATUS_BITS: readonly { readonly bits: number; readonly metric: string; readonly inverted?: boolean }[] = [
  { bits: 0x001, metric: "mains_failed" },
  { bits: 0x002, metric: "battery_low" },
  { bits: 0x004, metric: "level_alarm" },
  { bits: 0x008, metric: "flow_alarm" },
  { bits: 0x010, metric: "quality_alarm" },
  // flow meter, level gauge, memory
  { bits: 0x160, metric: "fault" },
  { bits: 0x080, metric: "door_open", inverted: true },
];

/** text of a manually entered report (functions 35 and 39), coded by SL 330 */
export const MANUAL_REPORT = "manual_report";

export const SL651_METRICS: ReadonlySet<string> = new Set([
  ...[...ELEMENTS.values()].map((element) => element.metric),
  ...[...HOURLY.values()].map((list) => list.metric).filter((metric) => metric !== ""),
  ...STATUS_BITS.map((status) => status.metric),
  MANUAL_REPORT,
]);
