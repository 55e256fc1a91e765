import type { AreaBody } from "../grid-api.ts";
import { geometryOf } from "../../map/shape-geojson.ts";
import type { Shape } from "../../map/shape.ts";

// The fields of an area as people fill them in, and back.

export const KINDS = ["no_go", "closed_season", "aquaculture", "working_area", "speed_limit", "harbour", "shelter", "ground"] as const; // prettier-ignore
/** Gear as rosters usually call it; any other word of a roster can be typed. */
export const GEAR = ["trawl", "stow_net", "gill_net", "trap", "light_seine", "line"] as const;
export type AreaKind = AreaBody["kind"];

export interface Span {
  readonly from: string;
  readonly to: string;
}
/** "" = not set */
export interface AreaForm {
  name: string;
  parent: string;
  kind: AreaKind;
  severity: string;
  gear: string;
  allow: string[];
  formations: string[];
  dates: Span[];
  hours: Span[];
  weekdays: number[];
  transitKn: number | null;
  limitKn: number | null;
  toleranceM: number | null;
  /** ms UTC */
  validFrom: number | null;
  validTo: number | null;
  reportVisits: boolean;
  synthetic: boolean;
}

/** Which fields a kind asks for; what it does not ask for is not sent. */
const ASKS: Readonly<Partial<Record<AreaKind, readonly (keyof AreaForm)[]>>> = {
  ground: [],
  harbour: ["severity", "reportVisits"],
  shelter: ["severity", "reportVisits"],
  working_area: ["severity", "formations", "transitKn", "toleranceM", "dates", "hours", "weekdays", "validFrom"],
  speed_limit: ["severity", "limitKn", "gear", "allow", "toleranceM", "dates", "hours", "weekdays", "validFrom"],
};
const USUAL: readonly (keyof AreaForm)[] = ["severity", "gear", "allow", "transitKn", "toleranceM", "dates", "hours", "weekdays", "validFrom"]; // prettier-ignore

export function asks(kind: AreaKind, field: keyof AreaForm): boolean {
  return (ASKS[kind] ?? USUAL).includes(field);
}

export function emptyForm(parent: string): AreaForm {
  return { name: "", parent, kind: "no_go", severity: "", gear: "", allow: [], formations: [], dates: [], hours: [], weekdays: [], transitKn: null, limitKn: null, toleranceM: null, validFrom: null, validTo: null, reportVisits: false, synthetic: false }; // prettier-ignore
}

export function formOf(body: AreaBody): AreaForm {
  return {
    name: body.name,
    parent: body.parent,
    kind: body.kind,
    severity: body.severity === undefined ? "" : String(body.severity),
    gear: (body.gear ?? []).join(", "),
    allow: [...(body.allow ?? [])],
    formations: [...(body.formations ?? [])],
    dates: [...(body.dates ?? [])],
    hours: [...(body.hours ?? [])],
    weekdays: [...(body.weekdays ?? [])],
    transitKn: body.transitKn ?? null,
    limitKn: body.limitKn ?? null,
    toleranceM: body.toleranceM ?? null,
    validFrom: body.validFrom ?? null,
    validTo: body.validTo ?? null,
    reportVisits: body.reportVisits ?? false,
    synthetic: body.synthetic ?? false,
  };
}

/** What is sent: without what is empty, half filled in, or not asked for by the kind. */
export function bodyOf(form: AreaForm, shape: Shape): AreaBody {
  const asked = (field: keyof AreaForm) => asks(form.kind, field);
  const gear = words(form.gear);
  const list = <T>(field: keyof AreaForm, items: readonly T[]) => (asked(field) && items.length > 0 ? [...items] : undefined); // prettier-ignore
  const number = (field: keyof AreaForm, n: number | null) => (asked(field) && n !== null ? n : undefined);
  const whole = ({ from, to }: Span) => from !== "" && to !== "";
  const optional = {
    severity: asked("severity") && form.severity !== "" ? (Number(form.severity) as 1 | 2 | 3 | 4) : undefined,
    gear: list("gear", gear),
    allow: list("allow", form.allow),
    formations: list("formations", form.formations),
    dates: list("dates", form.dates.filter(whole)),
    hours: list("hours", form.hours.filter(whole)),
    weekdays: list("weekdays", form.weekdays.toSorted()),
    transitKn: number("transitKn", form.transitKn),
    limitKn: number("limitKn", form.limitKn),
    toleranceM: number("toleranceM", form.toleranceM),
    validFrom: number("validFrom", form.validFrom),
    validTo: number("validFrom", form.validTo),
    reportVisits: asked("reportVisits") && form.reportVisits ? true : undefined,
    synthetic: form.synthetic ? true : undefined,
  };
  return {
    name: form.name.trim(),
    parent: form.parent,
    kind: form.kind,
    geometry: geometryOf(shape) as AreaBody["geometry"],
    ...(Object.fromEntries(Object.entries(optional).filter(([, v]) => v !== undefined)) as Partial<AreaBody>),
  };
}

/** "crab pot, trawl" -> ["crab pot", "trawl"]; Chinese separators too. */
export function words(text: string): string[] {
  return [...new Set(text.split(/[,,、;;]+/u).map((w) => w.trim()).filter((w) => w !== ""))]; // prettier-ignore
}

/** Fields that differ, in the order of the form; the border is "geometry". */
export function differences(before: AreaBody | null, after: AreaBody): (keyof AreaBody)[] {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])] as (keyof AreaBody)[];
  return keys.filter((key) => JSON.stringify(before?.[key]) !== JSON.stringify(after[key]));
}

/** What keeps it from being saved before the hub is asked: the field, in the order of the form. */
export function missingIn(
  form: AreaForm,
  shape: Shape,
): ("shape" | "name" | "parent" | "limitKn" | "formations" | "validTo")[] {
  // prettier-ignore
  return [
    ...(shape.length === 0 ? (["shape"] as const) : []),
    ...(form.name.trim() === "" ? (["name"] as const) : []),
    ...(form.parent === "" ? (["parent"] as const) : []),
    ...(form.kind === "speed_limit" && form.limitKn === null ? (["limitKn"] as const) : []),
    ...(form.kind === "working_area" && form.formations.length === 0 ? (["formations"] as const) : []),
    ...(form.validFrom !== null && form.validTo !== null && form.validTo <= form.validFrom ? (["validTo"] as const) : []), // prettier-ignore
  ];
}
