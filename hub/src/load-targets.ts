import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TemplateError } from "./dispatch/mapping/filters.ts";
import { type Mapping, readMapping } from "./dispatch/mapping/mapping.ts";
import { Template } from "./dispatch/mapping/template.ts";
import { TOPIC_NAMES } from "./dispatch/mqtt.ts";
import { parseQuiet } from "./dispatch/notify/hold.ts";
import { readNotice } from "./dispatch/notify/notice-template.ts";
import type { NotifierTarget, TargetBase, TargetConfig } from "./dispatch/target.ts";
import type { TargetSetting } from "./dispatch/target-schema.ts";
import { HubError } from "./errors.ts";

/** Mappings and words that come along. */
export const MAPPINGS = join(import.meta.dirname, "../mappings");

const BASE = "name kind deliver grids towns kinds min_severity timeout_ms concurrency callback_secrets ca".split(" ");
const NOTIFIER = "language notice per_minute quiet digest_minutes console_url".split(" ");
/** Settings by kind; those with `!` are needed. */
const SETTINGS: Readonly<Record<TargetSetting["kind"], readonly string[]>> = {
  webhook: ["url!", "secret!", "headers", "mapping"],
  mqtt: ["url", "topic", "username", "password", "client_id", "mapping"],
  dingtalk: ["url!", "secret", "keyword", ...NOTIFIER],
  email: ["host!", "port", "tls", "username", "password", "from!", "to!", ...NOTIFIER],
};
const PORTS = { implicit: 465, starttls: 587, none: 25 } as const;
const DEFAULT_PER_MINUTE = 20;

/**
 * Targets with their mappings and words compiled. A mistake keeps the hub from starting: an event that cannot be told is worse
 * than a start that says so. @throws HubError CONFIG_INVALID, every line a problem with its place
 */
export function readTargets(settings: readonly TargetSetting[], timeZone: string): TargetConfig[] {
  const problems: string[] = [];
  const targets: TargetConfig[] = [];
  const seen = new Set<string>();
  for (const [i, setting] of settings.entries()) {
    const say = (field: string, message: string) => problems.push(`dispatch.targets.${i}.${field}: ${message}`);
    if (seen.has(setting.name)) say("name", `another target is called ${setting.name}`);
    seen.add(setting.name);
    const before = problems.length;
    checkFields(setting, say);
    if (problems.length > before) continue;
    const target = build(setting, timeZone, say);
    if (target !== null) targets.push(target);
  }
  if (problems.length > 0) throw new HubError("CONFIG_INVALID", problems.slice(0, 20).join("\n"));
  return targets;
}

type Say = (field: string, message: string) => void;

function checkFields(setting: TargetSetting, say: Say): void {
  const { kind } = setting;
  const own = SETTINGS[kind].map((field) => field.replace("!", ""));
  for (const field of Object.keys(setting))
    if (!BASE.includes(field) && !own.includes(field)) say(field, `is no setting of a target of kind ${kind}`);
  for (const field of SETTINGS[kind])
    if (field.endsWith("!") && !(field.slice(0, -1) in setting)) say(field.slice(0, -1), `a ${kind} target needs it`);
  const schemes = kind === "mqtt" ? ["mqtt:", "mqtts:"] : ["http:", "https:"];
  if (setting.url !== undefined && !(URL.canParse(setting.url) && schemes.includes(new URL(setting.url).protocol)))
    say("url", `expected an address with ${schemes.map((scheme) => `${scheme}//`).join(" or ")}`);
  if (kind === "webhook" && setting.secret !== undefined && setting.secret.length < 16)
    say("secret", "expected at least 16 characters");
}

function build(setting: TargetSetting, timeZone: string, say: Say): TargetConfig | null {
  const { name, deliver, grids, towns, kinds, min_severity, timeout_ms, concurrency, callback_secrets } = setting;
  const tryRead = <T>(field: string, file: string, read: (text: string, file: string) => T): T | undefined => {
    try {
      return read(readFileSync(file, "utf8"), file);
    } catch (error) {
      const isOurs = error instanceof TemplateError || (error as NodeJS.ErrnoException).code !== undefined;
      if (!isOurs) throw error;
      say(field, (error as Error).message);
      return undefined;
    }
  };
  const base: TargetBase = {
    name,
    deliver,
    grids,
    towns,
    kinds,
    minSeverity: min_severity,
    timeoutMs: timeout_ms,
    concurrency,
    callbackSecrets: callback_secrets ?? (setting.kind === "webhook" ? [setting.secret!] : undefined),
    ca: setting.ca === undefined ? undefined : tryRead("ca", setting.ca, readAuthority),
  };
  const { url = "", secret = "", username = "", password = "" } = setting;
  const mappingOf = (): Mapping | undefined =>
    setting.mapping === undefined
      ? undefined
      : tryRead("mapping", fileOf(setting.mapping), (text, file) => readMapping(text, file, timeZone));

  switch (setting.kind) {
    case "webhook":
      return { ...base, kind: "webhook", url, secret, headers: setting.headers, mapping: mappingOf() };
    case "mqtt": {
      const topic = setting.topic ?? "{root}/{site}/out/event/{grid}/{data.event}";
      try {
        void new Template(topic, { timeZone, tables: {}, names: TOPIC_NAMES });
      } catch (error) {
        say("topic", (error as Error).message);
      }
      const clientId = setting.client_id ?? `gridhub-out-${name}`;
      return { ...base, kind: "mqtt", url, username, password, clientId, topic, mapping: mappingOf() };
    }
    default: {
      const file = setting.notice === undefined ? `notice.${setting.language ?? "zh"}` : setting.notice;
      const notice = tryRead("notice", fileOf(file), (text, path) => readNotice(text, path, timeZone));
      const quiet = setting.quiet === undefined ? null : parseQuiet(setting.quiet);
      if (setting.quiet !== undefined && quiet === null) say("quiet", "begins when it ends");
      if (notice === undefined) return null;
      const notifier: NotifierTarget = {
        ...base,
        notice,
        perMinute: setting.per_minute ?? DEFAULT_PER_MINUTE,
        quiet,
        digestMs: (setting.digest_minutes ?? 0) * 60_000,
        timeZone,
        consoleUrl: setting.console_url ?? "",
      };
      if (setting.kind === "dingtalk")
        return { ...notifier, kind: "dingtalk", url, secret, keyword: setting.keyword ?? "" };
      const { host = "", tls = "implicit", from = "", to = [], port = PORTS[tls] } = setting;
      if (tls === "none" && username !== "") say("tls", "a password must not travel without TLS");
      return { ...notifier, kind: "email", host, port, tls, username, password, from, to };
    }
  }
}

/** @throws what OpenSSL says of a file that holds no certificate; its `code` makes it a problem of the settings */
function readAuthority(pem: string): string {
  void new X509Certificate(pem);
  return pem;
}

/** `four-platforms`: one that comes along; else a path. */
function fileOf(name: string): string {
  return /^[a-z0-9.-]+$/.test(name) && !/\.ya?ml$/.test(name) ? join(MAPPINGS, `${name}.yaml`) : name;
}
