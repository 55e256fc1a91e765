import { describe, expect, it } from "vitest";
import { answerChallenge, parseChallenges } from "./digest.ts";

// RFC 7616 section 3.9.1: Mufasa and the Circle of Life, MD5 and SHA-256.
const WHO = { username: "Mufasa", password: "Circle of Life" };
const CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const challenge = (algorithm: string) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

const responseOf = (header: string | null) => /response="([0-9a-f]+)"/.exec(header ?? "")?.[1];

describe("digest", () => {
  it("computes the responses of RFC 7616", () => {
    expect(responseOf(answerChallenge(challenge("MD5"), "GET", "/dir/index.html", WHO, CNONCE))).toBe(
      "8ca523f5e9506fed4657c9700eebdbec",
    );
    expect(responseOf(answerChallenge(challenge("SHA-256"), "GET", "/dir/index.html", WHO, CNONCE))).toBe(
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    );
  });

  it("prefers SHA-256 over MD5 and Digest over Basic, in any order", () => {
    const answer = answerChallenge(
      `Basic realm="x", ${challenge("MD5")}, ${challenge("SHA-256")}`,
      "GET",
      "/",
      WHO,
      CNONCE,
    );
    expect(answer).toContain("algorithm=SHA-256");
    expect(parseChallenges(`Basic realm="x", ${challenge("MD5")}`).map((c) => c.scheme)).toEqual(["basic", "digest"]);
  });

  it("falls back to Basic, answers old Digest without qop, and gives up on what it does not know", () => {
    expect(answerChallenge('Basic realm="cam"', "GET", "/", WHO)).toBe(
      `Basic ${Buffer.from("Mufasa:Circle of Life").toString("base64")}`,
    );
    expect(answerChallenge('Digest realm="cam", nonce="abc"', "GET", "/", WHO)).not.toContain("qop");
    expect(answerChallenge("Negotiate", "GET", "/", WHO)).toBeNull();
    expect(answerChallenge('Digest realm="x", nonce="n", algorithm=SHA-512-256', "GET", "/", WHO)).toBeNull();
    expect(answerChallenge("", "GET", "/", WHO)).toBeNull();
  });
});
