/** One unit as a linear function of its dimension's base: base = value * factor + shift. */
interface Unit {
  readonly dimension: string;
  readonly factor: number;
  readonly shift: number;
}

const unit = (dimension: string, factor: number, shift = 0): Unit => ({ dimension, factor, shift });

/** UCUM units (case sensitive) that profiles may name. */
const UNITS: Readonly<Record<string, Unit>> = {
  "1": unit("number", 1),
  "%": unit("number", 0.01),
  "[ppm]": unit("number", 1e-6),
  m: unit("length", 1),
  km: unit("length", 1000),
  dm: unit("length", 0.1),
  cm: unit("length", 0.01),
  mm: unit("length", 0.001),
  um: unit("length", 1e-6),
  "[ft_i]": unit("length", 0.3048),
  "[in_i]": unit("length", 0.0254),
  Pa: unit("pressure", 1),
  hPa: unit("pressure", 100),
  kPa: unit("pressure", 1000),
  MPa: unit("pressure", 1e6),
  mbar: unit("pressure", 100),
  bar: unit("pressure", 1e5),
  "[psi]": unit("pressure", 6894.757293168361),
  "m[H2O]": unit("pressure", 9806.65),
  Cel: unit("temperature", 1),
  K: unit("temperature", 1, -273.15),
  "[degF]": unit("temperature", 5 / 9, -160 / 9),
  V: unit("voltage", 1),
  mV: unit("voltage", 0.001),
  A: unit("current", 1),
  mA: unit("current", 0.001),
  W: unit("power", 1),
  kW: unit("power", 1000),
  "W/m2": unit("irradiance", 1),
  kWh: unit("energy", 3.6e6),
  deg: unit("angle", 1),
  rad: unit("angle", 180 / Math.PI),
  s: unit("time", 1),
  ms: unit("time", 0.001),
  min: unit("time", 60),
  h: unit("time", 3600),
  d: unit("time", 86_400),
  "m/s": unit("speed", 1),
  "km/h": unit("speed", 1 / 3.6),
  "[kn_i]": unit("speed", 1852 / 3600),
  "L/s": unit("flow", 1),
  "L/min": unit("flow", 1 / 60),
  "L/h": unit("flow", 1 / 3600),
  "m3/h": unit("flow", 1 / 3.6),
  "m3/s": unit("flow", 1000),
  m3: unit("volume", 1),
  L: unit("volume", 0.001),
  "mm/h": unit("rain rate", 1),
  "m/h": unit("speed", 1 / 3600),
  "cm/h": unit("speed", 0.01 / 3600),
  "MPa/h": unit("pressure rate", 1e6 / 3600),
  "kPa/h": unit("pressure rate", 1000 / 3600),
  "hPa/h": unit("pressure rate", 100 / 3600),
  "Cel/h": unit("temperature rate", 1 / 3600),
  "V/d": unit("voltage rate", 1 / 86_400),
  "%/h": unit("share rate", 0.01 / 3600),
  "%/d": unit("share rate", 0.01 / 86_400),
  "1/s": unit("number rate", 1),
  "1/min": unit("number rate", 1 / 60),
  "1/h": unit("number rate", 1 / 3600),
  "uS/cm": unit("conductivity", 1),
  "mS/cm": unit("conductivity", 1000),
  "S/m": unit("conductivity", 10_000),
  "mg/L": unit("concentration", 1),
  "ug/m3": unit("concentration", 1e-6),
  "[NTU]": unit("turbidity", 1),
  "[pH]": unit("acidity", 1),
  lx: unit("illuminance", 1),
  dB: unit("level", 1),
  dBm: unit("power level", 1),
  Hz: unit("frequency", 1),
  kg: unit("mass", 1),
  g: unit("mass", 0.001),
};

export interface Conversion {
  /** result = value * factor + shift */
  readonly factor: number;
  readonly shift: number;
}

export function isUnit(name: string): boolean {
  return Object.hasOwn(UNITS, name);
}

export function unitNames(): string[] {
  return Object.keys(UNITS);
}

/** @returns how to convert, or null when the two units do not measure the same thing */
export function convert(from: string, to: string): Conversion | null {
  if (from === to) return { factor: 1, shift: 0 };
  if (!isUnit(from) || !isUnit(to)) return null;
  const a = UNITS[from];
  const b = UNITS[to];
  if (a.dimension !== b.dimension) return null;
  return { factor: tidy(a.factor / b.factor), shift: tidy((a.shift - b.shift) / b.factor) };
}

/** Removes the noise of the division: 0.001 / 1000 is meant to be 1e-6. */
function tidy(x: number): number {
  return Number(x.toPrecision(15));
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };
/** Dimensions that are another one per second: the factor from base per second to that one's base. */
const PER_SECOND: readonly (readonly [of: string, is: string, factor: number])[] = [
  ["length", "speed", 1],
  ["length", "rain rate", 3.6e6],
  ["volume", "flow", 1000],
  ["energy", "power", 1],
];

/** @returns what turns a change of `from` per second into `to`, or null when `to` does not measure that */
export function convertRate(from: string, to: string): number | null {
  if (!isUnit(from) || !isUnit(to)) return null;
  const [source, target] = [UNITS[from], UNITS[to]];
  for (const [of, is, factor] of PER_SECOND)
    if (source.dimension === of && target.dimension === is) return tidy((source.factor * factor) / target.factor);
  const [, over, time] = /^(.*)\/(s|min|h|d)$/.exec(to) ?? [];
  if (time === undefined || !isUnit(over) || UNITS[over].dimension !== source.dimension) return null;
  return tidy((source.factor / UNITS[over].factor) * SECONDS[time]);
}
