import type { JsonField } from "../codec/schema.ts";
import { canonicalMetric } from "../metric.ts";
import { convert } from "../unit.ts";
import { ucum } from "./published-unit.ts";

/** A value that a device publishes, as examples or a description show it. */
export interface PublishedField {
  /** `batV`, `air_temperature.value`, `gps[0].lat` */
  readonly path: string;
  /** unit as published: "°C", "m⋅s⁻¹"; null = none given */
  readonly unit: string | null;
  /** values seen, of the type that the device gives */
  readonly samples: readonly unknown[];
  /** the metric that it is shown to be, whatever its name says */
  readonly means?: MappedField;
}

export interface MappedField {
  readonly field: JsonField;
  /** the unit was not published and was taken from the name, the size of the values or the metric */
  readonly guessed: boolean;
  /** texts that stand for "no value" */
  readonly absent?: readonly string[];
}

type Flag = Readonly<Record<string, boolean>>;

/** Metric -> published names, as words without signs; the longest name that fits whole or as its tail wins. */
const NAMES: Readonly<Record<string, string>> = {
  battery:
    "bat|batt|battery|batv|battv|battery v|bat v|bat volt|battery volt|battery voltage|batt voltage|bat voltage|bat mv|bat m v|battery mv|battery m v|vbat|v bat|vdd|vcc|vbatt|volt|supply voltage|voltage battery|cell voltage|internal battery|battery value|batvolt|batvoltage|batteryvoltage|bat status|battery supply",
  battery_percent:
    "battery percent|battery percentage|battery level percent|battery level in percentage|battery level|battery capacity|battery soc|soc|bat percent|bat level|batt level|battery pct|bat pct|battery charge|battery life|remaining battery|battery remaining",
  battery_low:
    "battery low|low battery|low battery alarm|alarm battery|low bat|bat low|battery alarm|low voltage alarm",
  temperature:
    "temperature|temp|tempc|temp c|temperature c|external temperature|ext temperature|probe temperature|water temperature|head temperature|temp probe|temp ds|temp c ds|ds18b20|water temp|medium temperature",
  air_temperature:
    "air temperature|ambient temperature|temperature air|ambient temp|outdoor temperature|temp c sht|shtx temp",
  device_temperature:
    "device temperature|internal temperature|chip temperature|board temperature|sensor temperature|internal circuit temperature|mcu temperature|cpu temperature",
  humidity: "humidity|hum|relative humidity|air humidity|hygro|rh|hum sht|ambient humidity",
  air_pressure: "barometric pressure|atmospheric pressure|air pressure|barometer|baro|barometric",
  pressure: "pressure|water pressure|pipe pressure|gauge pressure",
  water_level: "water level|level water|waterlevel|river level|tide level",
  water_depth: "water depth|depth|immersion depth|liquid level|liquid depth",
  distance: "distance|dist|distance average|ultrasonic distance|distance mm|distance cm|range distance",
  flow: "flow|flow rate|flowrate|water flow",
  volume: "volume|total volume|water volume|accumulated flow|total flow|water consumption|total water",
  rain: "precipitation|rain|rainfall|rain mm",
  rain_total: "cumulative precipitation|rain total|total rain|rainfall total",
  rain_rate: "rain rate|rain intensity|precipitation rate|rainfall intensity",
  conductivity: "electrical conductivity|conductivity|ec|water ec",
  turbidity: "turbidity|ntu",
  ph: "ph|ph value|water ph",
  dissolved_oxygen: "oxygen concentration|dissolved oxygen|do value",
  freezing: "freezing flag|freezing|frozen",
  leak: "leak|water leak|leakage|leakage status|water leakage|leak status|water leak status|flood|flood status|leak detected",
  water_present: "water present|water detected|wet|immersed|immersion|water status",
  wind_speed: "wind speed|windspeed|average wind speed",
  wind_gust: "maximum wind speed|wind gust|gust|max wind speed",
  wind_direction: "wind direction|wind dir",
  pm2_5: "pm2 5|pm25|pm2 5 mass concentration",
  pm10: "pm10|pm10 mass concentration",
  co2: "co2|co2 concentration|carbon dioxide",
  illuminance: "illuminance|illumination|light|lux|luminosity|light intensity|illuminance lux",
  tilt: "tilt|angle|tilt angle|inclination",
  tilt_x: "angle x|tilt x|x angle|pitch",
  tilt_y: "angle y|tilt y|y angle|roll",
  cover_open: "cover open|manhole open|lid open",
  door_open: "door open status|door open|door|contact|open|door status|door state|open status|magnet status",
  tamper: "tamper|box tamper|tamper status|tamper alarm|dismantled|disassembled",
  motion: "motion|occupancy|occupied|vibration|moving|in trip|presence|pir",
  full: "full|alarm level|full alarm|bin full",
  smoke: "smoke|smoke alarm|smoke status|smoke detected",
  fire: "fire|fire alarm|high temp alarm|fire status",
  fault: "fault|fault alarm|device fault|failure|malfunction",
  sos: "sos|panic|emergency",
  valve_open: "valve open|valve|valve status|valve state|valve 1",
  latitude: "latitude|lat|latitude deg|gps latitude|gps lat",
  longitude: "longitude|lon|lng|long|longitude deg|gps longitude|gps lon|gps lng",
  altitude: "altitude|alt|altitude gps|gps altitude|elevation",
  speed: "speed|speed kmph|gps speed|speed over ground|ground speed",
  course: "course|heading|heading deg|compass heading|course over ground|direction",
  voltage: "voltage|line voltage|mains voltage|ac voltage|voltage l1|rms voltage",
  current: "current|line current|current l1|rms current|ac current",
  power: "power|active power|active power l1|instantaneous power",
  energy: "energy|active energy|total energy|energy total|energy consumption",
  rssi: "rssi|signal|signal strength|csq|signal rssi",
  snr: "snr|lora snr|signal noise ratio",
  rsrp: "rsrp",
  uptime: "uptime|running time|up time|running time counter",
  report_interval: "report interval|reporting interval|transmission period|upload interval|periodic interval",
  frame_counter: "frame counter|uplink counter|f cnt|frame count",
  count: "count|pulse count|counter|pulses|pulse|pulse counter|cumulative pulse count|counter value",
  firmware: "firmware|firmware version|sw version|fw version|software version|sw ver|fw ver|fw|app version",
  status: "status|device status|state|work mode",
};

