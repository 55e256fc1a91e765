import { duration, exact, measure, value } from "../format.ts";
import { coded, isFlag, isWord, type Lang, word } from "../words/words.ts";
import type { Evidence } from "./evidence.ts";
import { flag, ruleSteps, sign } from "./rule-steps.ts";

/** A row of the event panel, in words. `lines` has more than one where the fact is a list. */
export interface Fact {
  readonly key: string;
  readonly label: string;
  readonly lines: readonly string[];
}

// `boot` is the edge's own number of its start: it tells a reader nothing
const SHOWN_ELSEWHERE = new Set(["frames", "metric", "value", "limit", "unit", "op", "trace", "boot", "clip"]);
const CODED: Readonly<Record<string, string>> = {
  reason: "reason",
  why: "reason",
  state: "health",
  located: "located",
  unlocated: "unlocated",
  stage: "stage",
  colour: "colour",
};
const TIMES = new Set(["since", "lastSeen", "from", "until"]);
const UNITS: Readonly<Record<string, string>> = { sog: "kn", cog: "°", bearing: "°", errorM: "m" };

/** Everything the evidence says beside pictures and chart. A key that no dictionary knows is shown as it is. */
export function factsOf(evidence: Evidence, lang: Lang): Fact[] {
  const facts: Fact[] = [];
  const add = (key: string, ...lines: string[]) => {
    if (lines.length > 0 && lines[0] !== "") facts.push({ key, label: coded(lang, "fact", key), lines });
  };
  const steps = Array.isArray(evidence.trace) ? ruleSteps(evidence.trace, lang) : [];
  if (steps.length > 0) add("because", ...steps);
  else measured(evidence, lang, add);
  if (isObject(evidence.trace)) seen(evidence.trace, lang, add);
  for (const [key, v] of Object.entries(evidence)) {
    if (SHOWN_ELSEWHERE.has(key) || v == null || v === "") continue;
    // the box in the picture; an area at sea has a name
    if (key === "area" && Array.isArray(v)) continue;
    // it was the only one that saw it
    if (key === "cameras" && Array.isArray(v) && v.length < 2) continue;
    // raised at once: "held for 0 s" says nothing
    if (key === "heldMs" && Number(v) < 1000) continue;
    // the steps name every metric that they compare
    if (key === "metrics" && steps.length > 0) continue;
    add(key, ...linesOf(key, v, lang));
  }
  return facts;
}

type Add = (key: string, ...lines: string[]) => void;

/** Value and limit of an evidence that has no trace. */
function measured({ metric, value: found, limit, unit: ucum, op }: Evidence, lang: Lang, add: Add): void {
  if (ucum === "ms" && typeof limit === "number") return add("silence", duration(limit, lang));
  if (typeof metric === "string" && isFlag(metric) && typeof found === "number") {
    return add("value", flag(found, lang));
  }
  const text = (n: number) => measure(n, typeof ucum === "string" ? ucum : "");
  if (typeof found === "number" && typeof limit === "number") {
    add("measured", `${text(found)} (${op === undefined ? "" : `${sign(op)} `}${value(limit, 4)})`);
  } else if (typeof found === "number") add("value", text(found));
  else if (typeof limit === "number") add("limit", text(limit));
}

/** What a detector saw, and what its recipe wanted to see. */
function seen(trace: Evidence, lang: Lang, add: Add): void {
  const roles = Array.isArray(trace.roles) ? trace.roles.filter(isObject) : [];
  add(
    "seen",
    ...roles.map(({ label, score, stayMs }) => {
      const stay = typeof stayMs === "number" && stayMs >= 1000 ? duration(stayMs, lang) : "";
      const name = `${coded(lang, "label", String(label))} ${typeof score === "number" ? score.toFixed(2) : ""}`;
      return stay === "" ? name : `${name} · ${word(lang, "fact.stayed", { t: stay })}`;
    }),
  );
  const [, m, n] = /^(\d+) of (\d+)$/u.exec(String(trace.votes ?? "")) ?? [];
  if (m !== undefined && n !== undefined) add("votes", word(lang, "fact.ofVotes", { m, n }));
  if (typeof trace.dwellNeededMs === "number" && trace.dwellNeededMs > 0)
    add("dwellNeededMs", duration(trace.dwellNeededMs, lang));
  if (typeof trace.zone === "string") add("zone", zoneText(trace.zone, lang));
  if (typeof trace.hours === "string") add("hours", coded(lang, "hours", trace.hours));
}

