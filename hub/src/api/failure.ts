import { ERRORS, HubError } from "../errors.ts";
import { RowRefused } from "../store/store.ts";
import type { ApiError } from "./error-schema.ts";

/** An answer that is not 2xx. `code` is stable: programs and the console's dictionaries go by it. */
export class ApiFailure extends Error {
  readonly statusCode: number;
  readonly code: string;
  readonly advice: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** what is wrong where, when it is more than one thing */
  readonly problems: ApiError["problems"];

  constructor(
    statusCode: number,
    code: string,
    message: string,
    more: Pick<ApiError, "problems"> & {
      readonly advice?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.name = "ApiFailure";
    this.statusCode = statusCode;
    this.code = code;
    this.advice = more.advice;
    this.headers = more.headers ?? {};
    this.problems = more.problems;
  }
}

export function notFound(what: string): ApiFailure {
  return new ApiFailure(404, "NOT_FOUND", `no such ${what}`, { advice: "Deleted, or outside your grids." });
}

/** What Fastify and its file server refuse by themselves, under our names. */
const OF_STATUS: Readonly<Record<number, string>> = {
  403: "NOT_FOUND", // a folder, or a path out of the console's: there is nothing to see
  404: "NOT_FOUND",
  413: "BODY_TOO_LARGE",
  415: "JSON_REQUIRED",
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
    const { statusCode: status, code, message, advice, headers, problems } = error;
    const more = { ...(advice !== undefined && { advice }), ...(problems !== undefined && { problems }) };
    return { status, body: { code, message, ...more }, headers, bug: false };
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
  const { statusCode, message = "" } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const code = OF_STATUS[statusCode] ?? "INVALID";
    const status = code === "NOT_FOUND" ? 404 : statusCode;
    return { status, body: { code, message }, headers: {}, bug: false };
  }
  return { status: 500, body: { code: "INTERNAL", message: "the hub made a mistake" }, headers: {}, bug: true };
}
