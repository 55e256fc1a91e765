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

/**
 * A reader subscribes to `out/...` of its sites only. @param sites names, or `+` for all; a filter with `+` as its site needs that
 */
export function mayRead(sites: readonly string[], filter: string, root: string): boolean {
  if (!filter.startsWith(`${root}/`)) return false;
  const [site, out, ...rest] = filter.slice(root.length + 1).split("/");
  return out === "out" && rest.length > 0 && (sites.includes("+") || (site !== "+" && sites.includes(site)));
}
