import Type from "typebox";
import { Value } from "typebox/value";
import { parseDocument } from "yaml";
import { TemplateError } from "../mapping/filters.ts";
import { Template } from "../mapping/template.ts";

const Text = Type.String({ minLength: 1, maxLength: 2000 });
const NoticeFile = Type.Object(
  {
    notice: Type.Literal("v1"),
    tables: Type.Optional(Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()))),
    title: Text,
    lines: Type.Array(Text, { minItems: 1, maxItems: 50 }),
    many: Type.Object({ title: Text, line: Text, more: Text }, { additionalProperties: false }),
  },
  { additionalProperties: false },
);

/** The words of a message to people. */
export interface NoticeTemplate {
  readonly title: Template;
  /** of a message about one event; a line whose placeholders are all empty is left out */
  readonly lines: readonly Template[];
  /** of a message about several: its title, a line an event, and how many it leaves out */
  readonly many: { readonly title: Template; readonly line: Template; readonly more: Template };
}

/** Names beside the event's: number of events in the message, and the console's address of the event ("" = none). */
const NAMES = ["count", "link"];

/** @throws TemplateError, every line of it a problem with its place */
export function readNotice(text: string, file: string, timeZone: string): NoticeTemplate {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new TemplateError(`${file}: ${document.errors[0].message}`);
  const raw: unknown = document.toJS({ maxAliasCount: 10 });
  if (!Value.Check(NoticeFile, raw)) {
    const [first] = Value.Errors(NoticeFile, raw);
    throw new TemplateError(
      `${file}: ${first.instancePath.slice(1).replaceAll("/", ".") || "(root)"}: ${first.message}`,
    );
  }
  const problems: string[] = [];
  const make = (where: string, words: string) => {
    try {
      return new Template(words, { timeZone, tables: raw.tables ?? {}, names: NAMES });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      problems.push(`${file}: ${where}: ${error.message}`);
      return new Template("", { timeZone, tables: {} });
    }
  };
  const notice = {
    title: make("title", raw.title),
    lines: raw.lines.map((line, i) => make(`lines.${i}`, line)),
    many: {
      title: make("many.title", raw.many.title),
      line: make("many.line", raw.many.line),
      more: make("many.more", raw.many.more),
    },
  };
  if (problems.length > 0) throw new TemplateError(problems.join("\n"));
  return notice;
}
