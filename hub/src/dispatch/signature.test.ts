import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signBody, verifySignature } from "./signature.ts";

const SECRET = "a secret of sixteen";
const NOW = 1_763_776_800_000;
const BODY = '{"id":"1","name":"菜园镇"}';
const header = signBody(SECRET, BODY, NOW);

describe("signature", () => {
  it("is HMAC-SHA256 over the time, a dot and the body", () => {
    // printf '1763776800.{}' | openssl dgst -sha256 -hmac 'a secret of sixteen'
    expect(signBody(SECRET, "{}", NOW)).toBe(
      "t=1763776800,v1=5410b2150382f32f47643e28e5dc6365506f029343ed3f3ac46fd1be1c633eb9",
    );
  });

  it("accepts its own, as text or bytes, under any of several secrets", () => {
    expect(verifySignature(SECRET, header, BODY, NOW)).toEqual({ ok: true, ts: NOW });
    expect(verifySignature(["new secret", SECRET], header, Buffer.from(BODY), NOW + 299_000).ok).toBe(true);
    const two = `${signBody("new secret", BODY, NOW)},${header.split(",")[1]}`;
    expect(verifySignature(SECRET, two, BODY, NOW).ok).toBe(true);
  });

  it.each([
    ["nothing", undefined, BODY, NOW, "missing"],
    ["a word", "hello", BODY, NOW, "malformed"],
    ["no time", header.split(",")[1], BODY, NOW, "malformed"],
    ["a short hash", "t=1763776800,v1=abcd", BODY, NOW, "malformed"],
    ["an old request", header, BODY, NOW + 301_000, "expired"],
    ["a request from the future", header, BODY, NOW - 301_000, "expired"],
    ["another body", header, `${BODY} `, NOW, "mismatch"],
    ["another time", header.replace("t=1763776800", "t=1763776801"), BODY, NOW, "mismatch"],
  ])("refuses %s", (_name, given, body, now, reason) => {
    expect(verifySignature(SECRET, given, body, now)).toEqual({ ok: false, reason });
  });

  it("refuses another secret and any other header, without an exception", () => {
    expect(verifySignature("another secret", header, BODY, NOW)).toEqual({ ok: false, reason: "mismatch" });
    expect(verifySignature([], header, BODY, NOW).ok).toBe(false);
    fc.assert(fc.property(fc.string(), (any) => !verifySignature(SECRET, any, BODY, NOW).ok));
  });
});
