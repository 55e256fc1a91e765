import { exact } from "../format.ts";

// Fields of date and time speak Asia/Shanghai as the rest of the console does, wherever the browser stands. No summer time there.

/** "2026-11-22T11:04" of ms UTC */
export function toField(ts: number): string {
  return exact(ts).slice(0, 16).replace(" ", "T");
}

/** ms UTC of a field; null where it is empty or no time */
export function fromField(field: string): number | null {
  const ts = Date.parse(`${field}:00+08:00`);
  return Number.isNaN(ts) ? null : ts;
}
