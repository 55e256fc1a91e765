import type { AuditPage, AuditVerdict } from "../../../src/api/audit-schema.ts";
import type {
  CodeImported,
  CodeInfo,
  CodeList,
  EventSettings,
  EventSettingsInfo,
  QuietInfo,
} from "../../../src/api/event-policy-schema.ts";
import type { TargetInfo, TargetTested } from "../../../src/api/target-schema.ts";

type Send = <T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown, etag?: string) => Promise<T>;
/** a row as the hub has it, with the etag of its next change */
export type CodeRow = CodeList["items"][number];
export type SettingName = keyof EventSettings;
export type SettingRule<N extends SettingName> = EventSettings[N][number];

/**
 * The routes of codes, the lists behind events, targets and the audit. Every method rejects with `ApiFailure`; a change whose `etag`
 * is not that of what is there now with the status 412.
 */
export class SettingsApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  codes(): Promise<CodeList> {
    return this.#send("GET", "/api/event-codes");
  }
  /** @param etag absent = a new kind */
  saveCode({ kind, ...row }: CodeInfo, etag: string | undefined): Promise<CodeImported> {
    return this.#send("PUT", `/api/event-codes/${encodeURIComponent(kind)}`, row, etag);
  }
  /** Only says what is wrong with it. */
  checkCodes(csv: string): Promise<CodeImported> {
    return this.#send("POST", "/api/event-codes/import", { csv, dry_run: true });
  }
  importCodes(csv: string, etag: string): Promise<CodeImported> {
    return this.#send("POST", "/api/event-codes/import", { csv }, etag);
  }
  lists(): Promise<EventSettingsInfo> {
    return this.#send("GET", "/api/event-settings");
  }
  /** @param value the whole list; null = the defaults of the release */
  saveList<N extends SettingName>(name: N, value: EventSettings[N] | null, etag: string): Promise<EventSettingsInfo> {
    return this.#send("PUT", `/api/event-settings/${name}`, { value }, etag);
  }
  /** mutes and windows that are not over; with `past` the newest that are, too */
  quiet(past: boolean): Promise<{ items: QuietInfo[] }> {
    return this.#send("GET", `/api/event-quiet?past=${past}`);
  }
  targets(): Promise<{ items: TargetInfo[] }> {
    return this.#send("GET", "/api/targets");
  }
  replayTarget(name: string): Promise<{ rows: number }> {
    return this.#send("POST", `/api/targets/${encodeURIComponent(name)}/replay`, {});
  }
  testTarget(name: string): Promise<TargetTested> {
    return this.#send("POST", `/api/targets/${encodeURIComponent(name)}/test`, {});
  }
  audit(cursor: number | null): Promise<AuditPage> {
    return this.#send("GET", `/api/audit?limit=100${cursor === null ? "" : `&cursor=${cursor}`}`);
  }
  verifyAudit(): Promise<AuditVerdict> {
    return this.#send("GET", "/api/audit/verify");
  }
}

export const CODES_CSV = "/api/event-codes/export";
