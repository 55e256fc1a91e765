import type { MetricDef } from "./compiled.ts";

/** A canonical metric: what a name means wherever it appears, in one unit. */
export interface CanonicalMetric {
  readonly name: string;
  /** UCUM */
  readonly unit: string;
  readonly type: MetricDef["type"];
  /** default physical range, in `unit`; null = none */
  readonly range: readonly [number, number] | null;
  readonly zh: string;
  readonly en: string;
  readonly meaning: string;
}

type Range = readonly [number, number] | null;

const number = (
  name: string,
  unit: string,
  range: Range,
  zh: string,
  en: string,
  meaning: string,
): CanonicalMetric => ({
  name,
  unit,
  type: "number",
  range,
  zh,
  en,
  meaning,
});
const flag = (name: string, zh: string, en: string, meaning: string): CanonicalMetric => ({
  name,
  unit: "1",
  type: "boolean",
  range: null,
  zh,
  en,
  meaning,
});
const text = (name: string, zh: string, en: string, meaning: string): CanonicalMetric => ({
  name,
  unit: "1",
  type: "text",
  range: null,
  zh,
  en,
  meaning,
});

/** The registry. A name is never reused for something else; add, do not rename. */
export const METRICS: readonly CanonicalMetric[] = [
  // water under pressure and in the open
  number("pressure", "MPa", [-0.1, 10], "压力", "Pressure", "gauge pressure of a pipe or vessel"),
  number("flow", "L/s", [0, 10_000], "流量", "Flow", "volume flow"),
  number("volume", "m3", [0, 1e9], "累计流量", "Volume", "meter reading, total"),
  number("water_level", "m", [-50, 9000], "水位", "Water level", "level above the gauge's datum"),
  number("water_depth", "m", [0, 500], "水深", "Water depth", "depth over the sensor or the ground"),
  number("distance", "m", [0, 1000], "距离", "Distance", "from the sensor to the surface in front of it"),
  number("rain", "mm", [0, 500], "降雨量", "Rain", "rain since the last report"),
  number("rain_total", "mm", [0, 1e6], "累计降雨量", "Rain total", "counter of rain"),
  number("rain_rate", "mm/h", [0, 1000], "雨强", "Rain rate", "intensity of rain"),
  number("conductivity", "uS/cm", [0, 200_000], "电导率", "Conductivity", "electrical conductivity of water"),
  number("turbidity", "[NTU]", [0, 10_000], "浊度", "Turbidity", "turbidity of water"),
  number("ph", "[pH]", [0, 14], "酸碱度", "pH", "acidity of water"),
  number("dissolved_oxygen", "mg/L", [0, 50], "溶解氧", "Dissolved oxygen", "oxygen dissolved in water"),
  number("oxygen_saturation", "%", [0, 300], "溶解氧饱和度", "Oxygen saturation", "of oxygen dissolved in water"),
  number("redox", "mV", [-2000, 2000], "氧化还原电位", "Redox potential", "oxidation-reduction potential of water"),
  flag("freezing", "结冰", "Freezing", "water at the sensor is frozen"),
  flag("leak", "漏水", "Leak", "water where none should be"),
  flag("water_present", "有水", "Water present", "water touches the probe"),
  // air and weather
  number("temperature", "Cel", [-60, 150], "温度", "Temperature", "of the medium that the device measures"),
  number("air_temperature", "Cel", [-60, 70], "气温", "Air temperature", "of the air"),
  number("device_temperature", "Cel", [-60, 120], "设备温度", "Device temperature", "inside the device"),
  number("humidity", "%", [0, 100], "湿度", "Humidity", "relative humidity of air"),
  number("air_pressure", "hPa", [300, 1100], "气压", "Air pressure", "barometric pressure"),
  number("wind_speed", "m/s", [0, 100], "风速", "Wind speed", "mean wind speed"),
  number("wind_gust", "m/s", [0, 120], "阵风", "Wind gust", "greatest wind speed since the last report"),
  number("wind_direction", "deg", [0, 360], "风向", "Wind direction", "where the wind comes from, from true north"),
  number("pm2_5", "ug/m3", [0, 2000], "PM2.5", "PM2.5", "mass concentration of particles up to 2.5 um"),
  number("pm10", "ug/m3", [0, 5000], "PM10", "PM10", "mass concentration of particles up to 10 um"),
  number("co2", "[ppm]", [0, 50_000], "二氧化碳", "CO2", "carbon dioxide in air"),
  number("dew_point", "Cel", [-80, 60], "露点", "Dew point", "temperature at which the air would be saturated"),
  number(
    "solar_radiation",
    "W/m2",
    [0, 2000],
    "太阳辐射",
    "Solar radiation",
    "short-wave irradiance on a level surface",
  ),
  number("methane", "%", [0, 100], "甲烷", "Methane", "share of the lower explosive limit"),
  number("hydrogen_sulfide", "[ppm]", [0, 2000], "硫化氢", "Hydrogen sulfide", "in air"),
  number("illuminance", "lx", [0, 200_000], "照度", "Illuminance", "light on the sensor"),
  // attitude, safety, access
  number("tilt", "deg", [-180, 180], "倾角", "Tilt", "angle from upright"),
  number("tilt_x", "deg", [-180, 180], "X 轴倾角", "Tilt X", "angle about the first axis"),
  number("tilt_y", "deg", [-180, 180], "Y 轴倾角", "Tilt Y", "angle about the second axis"),
  number("fill_level", "%", [0, 100], "满溢度", "Fill level", "share of the container that is full"),
  number("valve_position", "%", [0, 100], "阀门开度", "Valve position", "0 closed, 100 fully open"),
  flag("cap_open", "闷盖打开", "Cap open", "a hydrant's outlet cap is off"),
  flag("cover_open", "井盖打开", "Cover open", "a manhole cover is moved"),
  flag("door_open", "门打开", "Door open", "a door or cabinet is open"),
  flag("tamper", "防拆", "Tamper", "the housing was opened or the device removed"),
  flag("motion", "振动", "Motion", "the device was moved or struck"),
  flag("full", "满溢", "Full", "the container is full"),
  flag("smoke", "烟雾报警", "Smoke", "smoke detected"),
  flag("fire", "火警", "Fire", "fire or heat alarm"),
  flag("fault", "故障", "Fault", "the device reports a fault of its own"),
  flag("sos", "求救", "SOS", "a person asked for help"),
  flag("valve_open", "阀门开启", "Valve open", "state of the first or only valve"),
  // where it is
  number("latitude", "deg", [-90, 90], "纬度", "Latitude", "WGS84"),
  number("longitude", "deg", [-180, 180], "经度", "Longitude", "WGS84"),
  number("altitude", "m", [-500, 9000], "海拔", "Altitude", "above mean sea level"),
  number("speed", "m/s", [0, 200], "速度", "Speed", "over ground"),
  number("course", "deg", [0, 360], "航向", "Course", "over ground, from true north"),
  // electricity
  number("voltage", "V", [0, 1000], "电压", "Voltage", "of the line that the device measures"),
  number("current", "A", [-10_000, 10_000], "电流", "Current", "of the line that the device measures"),
  number("power", "W", [-1e7, 1e7], "功率", "Power", "active power"),
  number("energy", "kWh", [0, 1e10], "电量", "Energy", "meter reading, total"),
  // the device itself
  number("battery", "V", [0, 60], "电池电压", "Battery", "supply or battery voltage"),
  number("battery_percent", "%", [0, 100], "电池电量", "Battery level", "charge left"),
  flag("battery_low", "电量低", "Battery low", "the device says that its battery is low"),
  number("rssi", "dBm", [-160, 10], "信号强度", "Signal strength", "received signal strength"),
  number("snr", "dB", [-40, 60], "信噪比", "Signal to noise", "signal to noise ratio"),
  number("rsrp", "dBm", [-160, -20], "参考信号功率", "RSRP", "LTE or NB-IoT reference signal power"),
  number("gateways", "1", [0, 1000], "接收网关数", "Gateways", "radio gateways that received the message"),
  number(
    "data_rate",
    "1",
    [0, 15],
    "数据速率档",
    "Data rate",
    "LoRaWAN data rate index of the region; greater = faster",
  ),
  number("uptime", "s", [0, 1e10], "运行时间", "Uptime", "since the device started"),
  number("report_interval", "s", [0, 1e8], "上报间隔", "Report interval", "as set in the device"),
  number("frame_counter", "1", [0, 4_294_967_295], "帧计数", "Frame counter", "the device's own counter of reports"),
  number("count", "1", [0, 1e15], "计数", "Count", "pulses or occurrences, total"),
  text("status", "状态", "Status", "the device's own word for its state"),
  text("firmware", "固件版本", "Firmware", "version of the device's software"),
];

const BY_NAME: ReadonlyMap<string, CanonicalMetric> = new Map(METRICS.map((m) => [m.name, m]));

/** Names that a profile may use for values that are no metric. */
export const SAMPLED_AT = "sampled_at";

export function canonicalMetric(name: string): CanonicalMetric | undefined {
  return BY_NAME.get(name);
}

/** The known name closest to a mistyped one, or null when none is close. */
export function closest(name: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const d = editDistance(name, candidate);
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

/** Insertions, deletions, replacements and neighbours in the wrong order. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8) return 99;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      let d = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2] + 1);
      next[j] = d;
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
