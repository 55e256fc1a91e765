import { Compile, type Validator } from "typebox/compile";
import { Settings } from "typebox/system";
import { Value } from "typebox/value";
import { closest } from "./metric.ts";
import type { Path, Report } from "./problem.ts";
import { ProfileSchema } from "./profile.ts";

interface SchemaNode {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly [key: string]: unknown;
}

const ROOT = ProfileSchema as unknown as SchemaNode;

// Made at the first profile: compiling the schema costs far less than interpreting it for each of some dozen profiles.
let compiled: Validator | null = null;

/** Checks a parsed file against the schema and reports in the author's words what does not fit. */
export function checkShape(value: unknown, report: Report): void {
  compiled ??= Compile(ProfileSchema);
  if (compiled.Check(value)) return;
  const errors = collect(value);
  // A union reports every branch it tried; only what lies deepest below it says something.
  const useful = errors.filter(
    (e) =>
      e.keyword !== "additionalProperties" &&
      e.keyword !== "not" &&
      !(isBranch(e.keyword) && errors.some((o) => o !== e && o.instancePath.startsWith(`${e.instancePath}/`))),
  );
  const said = new Set<string>();
  for (const path of new Set(useful.map((e) => e.instancePath))) {
    const here = useful.filter((e) => e.instancePath === path);
    const messages = here.filter((e) => e.keyword !== "anyOf" || here.length === 1).map((e) => describe(e, value));
    const message = [...new Set(messages)].join("; or ");
    if (said.has(path + message)) continue;
    said.add(path + message);
    report(toPath(path, value), message);
  }
  // an error that every filter above removed must still be one
  if (said.size === 0) report([], errors[0]?.message ?? "does not fit the schema of profiles");
}

interface ShapeError {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function collect(value: unknown): ShapeError[] {
  const before = Settings.Get().maxErrors;
  Settings.Set({ maxErrors: 200 });
  try {
    return [...Value.Errors(ProfileSchema, value)] as ShapeError[];
  } finally {
    Settings.Set({ maxErrors: before });
  }
}

function isBranch(keyword: string): boolean {
  return keyword === "anyOf" || keyword === "type" || keyword === "required";
}

function describe(e: ShapeError, value: unknown): string {
  const params = e.params as Readonly<Record<string, unknown>>;
  const found = show(lookUp(value, e.instancePath));
  switch (e.keyword) {
    case "required":
      return `missing: ${(params.requiredProperties as string[]).join(", ")}`;
    case "boolean": {
      const name = unescape(e.instancePath.slice(e.instancePath.lastIndexOf("/") + 1));
      const known = Object.keys(parentSchema(e.schemaPath)?.properties ?? {});
      if (known.length === 0) return `"${name}" is not a valid key here`;
      const near = closest(name, known);
      return `unknown field${near === null ? ";" : `; did you mean "${near}"?`} known here: ${known.join(", ")}`;
    }
    case "enum":
      return `expected one of ${(params.allowedValues as unknown[]).join(", ")}, found ${found}`;
    case "type":
      return `expected ${String(params.type)}, found ${found}`;
    case "pattern":
      return `${patternWords(String(params.pattern))}, found ${found}`;
    default:
      return `${e.message}, found ${found}`;
  }
}

/** Patterns in words; they are told apart by an example of what they accept. */
function patternWords(pattern: string): string {
  const re = new RegExp(pattern);
  if (re.test("10m") && re.test("1h30m")) return "expected a duration such as 90s, 10m, 6h or 2d";
  if (re.test("maker/model@1.2.3")) return "expected maker/model@1.2.3 in lower case";
  if (re.test("hydrant.low_pressure")) return "expected an event kind such as hydrant.low_pressure";
  if (re.test("2 of 3")) return "expected M of N, e.g. 2 of 3";
  if (re.test("0.3/1m")) return "expected a change per time, e.g. 0.3/1m";
  if (re.test("68 01")) return "expected bytes in hex, in quotes";
  if (re.test("a.b[0]")) return "expected a path such as data.values[0].level";
  if (re.test("low_pressure")) return "expected a name of lower-case letters, digits and _";
  return `expected text that matches ${pattern}`;
}

function parentSchema(schemaPath: string): SchemaNode | null {
  const steps = schemaPath.split("/").slice(1, -1).map(unescape);
  let node: SchemaNode | undefined = resolve(ROOT);
  for (let i = 0; i < steps.length && node !== undefined; i++) {
    // a pattern may itself hold slashes: try to join the steps that follow
    let key = steps[i];
    while (!Object.hasOwn(node, key) && i + 1 < steps.length) key += `/${steps[++i]}`;
    node = resolve(node[key] as SchemaNode | undefined);
  }
  return node ?? null;
}

function resolve(node: SchemaNode | undefined): SchemaNode | undefined {
  return node?.$ref === undefined ? node : resolve(ROOT.$defs?.[node.$ref]);
}

function toPath(pointer: string, value: unknown): Path {
  const path: (string | number)[] = [];
  let node = value;
  for (const step of pointer.split("/").slice(1).map(unescape)) {
    path.push(Array.isArray(node) ? Number(step) : step);
    node = (node as Record<string, unknown> | undefined)?.[step];
  }
  return path;
}

function lookUp(value: unknown, pointer: string): unknown {
  let node = value;
  for (const step of pointer.split("/").slice(1).map(unescape))
    node = (node as Record<string, unknown> | undefined)?.[step];
  return node;
}

function unescape(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

function show(x: unknown): string {
  if (Array.isArray(x)) return "a list";
  if (typeof x === "object" && x !== null) return "a mapping";
  return (JSON.stringify(x) ?? "nothing").slice(0, 60);
}
