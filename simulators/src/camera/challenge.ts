import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Account } from "./soap.ts";

export type Scheme = "none" | "basic" | "digest" | "digest-sha256";

const REALM = "scene camera";

/** HTTP authentication of the snapshot: Basic (RFC 7617) or Digest (RFC 7616, qop=auth, MD5 or SHA-256). */
export class HttpChallenge {
  private readonly scheme: Scheme;
  private readonly account: Account | null;
  private readonly nonce = randomBytes(16).toString("hex");

  constructor(scheme: Scheme, account: Account | null) {
    this.scheme = scheme;
    this.account = account;
  }

  /** @returns null when the request may pass, else the WWW-Authenticate header of the 401 */
  check(method: string, url: string, header: string | undefined): string | null {
    if (this.account === null || this.scheme === "none") return null;
    if (this.scheme === "basic") {
      const expected = `Basic ${Buffer.from(`${this.account.user}:${this.account.password}`).toString("base64")}`;
      return same(header ?? "", expected) ? null : `Basic realm="${REALM}"`;
    }
    const algorithm = this.scheme === "digest" ? "MD5" : "SHA-256";
    if (header !== undefined && this.digestFits(header, method, url, algorithm)) return null;
    return `Digest realm="${REALM}", qop="auth", algorithm=${algorithm}, nonce="${this.nonce}", opaque="0"`;
  }

  private digestFits(header: string, method: string, url: string, algorithm: "MD5" | "SHA-256"): boolean {
    const field = new Map([...header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
    const { user, password } = this.account as Account;
    const hash = (s: string): string =>
      createHash(algorithm === "MD5" ? "md5" : "sha256")
        .update(s)
        .digest("hex");
    const a1 = hash(`${user}:${REALM}:${password}`);
    const a2 = hash(`${method}:${field.get("uri") ?? ""}`);
    const expected = hash([a1, this.nonce, field.get("nc"), field.get("cnonce"), "auth", a2].join(":"));
    return field.get("username") === user && field.get("uri") === url && same(field.get("response") ?? "", expected);
  }
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
