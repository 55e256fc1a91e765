import { XMLParser } from "fast-xml-parser";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { COLOURS, type Ring, type Warning, type WarningArea, type WarningColour } from "./warning.ts";

/** Why a document is no warning that could be used. */
export interface CapProblem {
  readonly code: "CAP_TOO_LARGE" | "CAP_UNREADABLE" | "CAP_INVALID" | "CAP_UNSUPPORTED";
  readonly message: string;
}

export const MAX_CAP_BYTES = 512 * 1024;
const MAX_AREAS = 200;
const MAX_POINTS = 20_000;
const TEXT = 4000;
/** of a warning that says no end: CAP leaves it to the receiver */
const DEFAULT_HOLD_MS = 24 * 3_600_000;
const EARTH_KM_MAX = 21_000;

// Namespace prefixes go, entities beyond the five of XML are no entities, and numbers stay text: an identifier is no number.
const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  processEntities: true,
  htmlEntities: false,
  trimValues: true,
  maxNestedTags: 32,
});

const Str = Type.String({ maxLength: MAX_CAP_BYTES });
const many = <T extends Type.TSchema>(type: T) =>
  Type.Optional(Type.Union([type, Type.Array(type, { maxItems: 1000 })]));
const Pair = Type.Object({ valueName: Str, value: Str });
const Area = Type.Object({
  areaDesc: Type.Optional(Str),
  polygon: many(Str),
  circle: many(Str),
  geocode: many(Pair),
});
const Info = Type.Object({
  language: Type.Optional(Str),
  event: Str,
  severity: Type.Optional(Str),
  effective: Type.Optional(Str),
  onset: Type.Optional(Str),
  expires: Type.Optional(Str),
  headline: Type.Optional(Str),
  description: Type.Optional(Str),
  instruction: Type.Optional(Str),
  eventCode: many(Pair),
  parameter: many(Pair),
  area: many(Area),
});
const Alert = Compile(
  Type.Object({
    identifier: Type.String({ minLength: 1, maxLength: 300 }),
    sender: Type.String({ minLength: 1, maxLength: 300 }),
    sent: Str,
    status: Str,
    msgType: Str,
    references: Type.Optional(Str),
    info: many(Info),
  }),
);
type Info = Static<typeof Info>;
type Area = Static<typeof Area>;

/**
 * Reads one CAP 1.2 alert, XML or its JSON form (the same names; lists where an element repeats). Document types and entities of
 * their own are refused before anything is parsed. Of several languages Chinese wins.
 */
export function readCap(document: string): Warning | CapProblem {
  const text = document.trim();
  if (Buffer.byteLength(text) > MAX_CAP_BYTES)
    return problem("CAP_TOO_LARGE", `a warning may have ${MAX_CAP_BYTES} bytes`);
  let tree: unknown;
  if (text.startsWith("{")) {
    try {
      tree = JSON.parse(text);
    } catch (error) {
      return problem("CAP_UNREADABLE", `not JSON: ${(error as Error).message}`);
    }
  } else {
    if (/<!(DOCTYPE|ENTITY)/i.test(text)) return problem("CAP_UNREADABLE", "a document type is not accepted");
    try {
      tree = parser.parse(text, true);
    } catch (error) {
      return problem("CAP_UNREADABLE", `not XML: ${(error as Error).message}`);
    }
  }
  const alert = (tree as { alert?: unknown } | null)?.alert ?? tree;
  if (!Alert.Check(alert)) {
    const [first] = Alert.Errors(alert);
    const path = first.instancePath.replaceAll("/", ".").slice(1);
    return problem("CAP_INVALID", `alert${path === "" ? "" : `.${path}`}: ${first.message}`);
  }
  const info = chosen(list(alert.info));
  if (info === null) return problem("CAP_INVALID", "alert.info: a warning says what it warns of");
  const status = STATUS[alert.status.toLowerCase()];
  if (status === undefined)
    return problem("CAP_UNSUPPORTED", `status ${short(alert.status)}: no warning for the public`);
  const action = ACTION[alert.msgType.toLowerCase()];
  if (action === undefined) return problem("CAP_UNSUPPORTED", `msgType ${short(alert.msgType)} is no warning`);
  const sentAt = Date.parse(alert.sent);
  if (Number.isNaN(sentAt)) return problem("CAP_INVALID", "alert.sent: expected a time with its zone");
  const from = timeOf(info.onset ?? info.effective) ?? sentAt;
  const until = timeOf(info.expires) ?? from + DEFAULT_HOLD_MS;
  const colour = colourOf(info);
  if (colour === null)
    return problem("CAP_INVALID", "alert.info.severity: expected Extreme, Severe, Moderate or Minor");
  const areas = areasOf(list(info.area));
  if ("code" in areas) return areas;
  return {
    id: alert.identifier,
    sender: alert.sender,
    sentAt,
    status,
    action,
    references: (alert.references ?? "").split(/\s+/).flatMap((reference) => reference.split(",")[1] ?? []),
    event: info.event.slice(0, 200),
    colour,
    headline: (info.headline ?? info.event).slice(0, 500),
    description: (info.description ?? "").slice(0, TEXT),
    instruction: (info.instruction ?? "").slice(0, TEXT),
    from,
    until,
    areas,
  };
}

