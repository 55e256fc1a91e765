import { createHash, randomBytes } from "node:crypto";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

type Challenge = Readonly<Record<string, string>>;

/** Parses a WWW-Authenticate header that may hold several challenges in any order (RFC 9110 section 11.6.1). */
export function parseChallenges(header: string): { readonly scheme: string; readonly params: Challenge }[] {
  const out: { scheme: string; params: Record<string, string> }[] = [];
  const token = /([A-Za-z][A-Za-z0-9-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][A-Za-z0-9-]*)/g;
  for (const [, key, quoted, plain, scheme] of header.slice(0, 4096).matchAll(token)) {
    if (scheme !== undefined) out.push({ scheme: scheme.toLowerCase(), params: {} });
    else out.at(-1)!.params[key.toLowerCase()] = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
  }
  return out;
}

/**
 * The Authorization header that answers a 401 (RFC 7616: MD5 and SHA-256, qop auth or none; RFC 7617: Basic). Digest is
 * preferred over Basic, SHA-256 over MD5. Null when nothing offered is supported.
 */
export function answerChallenge(
  header: string,
  method: string,
  uri: string,
  who: Credentials,
  cnonce = randomBytes(8).toString("hex"),
): string | null {
  const offers = parseChallenges(header);
  const digests = offers.filter((o) => o.scheme === "digest" && algorithmOf(o.params) !== null);
  const best = digests.find((o) => algorithmOf(o.params) === "sha256") ?? digests[0];
  if (best !== undefined) return digest(best.params, method, uri, who, cnonce);
  if (offers.some((o) => o.scheme === "basic"))
    return `Basic ${Buffer.from(`${who.username}:${who.password}`).toString("base64")}`;
  return null;
}

function algorithmOf(params: Challenge): "md5" | "sha256" | null {
  const name = (params.algorithm ?? "MD5").toUpperCase().replace("-SESS", "");
  return name === "MD5" ? "md5" : name === "SHA-256" ? "sha256" : null;
}

function digest(params: Challenge, method: string, uri: string, who: Credentials, cnonce: string): string {
  const algorithm = algorithmOf(params)!;
  const hash = (text: string) => createHash(algorithm).update(text).digest("hex");
  const { realm = "", nonce = "" } = params;
  const session = /-sess$/i.test(params.algorithm ?? "");
  const plain = hash(`${who.username}:${realm}:${who.password}`);
  const ha1 = session ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
  const ha2 = hash(`${method}:${uri}`);
  const qop = (params.qop ?? "").split(",").some((q) => q.trim() === "auth") ? "auth" : null;
  const nc = "00000001";
  const response =
    qop === null ? hash(`${ha1}:${nonce}:${ha2}`) : hash(`${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
  const quote = (text: string) => `"${text.replace(/(["\\])/g, "\\$1")}"`;
  const parts = [
    `username=${quote(who.username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${response}"`,
  ];
  if (params.algorithm !== undefined) parts.push(`algorithm=${params.algorithm}`);
  if (qop !== null || session) parts.push(`cnonce="${cnonce}"`);
  if (qop !== null) parts.push("qop=auth", `nc=${nc}`);
  if (params.opaque !== undefined) parts.push(`opaque=${quote(params.opaque)}`);
  return `Digest ${parts.join(", ")}`;
}
