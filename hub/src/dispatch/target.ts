import type { GridEvent } from "../event.ts";
import type { Mapping } from "./mapping/mapping.ts";
import type { NoticeTemplate } from "./notify/notice-template.ts";

/** What every receiver of events has, whatever takes them there. Times in ms. */
export interface TargetBase {
  /** in the timeline, in metrics, in the outbox; must not change while rows wait */
  readonly name: string;
  /** time for an answer; default 10,000 */
  readonly timeoutMs?: number;
  /** requests under way at once, each of another event; default 4. Notifiers send one at a time */
  readonly concurrency?: number;
  /**
   * `all` (default): every live event from its opening. `handed_off`: nothing before a person or the policy handed it off.
   * `whistled`: only whistles (一键吹哨), for departments that are called and never watch
   */
  readonly deliver?: "all" | "handed_off" | "whistled";
  /** roots of the subtrees whose events it gets; unmatched events then go nowhere. Default: everything */
  readonly grids?: readonly string[];
  /** ids of towns; both this and `grids` must agree. Default: all */
  readonly towns?: readonly string[];
  /** kinds, `hydrant.*` style; default: everything */
  readonly kinds?: readonly string[];
  /** least severe level that is still sent, 4 is the lowest; default 4 */
  readonly minSeverity?: number;
  /** secrets of what it sends back, the new one first; none = it may not call back */
  readonly callbackSecrets?: readonly string[];
  /** PEM of the private certificate authority that signed its certificate; "" or absent = the system's */
  readonly ca?: string;
}

export interface WebhookTarget extends TargetBase {
  readonly kind?: "webhook";
  /** http or https; redirects are not followed */
  readonly url: string;
  /** of the HMAC-SHA256 signature */
  readonly secret: string;
  /** further headers, e.g. an access token of the receiver */
  readonly headers?: Readonly<Record<string, string>>;
  /** another body than the CloudEvent */
  readonly mapping?: Mapping;
}

export interface MqttTarget extends TargetBase {
  readonly kind: "mqtt";
  /** mqtt or mqtts; "" = the hub's own broker */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  /** topic template; `{root}`, `{site}` and any field of the cloud event */
  readonly topic: string;
  readonly mapping?: Mapping;
}

/** What a receiver that people read has. */
export interface NotifierTarget extends TargetBase {
  readonly notice: NoticeTemplate;
  /** messages in any minute */
  readonly perMinute: number;
  /** local minutes of the day in which only severity 1 passes; may span midnight */
  readonly quiet: { readonly from: number; readonly to: number } | null;
  /** what is less severe than 1 waits for the end of its span of this length, ms; 0 = nothing waits */
  readonly digestMs: number;
  readonly timeZone: string;
  /** address of the console for links; "" = none */
  readonly consoleUrl: string;
}

export interface DingTalkTarget extends NotifierTarget {
  readonly kind: "dingtalk";
  /** robot address with its access token */
  readonly url: string;
  /** signing secret of the robot (SEC...); "" = the robot goes by key words or addresses */
  readonly secret: string;
  /** key word that the robot asks for; "" = none */
  readonly keyword: string;
}

export interface EmailTarget extends NotifierTarget {
  readonly kind: "email";
  readonly host: string;
  readonly port: number;
  /** implicit: TLS from the first byte (465). starttls: required before anything else. none: for a relay on this machine */
  readonly tls: "implicit" | "starttls" | "none";
  readonly username: string;
  readonly password: string;
  readonly from: string;
  readonly to: readonly string[];
}

/** A receiver of events. */
export type TargetConfig = WebhookTarget | MqttTarget | DingTalkTarget | EmailTarget;

/** Lines that end something are sent whatever the severity has become: the receiver must learn of the end. */
const ENDS: ReadonlySet<string> = new Set([
  "deescalate",
  "clear",
  "close",
  "done",
  "false_alarm",
  "confirm",
  "whistle",
  "ladder",
]);

/** @param path ids from the county down to the event's grid  @param what the line of the timeline */
export function wants(
  target: TargetConfig,
  event: Readonly<GridEvent>,
  path: readonly string[],
  what: string,
): boolean {
  // Who cannot be reached need not be told so; it would only lengthen its own queue.
  if (event.kind === "dispatch.target_down" && event.subject === targetSubject(target.name)) return false;
  if (event.severity > (target.minSeverity ?? 4) && !ENDS.has(what)) return false;
  return withinReach(target, event.kind, path);
}

/** Whether events of this kind and place are the target's at all: to be told of, and to speak of. */
export function withinReach(target: TargetConfig, kind: string, path: readonly string[]): boolean {
  if (target.kinds !== undefined && !target.kinds.some((pattern) => matches(pattern, kind))) return false;
  if (target.towns !== undefined && !target.towns.some((id) => path.includes(id))) return false;
  return target.grids === undefined || target.grids.some((id) => path.includes(id));
}

/** Who it is in a timeline: no user name begins so. @param who department, or "" */
export function echoName(target: string, who: string): string {
  return who === "" ? `@${target}` : `@${target}/${who}`;
}

/** A target is not told what it said itself. */
export function isEcho(target: string, who: string): boolean {
  return who === `@${target}` || who.startsWith(`@${target}/`);
}

export function targetSubject(name: string): string {
  return `target:${name}`;
}

function matches(pattern: string, kind: string): boolean {
  return pattern.endsWith("*") ? kind.startsWith(pattern.slice(0, -1)) : kind === pattern;
}
