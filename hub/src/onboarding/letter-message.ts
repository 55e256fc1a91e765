import { parseUplink, type Lane } from "@gridhub/device-profiles/topic.ts";
import type { Message } from "../message.ts";

/** A dead letter with its bytes. */
export interface Letter {
  readonly topic: string;
  /** `<site>/<name>` */
  readonly edge: string;
  readonly reason: string;
  /** ms UTC */
  readonly rx: number;
  readonly payload: Buffer;
}

/** What the broker refused was not the edge's to publish, or was kept in part only: trying again changes nothing. */
const FINAL = new Set(["topic_invalid", "topic_forbidden", "payload_too_large"]);
/** They speak of the moment when they were sent: played again they would say that an edge is there, or gone. */
const OF_THE_MOMENT: ReadonlySet<Lane> = new Set(["state", "heartbeat"]);

export interface NotReplayable {
  /** the lane speaks of its own moment only, or the letter was refused for good */
  readonly because: "moment" | "final";
  readonly detail: string;
}

/** The message as it came, or why it cannot be one. The topic's root is what stands before the edge's own part. */
export function messageOf({ topic, edge, reason, rx, payload }: Letter, now: number): Message | NotReplayable {
  const at = topic.indexOf(`/${edge}/`);
  const uplink = FINAL.has(reason) || at === -1 ? null : parseUplink(topic, topic.slice(0, at));
  if (uplink === null) return { because: "final", detail: reason };
  if (OF_THE_MOMENT.has(uplink.lane)) return { because: "moment", detail: uplink.lane };
  // A frame without envelope has no time but that of its arrival, and a picture is looked at only while it is fresh. All else
  // carries its own time, and what is old by now must not sound an alarm.
  const timeless = uplink.lane === "frame" || (uplink.lane === "raw" && payload[0] !== 0x7b);
  return { topic, ...uplink, payload, rx: timeless ? rx : now };
}
