/** A template or mapping file that is wrong; the message says what, in the words of who writes it. */
export class TemplateError extends Error {}

export type Filter = (value: unknown) => unknown;
export type TemplateTables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Setting {
  readonly timeZone: string;
  readonly tables: TemplateTables;
}

interface Kind {
  /** names of its arguments; those with `?` may be left out */
  readonly args: readonly string[];
  make(args: readonly string[], setting: Setting): Filter;
}

const isEmpty = (value: unknown) => value === undefined || value === null || value === "";
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : isEmpty(value) ? [] : [value]);
const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
const words = (value: unknown): string =>
  isEmpty(value) ? "" : typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);

const KINDS: Readonly<Record<string, Kind>> = {
  /** instead of what is missing, null or "" */
  default: {
    args: ["text"],
    make:
      ([text]) =>
      (value) =>
        isEmpty(value) ? text : value,
  },
  /** by a table of the file; the key `else` is for what is not in it */
  table: {
    args: ["name"],
    make: ([name], { tables }) => {
      if (!Object.hasOwn(tables, name)) throw new TemplateError(`there is no table "${name}"; ${known(tables)}`);
      const table = tables[name];
      return (value) => {
        const key = words(value);
        return Object.hasOwn(table, key) ? table[key] : table.else;
      };
    },
  },
  /** of an ISO time or ms UTC, in the hub's time zone */
  date: { args: ["pattern?"], make: ([pattern = "YYYY-MM-DD HH:mm:ss"], { timeZone }) => dater(pattern, timeZone) },
  /** ms UTC of an ISO time; `s` for seconds */
  epoch: {
    args: ["unit?"],
    make: ([unit = "ms"]) => {
      if (unit !== "ms" && unit !== "s") throw new TemplateError(`epoch: expected ms or s, found "${unit}"`);
      return (value) => {
        const ms = typeof value === "number" ? value : Date.parse(words(value));
        return Number.isNaN(ms) ? undefined : unit === "s" ? Math.floor(ms / 1000) : ms;
      };
    },
  },
  /** a number with at most so many digits behind the point */
  round: {
    args: ["digits?"],
    make: ([digits = "0"]) => {
      const n = whole("round", digits, 0, 12);
      return (value) => (typeof value === "number" ? Number(value.toFixed(n)) : undefined);
    },
  },
  /** text, also of a number: for receivers that want "1" */
  text: { args: [], make: () => (value) => words(value) },
  json: { args: [], make: () => (value) => JSON.stringify(value ?? null) },
  upper: { args: [], make: () => (value) => words(value).toUpperCase() },
  /** at most so many characters */
  cut: {
    args: ["characters"],
    make: ([characters]) => {
      const n = whole("cut", characters, 1, 100_000);
      return (value) => [...words(value)].slice(0, n).join("");
    },
  },
  first: { args: [], make: () => (value) => list(value).at(0) },
  last: { args: [], make: () => (value) => list(value).at(-1) },
  /** of a list those whose field is this */
  where: {
    args: ["field", "value"],
    make:
      ([name, wanted]) =>
      (value) =>
        list(value).filter((item) => words(field(item, name)) === wanted),
  },
  /** a field of an object, or of each of a list */
  pick: {
    args: ["field"],
    make:
      ([name]) =>
      (value) =>
        Array.isArray(value) ? value.map((item) => field(item, name)) : field(value, name),
  },
  join: {
    args: ["sign?"],
    make:
      ([sign = ","]) =>
      (value) =>
        list(value).map(words).join(sign),
  },
};

/** @throws TemplateError for an unknown filter or wrong arguments */
export function makeFilter(name: string, args: readonly string[], setting: Setting): Filter {
  if (!Object.hasOwn(KINDS, name)) throw new TemplateError(`there is no filter "${name}"; ${known(KINDS)}`);
  const kind = KINDS[name];
  const least = kind.args.filter((arg) => !arg.endsWith("?")).length;
  if (args.length < least || args.length > kind.args.length)
    throw new TemplateError(`${name}: expected ${kind.args.join(", ") || "no argument"}, found ${args.length}`);
  return kind.make(args, setting);
}

function known(of: object): string {
  const names = Object.keys(of);
  return names.length === 0 ? "there are none" : `there are ${names.join(", ")}`;
}

function whole(name: string, text: string, min: number, max: number): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < min || n > max)
    throw new TemplateError(`${name}: expected a whole number from ${min} to ${max}, found "${text}"`);
  return n;
}

const PARTS: Readonly<Record<string, Intl.DateTimeFormatPartTypes>> = {
  YYYY: "year",
  MM: "month",
  DD: "day",
  HH: "hour",
  mm: "minute",
  ss: "second",
};

function dater(pattern: string, timeZone: string): Filter {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return (value) => {
    const ms = typeof value === "number" ? value : isEmpty(value) ? NaN : Date.parse(words(value));
    if (Number.isNaN(ms)) return undefined;
    const parts = new Map(format.formatToParts(ms).map(({ type, value: text }) => [type, text]));
    return pattern.replaceAll(/YYYY|MM|DD|HH|mm|ss/g, (word) => parts.get(PARTS[word]) ?? "");
  };
}
