import type { AuditPage, AuditVerdict } from "../../../src/api/audit-schema.ts";
import type { CodeImported, CodeInfo, EventSettings, QuietInfo } from "../../../src/api/event-policy-schema.ts";
import type { TargetInfo, TargetTested } from "../../../src/api/target-schema.ts";
import type { Send } from "../onboarding/onboarding-api.ts";

export type SettingName = keyof EventSettings;
export type SettingRule<N extends SettingName> = EventSettings[N][number];

/** The routes of codes, the lists behind events, targets and the audit. Every method rejects with `ApiFailure`. */
export class SettingsApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  codes(): Promise<{ items: CodeInfo[] }> {
    return this.#send("GET", "/api/event-codes");
  }
  saveCode({ kind, ...row }: CodeInfo): Promise<CodeImported> {
    return this.#send("PUT", `/api/event-codes/${encodeURIComponent(kind)}`, row);
  }
  /** @param dryRun only says what is wrong with it */
  importCodes(csv: string, dryRun: boolean): Promise<CodeImported> {
    return this.#send("POST", "/api/event-codes/import", { csv, dry_run: dryRun });
  }
  lists(): Promise<EventSettings> {
    return this.#send("GET", "/api/event-settings");
  }
  /** @param value the whole list; null = the defaults of the release */
  saveList<N extends SettingName>(name: N, value: EventSettings[N] | null): Promise<EventSettings> {
    return this.#send("PUT", `/api/event-settings/${name}`, { value });
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
