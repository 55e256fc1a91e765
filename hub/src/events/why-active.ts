import type { GridEvent } from "../event.ts";
import { isReported } from "./reported.ts";

export interface ActiveReason {
  /**
   * finding = its source raised it and has not taken it back; parts = some of its findings go on; history = an all-clear of the
   * past is awaited; report = a person reported it and it is not dealt with
   */
  readonly code: "finding" | "parts" | "history" | "report";
  /** what goes on, `kind subject (source)` */
  readonly detail: readonly string[];
}

/** Why an event is active; null = it is not. */
export function whyActive(event: Readonly<GridEvent>): ActiveReason | null {
  if (event.sensing !== "active") return null;
  const say = (of: { readonly kind: string; readonly subject: string; readonly source: string }) =>
    `${of.kind} ${of.subject} (${of.source})`;
  if (event.late) return { code: "history", detail: [say(event)] };
  const { parts } = event.life;
  if (parts === undefined) return { code: isReported(event) ? "report" : "finding", detail: [say(event)] };
  return { code: "parts", detail: parts.filter(({ active }) => active).map(say) };
}
