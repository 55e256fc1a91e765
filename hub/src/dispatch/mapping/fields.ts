import { TemplateError } from "./filters.ts";

/** Fields of the cloud event; `null` = a plain value, "any" = whatever is there. */
type Fields = { readonly [name: string]: Fields | null | "any" | readonly [Fields | null | "any"] };

const TITLES: Fields = { zh: null, en: null };
const CELL: Fields = { id: null, name: null, level: null, codes: "any" };

/** What `plan-outbox.ts` writes. A test renders every one of them. */
export const EVENT_FIELDS: Fields = {
  specversion: null,
  id: null,
  source: null,
  type: null,
  subject: null,
  time: null,
  datacontenttype: null,
  data: {
    event: null,
    revision: null,
    kind: null,
    title: TITLES,
    code: { class: null, name: null, provisional: null },
    group: null,
    severity: null,
    sensing: null,
    handling: null,
    late: null,
    about: null,
    device: { uid: null, title: null },
    grid: { id: null, match: null, version: null, path: [CELL] },
    position: { lon: null, lat: null, datum: null },
    opened: null,
    updated: null,
    cleared: null,
    occurrences: null,
    source: null,
    transition: { what: null, who: null, note: null, departments: [null] },
    evidence: "any",
    media: [null],
  },
};

/** A path that can never give a value is a mistake that is better found before the first event. @throws TemplateError */
export function checkPath(steps: readonly (string | number)[], text: string, names: readonly string[]): void {
  if (typeof steps[0] === "string" && names.includes(steps[0])) return;
  let at: Fields[string] = EVENT_FIELDS;
  let walked = "the event";
  for (const step of steps) {
    if (at === "any") return;
    if (at === null) throw new TemplateError(`${text}: ${walked} is a plain value`);
    if (Array.isArray(at)) {
      if (typeof step !== "number") throw new TemplateError(`${text}: ${walked} is a list; write ${walked}[0].${step}`);
      at = (at as readonly [Fields | null | "any"])[0];
    } else {
      const fields = at as Fields;
      if (typeof step === "number") throw new TemplateError(`${text}: ${walked} is no list`);
      if (!Object.hasOwn(fields, step))
        throw new TemplateError(`${text}: ${walked} has no "${step}"; it has ${Object.keys(fields).join(", ")}`);
      at = fields[step];
    }
    walked =
      walked === "the event" ? String(step) : typeof step === "number" ? `${walked}[${step}]` : `${walked}.${step}`;
  }
}
