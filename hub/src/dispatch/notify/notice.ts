import type { Escape, Template } from "../mapping/template.ts";
import type { OutboxItem } from "../outbox.ts";
import type { NotifierTarget } from "../target.ts";
import { severityOf } from "./hold.ts";

export interface Notice {
  /** as it is, one line */
  readonly title: string;
  /** escaped */
  readonly lines: readonly string[];
}

/** Events that a message about several names one by one. */
const MAX_NAMED = 20;

/**
 * One message for all that waits: of each event only its newest state, the most severe first. @param escape takes the meaning of
 * the receiver's markup away from what devices and people wrote
 */
export function noticeOf(target: NotifierTarget, items: readonly OutboxItem[], escape: Escape): Notice {
  const newest = new Map<string, OutboxItem>();
  for (const item of items) {
    const known = newest.get(item.eventId);
    if (known === undefined || item.revision > known.revision) newest.set(item.eventId, item);
  }
  const rows = [...newest.values()].sort((a, b) => severityOf(a) - severityOf(b) || a.id - b.id);
  const { title, lines, many } = target.notice;
  const textOf = (template: Template, words: Readonly<Record<string, unknown>>) =>
    template.text(words, (text) => (text === words.link ? text : escape(text)));
  const scope = (item: OutboxItem, count: number) => ({
    ...(item.body as Readonly<Record<string, unknown>>),
    count,
    link: target.consoleUrl === "" ? "" : `${target.consoleUrl.replace(/\/$/, "")}/#/events/${item.eventId}`,
  });
  if (rows.length === 1) {
    const only = scope(rows[0], 1);
    return {
      title: oneLine(title.text(only)),
      lines: lines.filter((line) => !line.isEmpty(only)).map((line) => textOf(line, only)),
    };
  }
  const worst = scope(rows[0], rows.length);
  const named = rows.slice(0, MAX_NAMED).map((row) => textOf(many.line, scope(row, rows.length)));
  const left = rows.length - named.length;
  return {
    title: oneLine(many.title.text(worst)),
    lines: left > 0 ? [...named, textOf(many.more, { ...worst, count: left })] : named,
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 200);
}