/** Corners of an area of the picture say nothing to a reader; how many there are does. */
export function zoneText(zone: string, lang: Lang): string {
  if (isWord(`zone.${zone}`)) return coded(lang, "zone", zone);
  const corners = zone.trim().split(/\s+/u);
  const drawn = corners.length > 2 && corners.every((c) => /^[\d.]+,[\d.]+$/u.test(c));
  return drawn ? word(lang, "zone.drawn", { n: corners.length }) : zone;
}

function linesOf(key: string, v: unknown, lang: Lang): string[] {
  const prefix = CODED[key];
  if (prefix !== undefined && typeof v === "string") return [coded(lang, prefix, v)];
  if (key === "code" && typeof v === "string") return [coded(lang, "fault", v)];
  if (key === "zone" && typeof v === "string") return [zoneText(v, lang)];
  if (key === "metrics" && Array.isArray(v)) return [v.map((m) => coded(lang, "metric", String(m))).join(" · ")];
  if (key === "centre" && Array.isArray(v)) return [position(v)];
  if (key === "nearby" && Array.isArray(v)) return v.filter(isObject).slice(0, 6).map(neighbour);
  if (key === "calibration" && isObject(v)) {
    const version = word(lang, "cal.version", { n: Number(v.version) });
    return [typeof v.preset === "string" && v.preset !== "" ? `${version} · ${v.preset}` : version];
  }
  if (key === "counted" && isObject(v)) return [word(lang, "counted", numbersOf(v))];
  if (key === "beside" && isObject(v)) return [beside(v, lang)];
  if (typeof v === "number") return [number(key, v, lang)];
  if (typeof v === "boolean") return [flag(v, lang)];
  return [textOf(v)];
}

function number(key: string, v: number, lang: Lang): string {
  if (TIMES.has(key)) return exact(v);
  if (key.endsWith("Ms")) return duration(v, lang);
  if (key.endsWith("Nm")) return `${v.toFixed(2)} NM`;
  // an identifier, not a quantity
  if (key === "mmsi") return String(v);
  if (key === "cog") return `${v.toFixed(0).padStart(3, "0")}°`;
  return `${value(v, 4)} ${UNITS[key] ?? ""}`.trim();
}

/** [lon, lat] as people read it. */
function position([lon, lat]: readonly unknown[]): string {
  const degrees = (d: unknown, [plus, minus]: [string, string]) =>
    `${Math.abs(Number(d)).toFixed(4)}° ${Number(d) < 0 ? minus : plus}`;
  return `${degrees(lat, ["N", "S"])}, ${degrees(lon, ["E", "W"])}`;
}

function neighbour({ name, mmsi, distanceNm }: Evidence): string {
  const who = typeof name === "string" && name !== "" ? name : String(mmsi);
  return typeof distanceNm === "number" ? `${who} · ${distanceNm.toFixed(2)} NM` : who;
}

function numbersOf(v: Evidence): Record<string, number> {
  return Object.fromEntries(Object.entries(v).map(([key, n]) => [key, Number(n)]));
}

/** The registered device that something stands at, and by what that is known. */
function beside({ device, title, metres, errorM, by, why }: Evidence, lang: Lang): string {
  const what = typeof title === "string" && title !== "" ? `${title} (${String(device)})` : String(device);
  const near = { what, m: value(Number(metres), 2), e: value(Number(errorM), 2) };
  if (by === "place") return word(lang, "beside.place", near);
  const reason = coded(lang, "unlocated", String(why));
  return word(lang, typeof device === "string" ? "beside.zoneOf" : "beside.zone", { ...near, why: reason });
}

function isObject(v: unknown): v is Evidence {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}

/** As it is; nested objects as JSON, cut short. */
function textOf(v: unknown): string {
  if (Array.isArray(v) && v.every((x) => typeof x !== "object")) return v.map(String).join(", ");
  if (typeof v !== "object") return String(v);
  const text = JSON.stringify(v);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