const BY_NAME = new Map<string, string>();
for (const [metric, names] of Object.entries(NAMES)) {
  for (const name of names.split("|")) BY_NAME.set(squeeze(name), metric);
  BY_NAME.set(squeeze(metric), metric);
}

/** The canonical metric that a published value means, with its unit; null = none that is sure enough. */
export function mapField(published: PublishedField): MappedField | null {
  const texts = published.samples.filter((x): x is string => typeof x === "string" && ABSENT.test(x.trim()));
  const absent = [...new Set(texts)];
  const samples =
    absent.length === 0 ? published.samples : published.samples.filter((x) => !absent.includes(x as string));
  const mapped = published.means ?? mapByName({ ...published, samples });
  // a device whose status may be the word "error" means that word; of a number or flag it says that there is none
  if (mapped === null || absent.length === 0 || canonicalMetric(mapped.field.n)?.type === "text") return mapped;
  return { ...mapped, field: { ...mapped.field, invalid: absent }, absent };
}

/** What decoders write in place of a value that they do not have. */
export const ABSENT =
  /^(err(or)?|n\/?a|nan|none|null|undefined|invalid|fail(ed|ure)?|fault|unknown|(sensor|probe) (error|fault|failure)|no (sensor|probe|data|value|signal)|not (available|connected|present)|disconnected|out of range|overflow|underflow|-+)$/i;

function mapByName({ path, unit, samples }: PublishedField): MappedField | null {
  const words = wordsOf(path);
  if (words.length === 0) return null;
  const texts = samples.filter((x) => typeof x === "string");
  const numbers = samples.map(leadingNumber).filter((x) => x !== null);
  let name = lookUp(words);
  if (name === null) return null;
  const suffix = ucum(words.at(-1) ?? "");
  const stated = ucum(unit ?? "") ?? ucum(/\d\s*(\D+)$/.exec(texts[0] ?? "")?.[1] ?? "");
  name = refine(name, words, stated ?? (words.length > 1 ? suffix : null), numbers);
  const metric = canonicalMetric(name);
  if (metric === undefined) return null;
  if (metric.type === "text") return texts.length > 0 ? { field: { n: name, path }, guessed: false } : null;
  if (metric.type === "boolean") return mapFlag(name, path, samples);
  if (samples.length > 0 && numbers.length === 0) return null;
  // a unit that measures something else says that the name misled
  if (stated !== null) return convert(stated, metric.unit) === null ? null : withUnit(name, path, stated, false);
  const sized = name === "battery" && Math.max(...numbers.map(Math.abs), 0) > 100;
  if (suffix !== null && words.length > 1 && !sized && convert(suffix, metric.unit) !== null)
    return withUnit(name, path, suffix, false);
  const guess = guessUnit(name, numbers);
  return guess === null ? null : withUnit(name, path, guess, guess !== metric.unit || AMBIGUOUS.has(name));
}

function withUnit(name: string, path: string, unit: string, guessed: boolean): MappedField {
  return { field: unit === canonicalMetric(name)?.unit ? { n: name, path } : { n: name, path, unit }, guessed };
}

const AMBIGUOUS = new Set(["distance", "water_level", "water_depth", "pressure", "flow", "volume", "energy", "speed"]);

