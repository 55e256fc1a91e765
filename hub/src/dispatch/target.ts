import type { GridEvent } from "../event.ts";

/** A receiver of events. Times in ms. */
export interface TargetConfig {
  /** in the timeline, in metrics, in the outbox; must not change while rows wait */
  readonly name: string;
  /** http or https; redirects are not followed */
  readonly url: string;
  /** of the HMAC-SHA256 signature */
  readonly secret: string;
  /** time for an answer; default 10,000 */
  readonly timeoutMs?: number;
  /** requests under way at once, each of another event; default 4 */
  readonly concurrency?: number;
  /** further headers, e.g. an access token of the receiver */
  readonly headers?: Readonly<Record<string, string>>;
  /** `all` (default): every live event from its opening. `handed_off`: nothing before a person or the policy handed it off */
  readonly deliver?: "all" | "handed_off";
  /** roots of the subtrees whose events it gets; unmatched events then go nowhere. Default: everything */
  readonly grids?: readonly string[];
  /** kinds, `hydrant.*` style; default: everything */
  readonly kinds?: readonly string[];
  /** least severe level that is still sent, 4 is the lowest; default 4 */
  readonly minSeverity?: number;
}

/** Lines that end something are sent whatever the severity has become: the receiver must learn of the end. */
const ENDS: ReadonlySet<string> = new Set(["deescalate", "clear", "close", "false_alarm"]);

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
  if (target.kinds !== undefined && !target.kinds.some((pattern) => matches(pattern, event.kind))) return false;
  return target.grids === undefined || target.grids.some((id) => path.includes(id));
}

export function targetSubject(name: string): string {
  return `target:${name}`;
}

function matches(pattern: string, kind: string): boolean {
  return pattern.endsWith("*") ? kind.startsWith(pattern.slice(0, -1)) : kind === pattern;
}
