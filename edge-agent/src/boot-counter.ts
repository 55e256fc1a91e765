import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { randomInt } from "node:crypto";

/** 2025-01-01: a clock before it was never set. */
const CLOCK_IS_SET = 1_735_689_600_000;

/**
 * The boot number that follows `known` and the one kept in `file` (a copy beside the spool, so that a damaged spool cannot make
 * the count begin anew: a repeated (boot, seq) would be taken for a duplicate). Without either it begins with the time in seconds,
 * above whatever a lost disk had counted; without a clock it begins at a random number of about that size.
 */
export function nextBoot(file: string, known: number, now: number): number {
  const last = Math.max(known, readBoot(file));
  if (last > 0) return last + 1;
  return now >= CLOCK_IS_SET ? Math.floor(now / 1000) : CLOCK_IS_SET / 1000 + randomInt(2 ** 24);
}

function readBoot(file: string): number {
  try {
    const value = Number(readFileSync(file, "utf8").trim());
    return Number.isSafeInteger(value) && value > 0 ? value : 0;
  } catch {
    return 0; // absent or unreadable: the spool's own count stands
  }
}

/** Writes the copy; all or nothing. @throws what the file system says */
export function writeBoot(file: string, boot: number): void {
  const fresh = `${file}.new`;
  const handle = openSync(fresh, "w", 0o600);
  try {
    writeSync(handle, `${boot}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(fresh, file);
}
