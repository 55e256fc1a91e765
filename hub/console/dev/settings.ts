import type { AuditLine } from "../../src/api/audit-schema.ts";
import type {
  CodeImported,
  CodeInfo,
  EventSettings,
  EventSettingsInfo,
  QuietInfo,
} from "../../src/api/event-policy-schema.ts";
import { etagOf } from "../../src/api/if-match.ts";
import type { User } from "../../src/api/schema.ts";
import type { TargetInfo } from "../../src/api/target-schema.ts";
import { catalogueRows, type CodeRow } from "../../src/events/code-book.ts";
import { formatCodes, parseCodes } from "../../src/events/code-csv.ts";
import { DEFAULT_SETTINGS } from "../../src/events/event-policy.ts";
import type { SettingName } from "../../src/events/policy-schema.ts";

type Answer = [status: number, body: unknown];
const fail = (status: number, code: string, message = code): Answer => [status, { code, message }];

/** Codes, the lists behind events, targets and audit of the mock, kept in memory; tables are read as the hub reads them. */
export function makeSettings(now: number) {
  const codes = new Map<string, CodeRow>(catalogueRows().map((row, i) => [row.kind, dressed(row, i)]));
  let lists = structuredClone(DEFAULT_SETTINGS) as unknown as EventSettings;
  const targets = targetsOf();
  const audit = auditOf(now);
  const did = (user: User, action: string, target: string, detail: object = {}) =>
    audit.unshift({ seq: audit.length + 1, ts: Date.now(), who: user.username, action, target, detail: { ...detail } });

  function take(csv: string, write: boolean): CodeImported {
    const { rows, problems } = parseCodes(csv);
    const written = write && problems.length === 0 && rows.length > 0;
    if (written) for (const row of rows) codes.set(row.kind, row);
    return { rows: rows.length, written, problems: [...problems] };
  }

  function quietOver(): QuietInfo[] {
    const rule = { kind: "flood.*", subject: null, weekly: null, who: "operator", createdAt: now - 90e6, open: false };
    const grid = { grid: "330922100", gridName: "菜园镇" };
    return [
      { ...rule, ...grid, id: 901, type: "mute", reason: "泵站检修", from: now - 90e6, to: now - 60e6, endedAt: now - 80e6 }, // prettier-ignore
      { ...rule, ...grid, id: 900, type: "window", reason: "更换水位计", from: now - 190e6, to: now - 160e6, endedAt: null }, // prettier-ignore
    ];
  }

  const table = () => [...codes.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  const listsInfo = (): EventSettingsInfo => {
    const { fusion, parents, ladder } = lists;
    return { ...lists, etags: { fusion: etagOf(fusion), parents: etagOf(parents), ladder: etagOf(ladder) } };
  };
  /** null = it is what the person looked at */
  const stale = (now: string | undefined, etag: string | undefined): Answer | null =>
    now !== undefined && etag === undefined
      ? fail(428, "IF_MATCH_NEEDED")
      : now === etag?.replaceAll('"', "")
        ? null
        : fail(412, "CHANGED_MEANWHILE");

  return {
    quietOver,
    /** the table as a file */
    csv: () => `\uFEFF${formatCodes([...codes.values()])}`,
    /** null = not a route of these rooms */
    // prettier-ignore
    answer(method: string, path: string, query: URLSearchParams, body: unknown, user: User, etag?: string): Answer | null {
      const [, , room = "", name = "", verb = ""] = path.split("/").map(decodeURIComponent);
      const admin = user.role === "admin";
      if (room === "event-codes") {
        if (method === "GET")
          return [200, { etag: etagOf(table()), items: table().map((row) => ({ ...row, etag: etagOf(row) })) }];
        if (!admin) return fail(403, "FORBIDDEN");
        if (name === "import") {
          const { csv, dry_run: dry = false } = body as { csv: string; dry_run?: boolean };
          return (dry ? null : stale(etagOf(table()), etag)) ?? [200, take(csv, !dry)];
        }
        const known = codes.get(name);
        const refused = stale(known && etagOf(known), etag);
        if (refused !== null) return refused;
        did(user, "event_code", `code:${name}`);
        return [200, take(formatCodes([{ ...(body as CodeInfo), kind: name } as CodeRow]), true)];
      }
      if (room === "event-settings") {
        if (method === "GET") return [200, listsInfo()];
        if (!admin) return fail(403, "FORBIDDEN");
        const { value } = body as { value: unknown };
        const refused = stale(etagOf(lists[name as SettingName]), etag);
        if (refused !== null) return refused;
        lists = { ...lists, [name]: value ?? structuredClone(DEFAULT_SETTINGS[name as SettingName]) };
        did(user, "event_setting", `setting:${name}`, { value });
        return [200, listsInfo()];
      }
      if (room === "targets") {
        if (!admin) return fail(403, "FORBIDDEN");
        const target = targets.find((each) => each.name === name);
        if (method === "GET") return [200, { items: targets }];
        if (target === undefined) return fail(404, "NOT_FOUND");
        if (verb === "test") {
          did(user, "target_test", `target:${name}`);
          return [200, target.down ? { outcome: "failed", error: "HTTP 503", ms: 412 } : { outcome: "delivered", error: "", ms: 86 }]; // prettier-ignore
        }
        const rows = target.parked;
        Object.assign(target, { parked: 0, waiting: target.waiting + rows });
        did(user, "target_replay", `target:${name}`, { rows });
        return [200, { rows }];
      }
      if (room === "audit") {
        if (!admin) return fail(403, "FORBIDDEN");
        if (name === "verify") return [200, { whole: true, broken: null }];
        const before = Number(query.get("cursor") ?? Infinity);
        const items = audit.filter(({ seq }) => seq < before).slice(0, Number(query.get("limit") ?? 100));
        return [200, { items, next: items.length < 100 ? null : (items.at(-1)?.seq ?? null) }];
      }
      return null;
    },
  };
}

/** Some are confirmed by the receiver and admitted in some towns only, as after a few weeks of use. */
function dressed(row: CodeRow, i: number): CodeRow {
  if (row.group === "vision")
    return { ...row, towns: ["330922100", "330922102"], code: `05${String(i).padStart(2, "0")}` };
  if (row.group === "hydrant" || row.group === "flood") return { ...row, provisional: false, code: `04${String(i).padStart(2, "0")}` }; // prettier-ignore
  return row.kind === "vessel.mmsi_clash" ? { ...row, towns: [] } : row;
}

function targetsOf(): TargetInfo[] {
  const fine = { down: false, failures: 0, pauseMs: 0, waiting: 0, parked: 0, oldestMs: null, lastError: "" };
  return [
    { ...fine, name: "four-platforms", kind: "webhook", origin: "https://platform.shengsi.example", deliver: "handed_off", callbacks: true, counts: { delivered: 1284, failed: 12, parked: 3 }, waiting: 2, oldestMs: 4_000, parked: 3, lastError: "HTTP 422" }, // prettier-ignore
    { ...fine, name: "county-bus", kind: "mqtt", origin: "mqtts://bus.county.example", deliver: "all", callbacks: false, counts: { delivered: 0, failed: 9, parked: 0 }, down: true, failures: 9, pauseMs: 148_000, waiting: 214, oldestMs: 5_420_000, lastError: "ECONNREFUSED" }, // prettier-ignore
    { ...fine, name: "duty-group", kind: "dingtalk", origin: "https://oapi.dingtalk.com", deliver: "all", callbacks: false, counts: { delivered: 96, failed: 0, parked: 0 } }, // prettier-ignore
    { ...fine, name: "water-bureau", kind: "email", origin: "smtp://smtp.town.example:587", deliver: "whistled", callbacks: false, counts: { delivered: 0, failed: 0, parked: 0 } }, // prettier-ignore
  ];
}

function auditOf(now: number): AuditLine[] {
  const lines: Omit<AuditLine, "seq" | "ts">[] = [
    { who: "admin", action: "login", target: "admin", detail: {} },
    { who: "operator", action: "event_acknowledge", target: "01930001-7a11-7000-8000-000000000001", detail: { note: "已派员" } }, // prettier-ignore
    { who: "operator", action: "event_whistle", target: "01930001-7a11-7000-8000-000000000001", detail: { note: "" } },
    { who: "admin", action: "event_setting", target: "setting:ladder", detail: { value: null } },
    { who: "operator", action: "event_mute", target: "quiet:7", detail: { kind: "flood.*", reason: "泵站检修" } },
    { who: "guest", action: "login_failed", target: "guest", detail: {} },
    { who: "admin", action: "edge_create", target: "edge:caiyuan/e9", detail: {} },
    { who: "operator", action: "device_ticket", target: "device:caiyuan/h12", detail: { kind: "device.repair" } },
  ];
  const all = 240;
  return Array.from({ length: all }, (_, i) => ({
    ...lines[i % lines.length]!,
    seq: all - i,
    ts: now - i * 1_870_000,
  }));
}
