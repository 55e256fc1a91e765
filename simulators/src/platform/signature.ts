import { createHmac, timingSafeEqual } from "node:crypto";

const MAX_AGE_S = 300;

/** `t=<unix s>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>`. Both directions sign alike. @param now ms UTC */
export function sign(secret: string, body: string, now: number): string {
  const t = Math.floor(now / 1000);
  return `t=${t},v1=${createHmac("sha256", secret).update(`${t}.${body}`).digest("hex")}`;
}

/** As a receiver would write it from the page: over the bytes as they came, fresh, compared in constant time. */
export function isSigned(secret: string, header: string | undefined, body: Buffer, now: number): boolean {
  const parts = new Map((header ?? "").split(",").map((part) => part.trim().split("=", 2) as [string, string]));
  const t = parts.get("t") ?? "";
  if (!/^\d{1,12}$/.test(t) || Math.abs(now / 1000 - Number(t)) > MAX_AGE_S) return false;
  const expected = createHmac("sha256", secret).update(`${t}.`).update(body).digest();
  const given = Buffer.from(parts.get("v1") ?? "", "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
