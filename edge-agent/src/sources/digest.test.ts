import { describe, expect, it } from "vitest";
import { type Credentials, HttpAuthenticator, parseChallenges } from "./digest.ts";

// RFC 7616 section 3.9.1: Mufasa and the Circle of Life, MD5 and SHA-256.
const WHO = { username: "Mufasa", password: "Circle of Life" };
const CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const challenge = (algorithm: string) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

/** The answer to one challenge; null when nothing offered can be answered. */
function answerChallenge(header: string, method: string, uri: string, who: Credentials, cnonce = "c"): string | null {
  const auth = new HttpAuthenticator(who, () => cnonce);
  expect(auth.authorization(method, uri)).toBeNull();
  const can = auth.challenge(header);
  const answer = auth.authorization(method, uri);
  expect(answer !== null).toBe(can);
  return answer;
}

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
    expect(answerChallenge('Digest realm="x", nonce="n", qop="auth-int"', "GET", "/", WHO)).toBeNull();
    expect(answerChallenge('realm="no scheme", nonce="n"', "GET", "/", WHO)).toBeNull();
  });

  it("counts the uses of a nonce, and begins anew with the next challenge", () => {
    const auth = new HttpAuthenticator(WHO);
    const counts: (string | undefined)[] = [];
    for (const header of [challenge("MD5"), challenge("SHA-256")]) {
      auth.challenge(header);
      for (let i = 0; i < 3; i++) counts.push(/nc=(\w+)/.exec(auth.authorization("GET", "/") ?? "")?.[1]);
    }
    expect(counts).toEqual(["00000001", "00000002", "00000003", "00000001", "00000002", "00000003"]);
  });

  it("escapes what would end a quoted string", () => {
    const answer = answerChallenge('Digest realm="a \\"b\\" c", nonce="n"', "GET", "/", {
      username: 'x", response="0',
      password: "p",
    });
    expect(answer).toContain('username="x\\", response=\\"0"');
    expect(answer).toContain('realm="a \\"b\\" c"');
  });
});
