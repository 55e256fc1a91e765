import { ERRORS, HubError } from "../errors.ts";
import { RowRefused } from "../store/store.ts";
import type { ApiError } from "./schema.ts";

/** An answer that is not 2xx. `code` is stable: programs and the console's dictionaries go by it. */
export class ApiFailure extends Error {
  readonly statusCode: number;
  readonly code: string;
  readonly advice: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    code: string,
    message: string,
    more: { readonly advice?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = "ApiFailure";
    this.statusCode = statusCode;
    this.code = code;
    this.advice = more.advice;
    this.headers = more.headers ?? {};
  }
}

export function notFound(what: string): ApiFailure {
  return new ApiFailure(404, "NOT_FOUND", `no such ${what}`, { advice: "Deleted, or outside your grids." });
}

/** Codes of Fastify that a client can cause, under our names; the list is short because its parsers are few. */
const OF_FASTIFY: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "BODY_TOO_LARGE",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "JSON_REQUIRED",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "INVALID",
  FST_ERR_CTP_EMPTY_JSON_BODY: "INVALID",
  FST_ERR_BAD_URL: "INVALID",
};

export interface Answer {
  readonly status: number;
  readonly body: ApiError;
  readonly headers: Readonly<Record<string, string>>;
  /** our bug: worth a line in the log */
  readonly bug: boolean;
}

/** Sorts by blame: the client's (4xx), the environment's (503), ours (500, without a word about the inside). */
export function answerTo(error: unknown): Answer {
  if (error instanceof ApiFailure) {
    const { statusCode: status, code, message, advice, headers } = error;
    return { status, body: { code, message, ...(advice !== undefined && { advice }) }, headers, bug: false };
  }
  if (error instanceof HubError) {
    const { code } = error;
    const message = code === "DB_UNAVAILABLE" ? "the database does not answer" : error.message;
    return { status: 503, body: { code, message, advice: ERRORS[code] }, headers: { "retry-after": "2" }, bug: false };
  }
  if (error instanceof RowRefused) {
    return {
      status: 400,
      body: { code: "INVALID", message: "the database cannot hold this value" },
      headers: {},
      bug: false,
    };
  }
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const own = OF_FASTIFY[code ?? ""] ?? "INVALID";
    return { status: statusCode, body: { code: own, message: message ?? own }, headers: {}, bug: false };
  }
  return { status: 500, body: { code: "INTERNAL", message: "the hub made a mistake" }, headers: {}, bug: true };
}
