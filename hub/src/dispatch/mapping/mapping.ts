import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { parseDocument } from "yaml";
import { TemplateError, type TemplateTables } from "./filters.ts";
import { plain, Template, type TemplateContext } from "./template.ts";

const Words = Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), { minItems: 1, maxItems: 100 });
const MappingFile = Type.Object(
  {
    mapping: Type.Literal("v1"),
    title: Type.Optional(Type.String({ maxLength: 200 })),
    content_type: Type.Optional(Type.String({ pattern: "^[\\w.+-]+/[\\w.+-]+(; ?[\\w-]+=[\\w-]+)*$" })),
    headers: Type.Optional(Type.Record(Type.String({ pattern: "^[A-Za-z0-9-]{1,64}$" }), Type.String())),
    tables: Type.Optional(Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()))),
    body: Type.Unknown(),
    answer: Type.Optional(
      Type.Object(
        { path: Type.String({ minLength: 1 }), ok: Words, refused: Type.Optional(Words) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

type Scope = Readonly<Record<string, unknown>>;
type Render = (scope: Scope) => unknown;

/** What a platform's answer with status 2xx says, where it says more in its body. */
export interface AnswerRule {
  /** names from the root of the JSON body */
  readonly path: readonly string[];
  readonly ok: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
}

/** A platform's own body, made of a cloud event. */
export interface Mapping {
  readonly contentType: string;
  readonly headers: ReadonlyMap<string, Template>;
  readonly answer: AnswerRule | null;
  /** JSON text, or form fields where the content type is application/x-www-form-urlencoded */
  body(event: Scope): string;
}

const MISSING = Symbol("left out");
const MAX_DEPTH = 20;

/**
 * Reads a mapping file. Texts are templates; `{$when: path, ...}` leaves an object out while the path is empty; `{$each: path,
 * $body: ...}` makes a list, with `item` for the element. @throws TemplateError, every line of it a problem with its place
 */
export function readMapping(text: string, file: string, timeZone: string): Mapping {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) throw new TemplateError(`${file}: ${document.errors[0].message}`);
  const raw: unknown = document.toJS({ maxAliasCount: 10 });
  if (!Value.Check(MappingFile, raw)) {
    const lines = [...Value.Errors(MappingFile, raw)].filter(({ keyword }) => keyword !== "boolean").slice(0, 10);
    const problems = lines.map(({ instancePath, message, params }) => {
      const extra = (params as { additionalProperties?: readonly string[] }).additionalProperties;
      const where = instancePath.slice(1).replaceAll("/", ".") || "(root)";
      return `${file}: ${where}: ${extra === undefined ? message : `unknown key ${extra.join(", ")}`}`;
    });
    throw new TemplateError(problems.join("\n"));
  }
  return compile(raw, file, timeZone);
}

function compile(raw: Static<typeof MappingFile>, file: string, timeZone: string): Mapping {
  const problems: string[] = [];
  const tables: TemplateTables = raw.tables ?? {};
  const context: TemplateContext = { timeZone, tables };
  const body = compileNode(raw.body, "body", context, problems, 0);
  const headers = new Map<string, Template>();
  for (const [name, value] of Object.entries(raw.headers ?? {})) {
    if (/^(host|content-length|content-type|connection|transfer-encoding|gridhub-signature|ce-.*)$/i.test(name))
      problems.push(`headers.${name}: is set by the hub`);
    const template = attempt(value, `headers.${name}`, context, problems);
    if (template !== null) headers.set(name.toLowerCase(), template);
  }
  const contentType = raw.content_type ?? "application/json; charset=utf-8";
  const isForm = contentType.startsWith("application/x-www-form-urlencoded");
  if (isForm && (typeof raw.body !== "object" || raw.body === null || Array.isArray(raw.body)))
    problems.push("body: a form needs a map of fields");
  if (problems.length > 0) throw new TemplateError(problems.map((problem) => `${file}: ${problem}`).join("\n"));
  const { answer } = raw;
  return {
    contentType,
    headers,
    answer:
      answer === undefined
        ? null
        : {
            path: answer.path.split("."),
            ok: new Set(answer.ok.map(String)),
            refused: new Set((answer.refused ?? []).map(String)),
          },
    body(event) {
      const value = body(event);
      const made = value === MISSING ? null : value;
      if (isForm)
        return new URLSearchParams(
          Object.entries(made as object).map(([k, v]): [string, string] => [k, plain(v)]),
        ).toString();
      return typeof made === "string" && !contentType.includes("json") ? made : JSON.stringify(made);
    },
  };
}

function attempt(text: string, where: string, context: TemplateContext, problems: string[]): Template | null {
  try {
    return new Template(text, context);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.push(`${where}: ${error.message}`);
    return null;
  }
}

function compileNode(
  node: unknown,
  where: string,
  context: TemplateContext,
  problems: string[],
  depth: number,
): Render {
  if (depth > MAX_DEPTH) {
    problems.push(`${where}: nested deeper than ${MAX_DEPTH}`);
    return () => null;
  }
  const inner = (child: unknown, key: string, ctx = context) =>
    compileNode(child, `${where}.${key}`, ctx, problems, depth + 1);
  if (typeof node === "string") {
    const template = attempt(node, where, context, problems);
    return (scope) => template?.value(scope) ?? null;
  }
  if (Array.isArray(node)) {
    const items = node.map((item, i) => inner(item, String(i)));
    return (scope) => items.map((item) => item(scope)).filter((item) => item !== MISSING);
  }
  if (typeof node !== "object" || node === null) return () => node;
  const { $each, $body, $when, ...rest } = node as Record<string, unknown>;
  const odd = Object.keys(rest).find((key) => key.startsWith("$"));
  if (odd !== undefined) problems.push(`${where}: there is no ${odd}; there are $each with $body, and $when`);
  if ($each !== undefined) return compileEach($each, $body, where, context, problems, inner);
  const when = $when === undefined ? null : path($when, `${where}.$when`, context, problems);
  const fields = Object.entries(rest).map(([key, child]) => [key, inner(child, key)] as const);
  return (scope) => {
    if (when !== null && plain(when.value(scope)) === "") return MISSING;
    const out: Record<string, unknown> = {};
    for (const [key, render] of fields) {
      const value = render(scope);
      if (value !== MISSING) Object.defineProperty(out, key, { value, enumerable: true, writable: true });
    }
    return out;
  };
}

function compileEach(
  each: unknown,
  body: unknown,
  where: string,
  context: TemplateContext,
  problems: string[],
  inner: (child: unknown, key: string, context: TemplateContext) => Render,
): Render {
  if (body === undefined) problems.push(`${where}: $each needs $body`);
  const of = path(each, `${where}.$each`, context, problems);
  const render = inner(body, "$body", { ...context, names: [...(context.names ?? []), "item"] });
  return (scope) => {
    const items = of?.value(scope);
    if (!Array.isArray(items)) return [];
    return items.map((item: unknown) => render({ ...scope, item })).filter((item) => item !== MISSING);
  };
}

/** `$each: data.media`: a path without braces. */
function path(value: unknown, where: string, context: TemplateContext, problems: string[]): Template | null {
  if (typeof value === "string") return attempt(`{${value}}`, where, context, problems);
  problems.push(`${where}: expected a path`);
  return null;
}
