/**
 * What can go wrong around the hub, with advice for the operator. Outside data that is wrong is a Rejection, not an error;
 * our own bugs crash. Codes are stable and a retired one is never reused.
 */
export const ERRORS = {
  CONFIG_INVALID: "Correct the named field; `gridhub hub --print-config` shows every setting with its default.",
  CONFIG_UNREADABLE: "Check the path and the permissions of the configuration file.",
  NODE_TOO_OLD: "Start through npm or npx, which bring Node 24 along, or install Node 24 or newer.",
  PG_BINARIES_MISSING:
    "Run `npm ci` with optional dependencies, or point GRIDHUB_DATABASE_URL at a PostgreSQL 17/18 server.",
  PG_ROOT_USER:
    "PostgreSQL refuses to run as root: create a user `postgres`, allow user namespaces, or set GRIDHUB_DATABASE_URL.",
  PG_START_FAILED:
    "Read postgres.log in the data directory; check free disk space and that no other hub uses the directory.",
  DATA_DIR_LOCKED: "Another hub uses this data directory; stop it or choose another with --data.",
  DB_UNAVAILABLE: "The database does not answer; nothing is acknowledged until it does. Check the server and the URL.",
  DB_MIGRATION_FAILED: "Restore the previous version of the hub or mend the schema; no data was changed.",
  DB_TOO_OLD: "Use PostgreSQL 17 or 18 (TimescaleDB 2.29.2 or newer where it is used).",
  PORT_IN_USE: "Another program listens on this port; stop it or choose another port.",
  PROFILE_INVALID: "Run `gridhub profile lint FILE`; the message names the field.",
  RULES_INVALID: "Run `gridhub rules check FILE`; the message names line and field.",
  GRID_INVALID: "Correct the named feature of the GeoJSON file.",
  MODEL_INVALID: "Check the model card; a model whose sha256 differs from its card is refused.",
} as const;

export type ErrorCode = keyof typeof ERRORS;

export class HubError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HubError";
    this.code = code;
  }

  get advice(): string {
    return ERRORS[this.code];
  }
}
