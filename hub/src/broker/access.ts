import { parseUplink } from "@gridhub/device-profiles/topic.ts";
import type { Principal } from "./broker.ts";

const DOWNLINK = new Set(["ack", "twin/desired", "cmd/+"]);

/**
 * Topic access of an edge: it publishes under its own prefix on the contract's uplink topics only, and subscribes to its own
 * `ack`, `twin/desired` and `cmd/+` only.
 */
export function mayPublish(
  principal: Principal,
  topic: string,
  root: string,
): "ok" | "topic_invalid" | "topic_forbidden" {
  const uplink = parseUplink(topic, root);
  if (uplink === null) return "topic_invalid";
  return uplink.site === principal.site && uplink.edge === principal.edge ? "ok" : "topic_forbidden";
}

export function maySubscribe(principal: Principal, filter: string, root: string): boolean {
  const prefix = `${root}/${principal.site}/${principal.edge}/`;
  if (!filter.startsWith(prefix)) return false;
  const rest = filter.slice(prefix.length);
  return DOWNLINK.has(rest) || /^cmd\/[A-Za-z0-9_.:-]{1,64}$/.test(rest);
}