/** Names that serve several metrics are told apart by unit and size. */
function refine(name: string, words: readonly string[], unit: string | null, numbers: readonly number[]): string {
  const most = Math.max(...numbers.map(Math.abs), -Infinity);
  if (name === "battery" && (unit === "%" || (unit === null && most > 5 && most <= 100))) return "battery_percent";
  if (name === "battery_percent" && (unit === "V" || unit === "mV")) return "battery";
  if (name === "battery_percent" && unit === null && !words.some((w) => w.startsWith("perc") || w === "pct"))
    return most <= 5 && most > 1 && numbers.some((x) => !Number.isInteger(x)) ? "battery" : name;
  if (name === "pressure" && unit !== "MPa" && unit !== "bar" && most >= 800 && most <= 1100) return "air_pressure";
  return name;
}

/** Sizes that only one unit explains; null = the values leave several. */
function guessUnit(name: string, numbers: readonly number[]): string | null {
  const metric = canonicalMetric(name);
  const most = Math.max(...numbers.map(Math.abs), -Infinity);
  if (name === "battery") return most > 100 ? "mV" : most > 20 && most <= 60 ? null : "V";
  if (name === "distance" && numbers.length > 0) return most >= 100 ? "mm" : null;
  if (AMBIGUOUS.has(name)) return null;
  if (name === "air_pressure" && most > 10_000) return "Pa";
  if (name === "air_pressure" && most > 0 && most < 200) return "kPa";
  return metric?.unit ?? null;
}

const YES =
  /^(true|on|yes|1|open|opened|alarm|leak|leaking|detected|triggered|wet|full|low|move|moving|tampered|abnormal|fire|smoke|alert)$/i;
const NO =
  /^(false|off|no|0|close|closed|normal|ok|none|no leak|not detected|clear|dry|still|intact|untampered|no alarm)$/i;

function mapFlag(name: string, path: string, samples: readonly unknown[]): MappedField | null {
  if (samples.every((x) => typeof x === "boolean" || x === 0 || x === 1))
    return { field: { n: name, path }, guessed: false };
  const map: Record<string, boolean> = {};
  for (const sample of samples) {
    if (typeof sample !== "string") return null;
    const text = sample.trim();
    if (YES.test(text)) map[text] = true;
    else if (NO.test(text)) map[text] = false;
    else return null;
  }
  const [yes, no] = [Object.values(map).includes(true), Object.values(map).includes(false)];
  const pair = Object.keys(map)[0];
  if (!(yes && no)) complete(map, pair);
  return { field: { n: name, path, map: map as Flag }, guessed: !(yes && no) };
}

/** The other word of a pair of which the examples show one. */
function complete(map: Record<string, boolean>, known: string): void {
  const PAIRS = [
    ["open", "closed"],
    ["open", "close"],
    ["on", "off"],
    ["alarm", "normal"],
    ["leak", "normal"],
    ["true", "false"],
    ["yes", "no"],
    ["1", "0"],
    ["move", "still"],
  ];
  for (const pair of PAIRS) {
    const at = pair.indexOf(known.toLowerCase());
    if (at < 0) continue;
    const other = pair[1 - at];
    const spelled =
      known === known.toUpperCase()
        ? other.toUpperCase()
        : /^[A-Z]/.test(known)
          ? other[0].toUpperCase() + other.slice(1)
          : other;
    map[spelled] ??= !map[known];
    return;
  }
}

function leadingNumber(x: unknown): number | null {
  if (typeof x === "number") return Number.isFinite(x) ? x : null;
  const digits = typeof x === "string" ? /^\s*([+-]?\d+(?:\.\d+)?)\s*[^\d.,:]*$/.exec(x) : null;
  return digits === null ? null : Number(digits[1]);
}

/** "batV" -> bat, v; "ADC_CH0V" -> adc, ch0, v; wrappers such as ".value" say nothing. */
export function wordsOf(path: string): string[] {
  return path
    .replace(/\[\d+\]/g, " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .replace(/\b([mk]) (v|a|w|pa)\b/g, "$1$2")
    .split(/[^a-z0-9%°]+/)
    .filter((word) => word !== "" && !/^(value|data|measurement|reading|payload|sensor data)$/.test(word));
}

const GROUP = /^(gps|position|location|sensor|sensors|environment|device|telemetry|status|decoded|uplink)$/;

/** Whole name, or without a unit behind it, or without the group before it ("gps.lat"); other words before it say of what. */
function lookUp(words: readonly string[]): string | null {
  const without = words.length > 1 && ucum(words.at(-1) ?? "") !== null ? words.slice(0, -1) : words;
  for (const candidate of [words, without]) {
    for (let from = 0; from < candidate.length; from++) {
      if (from > 0 && !GROUP.test(candidate[from - 1])) break;
      const found = BY_NAME.get(squeeze(candidate.slice(from).join(" ")));
      if (found !== undefined) return found;
    }
  }
  return null;
}

function squeeze(name: string): string {
  return name.replace(/[ _]/g, "");
}
