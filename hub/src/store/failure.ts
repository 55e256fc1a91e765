import { HubError } from "../errors.ts";
import { RowRefused } from "./store.ts";

/** SQLSTATE of a server's answer; null for everything that happened on this side (socket, time-out). */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^(?!E)[0-9A-Z]{5}$/.test(code) ? code : null;
}

/**
 * Sorts what went wrong by blame (SQLSTATE classes, PostgreSQL manual appendix A):
 * 22 data exception, 23 integrity constraint, 54 program limit (a value too long for its index) -> {@link RowRefused};
 * 42 without 42501 (our SQL is wrong) -> as it is, a bug;
 * everything else (08, 53, 55, 57, 58, 40, XX, sockets, time-outs) -> HubError DB_UNAVAILABLE.
 */
export function blame(error: unknown): Error {
  if (error instanceof HubError || error instanceof RowRefused) return error;
  const state = sqlState(error);
  const message = error instanceof Error ? error.message : String(error);
  if (state === null) {
    // a TypeError and its kin is ours, not the network's
    if (error instanceof Error && error.constructor !== Error && !("code" in error)) return error;
    return new HubError("DB_UNAVAILABLE", message, { cause: error });
  }
  if (/^(22|23|54)/.test(state)) return new RowRefused(state, message);
  if (state.startsWith("42") && state !== "42501" && error instanceof Error) return error;
  return new HubError("DB_UNAVAILABLE", `${message} (${state})`, { cause: error });
}

/** Awaits and sorts the failure. */
export async function blaming<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw blame(error);
  }
}
