import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { CompiledProfile } from "../compiled.ts";
import { loadText } from "../load.ts";
import { canonicalMetric } from "../metric.ts";

/** What one published unit is in the metric's own, or what the published words mean. */
type Meaning = number | Readonly<Record<string, number | boolean>>;
/** metric -> [published path or paths, meaning]; `a+b` joins two texts, `past.0.a` is of the first earlier sample */
export type Mapping = Readonly<Record<string, readonly [paths?: string | readonly string[], meaning?: Meaning]>>;

/** A device of `testcases/*.yaml`: a codec written from the layout, and where its values stand in the published result. */
export interface Testcase {
  readonly file: string;
  readonly profile: CompiledProfile;
  readonly map: Mapping;
  /** published fields that are not in the frame: names of the decoder, of the maker, of the kind of value */
  readonly ignore: ReadonlySet<string>;
}

interface Part {
  readonly codec?: Readonly<Record<string, unknown>>;
  readonly groups?: unknown;
  readonly items?: unknown;
  readonly map?: Mapping;
  readonly ignore?: readonly string[];
  readonly text?: readonly string[];
}
interface Family extends Part {
  readonly base?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly devices: Readonly<Record<string, Part>>;
}

const FOLDER = join(import.meta.dirname, "../../testcases");

export function testcases(): Testcase[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => {
      const text = readFileSync(join(FOLDER, name), "utf8");
      const family = parse(text, { merge: true, maxAliasCount: -1 }) as Family;
      return Object.entries(family.devices).map(([file, part]) => ({
        file,
        profile: compile(file, family, part),
        map: { ...family.map, ...part.map },
        ignore: new Set([...(family.ignore ?? []), ...(part.ignore ?? [])]),
      }));
    });
}

function compile(file: string, family: Family, part: Part): CompiledProfile {
  const codec = part.codec ?? merged(family, part);
  const texts = new Set([...(family.text ?? []), ...(part.text ?? [])]);
  const title = { zh: "测试", en: "Test" };
  const own = [...namesOf(codec)].filter((n) => canonicalMetric(n) === undefined && n !== "sampled_at" && n[0] !== "_");
  const profile = {
    profile: "v1",
    id: `test/${file.replace(/.*__/, "").replace("_", "-")}@1.0.0`,
    kind: "sensor",
    title,
    transport: { uplink: "raw" },
    metrics: Object.fromEntries(own.map((n) => [n, texts.has(n) ? { type: "text", title } : { unit: "1", title }])),
    codec,
  };
  const loaded = loadText(JSON.stringify(profile), file);
  if (loaded.profile === null)
    throw new Error(`${file}: ${loaded.problems.map((p) => `${p.path}: ${p.message}`).join("\n")}`);
  return loaded.profile.compiled;
}

/** A family's frame with a device's groups or items. */
function merged({ base = {} }: Family, { groups, items }: Part): Readonly<Record<string, unknown>> {
  const content = groups === undefined ? { items } : { groups };
  return Object.fromEntries(Object.entries(base).map(([technique, frame]) => [technique, { ...frame, ...content }]));
}

function namesOf(node: unknown, found = new Set<string>()): Set<string> {
  if (typeof node !== "object" || node === null) return found;
  for (const [key, value] of Object.entries(node))
    if (key === "n" && typeof value === "string") found.add(value);
    else namesOf(value, found);
  return found;
}

/** Every published value by its path; `{value, unit}` and `{data, unit}` are one value. */
export function leaves(node: unknown, path = "", found = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof node !== "object" || node === null) return found.set(path, node);
  const fields = node as Readonly<Record<string, unknown>>;
  for (const wrapper of ["value", "data"])
    if (wrapper in fields && ("unit" in fields || "displayName" in fields)) return found.set(path, fields[wrapper]);
  for (const [key, value] of Object.entries(fields)) leaves(value, path === "" ? key : `${path}.${key}`, found);
  return found;
}

/** Whether a decoded value is what was published, in the metric's unit; numbers to 1e-6 relative. */
export function agrees(found: unknown, published: unknown, meaning: Meaning | undefined): boolean {
  if (typeof meaning === "object") return Number(found) === Number(meaning[String(published)]);
  if (typeof found === "boolean") return found === (published === true || published === 1);
  if (typeof found === "string") return found.toLowerCase() === String(published).toLowerCase();
  if (typeof found !== "number") return false;
  const value = amount(published) * (meaning ?? 1);
  return Math.abs(found - value) <= 1e-6 * Math.max(Math.abs(found), Math.abs(value), 1e-9);
}

/** Numbers that are published as text: "1700 mm", "V1.8", a date dd/mm/yyyy as yyyymmdd. */
function amount(published: unknown): number {
  if (typeof published !== "string") return Number(published);
  const date = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(published);
  if (date !== null) return Number(date[3] + date[2] + date[1]);
  return Number.parseFloat(published.replace(/^V/, ""));
}
