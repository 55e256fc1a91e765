import type { Random } from "../random.ts";
import type { Callback } from "./caller.ts";

export interface Story {
  readonly callbacks: readonly Callback[];
  /** handling that the platform and the hub must end at */
  readonly ends: "accepted" | "done" | "rejected" | "false_alarm";
}

const DEPARTMENTS = ["应急管理站", "水利站", "综合执法队", "消防救援站"];

/** What a platform does with a case: accepted, responded, then done, rejected or evaluated. @param now ms UTC */
export function tellStory(event: string, now: number, random: Random): Story {
  const who = random.pick(DEPARTMENTS);
  const callbacks: Callback[] = [];
  const say = (kind: string, more: Partial<Callback> = {}) =>
    callbacks.push({ id: `${event}/${kind}`, kind, event, ts: now + callbacks.length, who, ...more });
  say("accepted");
  const fate = random.next();
  if (fate < 0.15) {
    say("rejected", { note: "不属于本部门职责" });
    return { callbacks, ends: "rejected" };
  }
  if (fate < 0.25) return { callbacks, ends: "accepted" };
  if (random.chance(0.5)) say("responded", { until: now + 2 * 3_600_000 });
  say("done", { note: "已处置" });
  if (fate < 0.85) return { callbacks, ends: "done" };
  const verdict = fate < 0.92 ? "confirmed" : "false_alarm";
  say("evaluated", { verdict });
  return { callbacks, ends: verdict === "confirmed" ? "done" : "false_alarm" };
}
