import type { Principal } from "./broker.ts";

const DOWNLINK = new Set(["ack", "twin/desired", "cmd/+"]);

/**
 * An edge subscribes to its own `ack`, `twin/desired` and `cmd/+` only. (What it may publish falls out of parsing the topic: the
 * contract's uplinks under its own prefix.)
 */
export function maySubscribe(principal: Principal, filter: string, root: string): boolean {
  const prefix = `${root}/${principal.site}/${principal.edge}/`;
  if (!filter.startsWith(prefix)) return false;
  const rest = filter.slice(prefix.length);
  return DOWNLINK.has(rest) || /^cmd\/[A-Za-z0-9_.:-]{1,64}$/.test(rest);
}
