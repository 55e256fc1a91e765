import { offsetAt } from "../local-offset.ts";

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/**
 * A moment of a query: ms UTC as digits, or a day (`2026-11-22`) = its midnight where the hub stands.
 * @returns null where it is neither
 */
export function momentOf(text: string, timeZone: string): number | null {
  if (/^\d{1,16}$/.test(text)) return Number(text) <= 8.64e15 ? Number(text) : null;
  const match = DATE.exec(text);
  if (match === null) return null;
  const [year, month, day] = match.slice(1).map(Number);
  const utc = Date.UTC(year, month - 1, day);
  if (new Date(utc).getUTCDate() !== day || month > 12) return null;
  const guess = utc - offsetAt(utc, timeZone);
  // where the clocks change that night, midnight has the offset that holds then
  return utc - offsetAt(guess, timeZone);
}
