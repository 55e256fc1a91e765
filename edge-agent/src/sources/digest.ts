import { createHash, randomBytes } from "node:crypto";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

type Params = Readonly<Record<string, string>>;

/** Parses a WWW-Authenticate header that may hold several challenges in any order (RFC 9110 section 11.6.1). */
export function parseChallenges(header: string): { readonly scheme: string; readonly params: Params }[] {
  const out: { scheme: string; params: Record<string, string> }[] = [];
  const token = /([A-Za-z][A-Za-z0-9-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][A-Za-z0-9-]*)/g;
  for (const [, key, quoted, plain, scheme] of header.slice(0, 4096).matchAll(token)) {
    const params = out.at(-1)?.params;
    if (scheme !== undefined) out.push({ scheme: scheme.toLowerCase(), params: {} });
    else if (params !== undefined)
      params[key.toLowerCase()] = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
  }
  return out;
}

/**
 * Answers the challenges of one server (RFC 7616: MD5 and SHA-256, also -sess, qop auth or none; RFC 7617: Basic). Digest is
 * preferred over Basic, SHA-256 over MD5. A nonce is used again with a growing count, which spares a round trip with each request.
 */
export class HttpAuthenticator {
  readonly #who: Credentials;
  readonly #cnonce: () => string;
  #digest: Params | null = null;
  #basic = false;
  #count = 0;

  constructor(who: Credentials, cnonce: () => string = () => randomBytes(8).toString("hex")) {
    this.#who = who;
    this.#cnonce = cnonce;
  }

  /** Takes the header of a 401. @returns whether it offers something that can be answered */
  challenge(header: string): boolean {
    const offers = parseChallenges(header);
    const digests = offers.filter((o) => o.scheme === "digest" && canAnswer(o.params)).map((o) => o.params);
    this.#digest = digests.find((params) => algorithmOf(params) === "sha256") ?? digests[0] ?? null;
    this.#basic = this.#digest === null && offers.some((offer) => offer.scheme === "basic");
    this.#count = 0;
    return this.#digest !== null || this.#basic;
  }

  /** The Authorization header of the next request, or null before the first challenge. */
  authorization(method: string, uri: string): string | null {
    const { username, password } = this.#who;
    if (this.#digest !== null) return this.#answer(this.#digest, method, uri);
    return this.#basic ? `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` : null;
  }

  #answer(params: Params, method: string, uri: string): string {
    const { username, password } = this.#who;
    const hash = (text: string) => createHash(algorithmOf(params)!).update(text).digest("hex");
    const { realm = "", nonce = "" } = params;
    const cnonce = this.#cnonce();
    const session = /-sess$/i.test(params.algorithm ?? "");
    const plain = hash(`${username}:${realm}:${password}`);
    const ha1 = session ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
    const ha2 = hash(`${method}:${uri}`);
    const qop = params.qop === undefined ? null : "auth";
    const nc = (++this.#count).toString(16).padStart(8, "0");
    const response =
      qop === null ? hash(`${ha1}:${nonce}:${ha2}`) : hash(`${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
    const parts = [
      `username=${quote(username)}`,
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
}

function algorithmOf(params: Params): "md5" | "sha256" | null {
  const name = (params.algorithm ?? "MD5").toUpperCase().replace(/-SESS$/, "");
  return name === "MD5" ? "md5" : name === "SHA-256" ? "sha256" : null;
}

/** `auth-int` alone would need the body's hash. */
function canAnswer(params: Params): boolean {
  const qop = params.qop?.split(",").map((q) => q.trim().toLowerCase());
  return algorithmOf(params) !== null && (qop === undefined || qop.includes("auth"));
}

function quote(text: string): string {
  return `"${text.replace(/(["\\])/g, "\\$1")}"`;
}
