import { createHmac, timingSafeEqual } from "node:crypto";

export const SIGNATURE_HEADER = "gridhub-signature";

/**
 * `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>` under the shared secret. The time is signed with the body, so that a
 * recorded request cannot be played again later. Made anew at each attempt.
 *
 * @param now ms UTC
 */
export function signBody(secret: string, body: string, now: number): string {
  const t = Math.floor(now / 1000);
  return `t=${t},v1=${digest(secret, t, body)}`;
}

export type SignatureVerdict =
  | { readonly ok: true; readonly ts: number }
  | { readonly ok: false; readonly reason: "missing" | "malformed" | "expired" | "mismatch" };

/**
 * For receivers: is this request from the hub, whole and fresh? Give the body as it came, before any parsing. During a change
 * of secrets give both. Several `v1` in the header are alternatives.
 *
 * @param header value of `Gridhub-Signature`
 * @param now ms UTC
 * @param toleranceS seconds that the two clocks may differ, and that a request may be under way
 */
export function verifySignature(
  secrets: string | readonly string[],
  header: string | undefined,
  body: string | Uint8Array,
  now: number,
  toleranceS = 300,
): SignatureVerdict {
  if (header === undefined || header === "") return { ok: false, reason: "missing" };
  let t = NaN;
  const given: Buffer[] = [];
  // A header that is longer than any of ours costs a stranger's hash each; 1,000 characters hold a dozen signatures.
  for (const part of header.slice(0, 1000).split(",")) {
    const [key, value = ""] = part.trim().split("=", 2);
    if (key === "t" && /^\d{1,12}$/.test(value)) t = Number(value);
    else if (key === "v1" && /^[0-9a-f]{64}$/i.test(value)) given.push(Buffer.from(value, "hex"));
  }
  if (Number.isNaN(t) || given.length === 0) return { ok: false, reason: "malformed" };
  if (Math.abs(now / 1000 - t) > toleranceS) return { ok: false, reason: "expired" };
  for (const secret of typeof secrets === "string" ? [secrets] : secrets) {
    const expected = Buffer.from(digest(secret, t, body), "hex");
    if (given.some((signature) => timingSafeEqual(signature, expected))) return { ok: true, ts: t * 1000 };
  }
  return { ok: false, reason: "mismatch" };
}

function digest(secret: string, t: number, body: string | Uint8Array): string {
  return createHmac("sha256", secret).update(`${t}.`).update(body).digest("hex");
}