const STATUS: Readonly<Record<string, Warning["status"] | undefined>> = {
  actual: "actual",
  exercise: "exercise",
  test: "test",
};
const ACTION: Readonly<Record<string, Warning["action"] | undefined>> = {
  alert: "alert",
  update: "update",
  cancel: "cancel",
};
const BY_SEVERITY: Readonly<Record<string, WarningColour | undefined>> = {
  extreme: "red",
  severe: "orange",
  moderate: "yellow",
  minor: "blue",
};
const CHINESE: readonly (readonly [string, WarningColour])[] = [
  ["红", "red"],
  ["橙", "orange"],
  ["黄", "yellow"],
  ["蓝", "blue"],
];

/** The colour that a parameter or the headline names, which is the one people know; else by CAP's severity. */
function colourOf(info: Info): WarningColour | null {
  const named = [...list(info.parameter), ...list(info.eventCode)]
    .filter(({ valueName }) => /colou?r|level|颜色|等级|severity/i.test(valueName))
    .map(({ value }) => value);
  for (const text of [...named, info.headline ?? ""]) {
    const english = COLOURS.find((colour) => new RegExp(`\\b${colour}\\b`, "i").test(text));
    if (english !== undefined) return english;
    const [, chinese] = CHINESE.find(([word]) => new RegExp(`${word}色`).test(text)) ?? [];
    if (chinese !== undefined) return chinese;
  }
  return BY_SEVERITY[(info.severity ?? "").toLowerCase()] ?? null;
}

function areasOf(areas: readonly Area[]): WarningArea[] | CapProblem {
  if (areas.length > MAX_AREAS) return problem("CAP_TOO_LARGE", `a warning may name ${MAX_AREAS} areas`);
  const out: WarningArea[] = [];
  let points = 0;
  for (const [i, area] of areas.entries()) {
    const polygons: Ring[] = [];
    for (const text of list(area.polygon)) {
      const ring = text.trim().split(/\s+/).map(pointOf);
      points += ring.length;
      if (points > MAX_POINTS) return problem("CAP_TOO_LARGE", `a warning may have ${MAX_POINTS} points`);
      const whole = ring.filter((point) => point !== null);
      if (whole.length !== ring.length || ring.length < 4 || whole[0].join() !== whole[whole.length - 1].join())
        return problem(
          "CAP_INVALID",
          `area ${i + 1}: a polygon is "lat,lon lat,lon ..." with its first point repeated`,
        );
      polygons.push(whole);
    }
    const circles: { lon: number; lat: number; radiusM: number }[] = [];
    for (const text of list(area.circle)) {
      const [centre, radius] = text.trim().split(/\s+/);
      const point = pointOf(centre);
      const km = Number(radius);
      if (point === null || !(km >= 0 && km <= EARTH_KM_MAX))
        return problem("CAP_INVALID", `area ${i + 1}: a circle is "lat,lon km"`);
      circles.push({ lon: point[0], lat: point[1], radiusM: km * 1000 });
    }
    const codes = list(area.geocode)
      .map(({ value }) => value.trim())
      .filter((value) => /^\d{2,12}$/.test(value));
    out.push({ text: (area.areaDesc ?? "").slice(0, 500), polygons, circles, codes });
  }
  return out;
}

/** CAP writes latitude first. */
function pointOf(text: string): readonly [number, number] | null {
  const [lat, lon, ...more] = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return more.length === 0 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lon, lat] : null;
}

function chosen(infos: readonly Info[]): Info | null {
  return infos.find(({ language }) => /^zh/i.test(language ?? "")) ?? infos.at(0) ?? null;
}

function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function timeOf(text: string | undefined): number | null {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? null : ms;
}

function problem(code: CapProblem["code"], message: string): CapProblem {
  return { code, message };
}

function short(text: string): string {
  return text.slice(0, 40);
}
