/**
 * Why the spool did not take records. `too_large`: one record alone exceeds the contract's envelope, sending it again is of no use.
 * The others are the environment's fault: the sender keeps its data and tries again.
 */
export type SpoolFault = "too_large" | "disk" | "closed" | "damaged";

export class SpoolError extends Error {
  override readonly name = "SpoolError";
  readonly code: SpoolFault;

  constructor(code: SpoolFault, message: string) {
    super(message);
    this.code = code;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, extended codes included (sqlite.org/rescode.html). */
export function isDamage(error: unknown): boolean {
  if (error instanceof SpoolError) return error.code === "damaged";
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" && ((code & 0xff) === 11 || (code & 0xff) === 26);
}
