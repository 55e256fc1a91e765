import { describe, expect, it } from "vitest";
import { readCookie, sessionCookie } from "./cookie.ts";

describe("cookies", () => {
  it("finds one among others, whatever the spaces", () => {
    expect(readCookie("a=1;  gridhub_session = tok-en_1 ; b=2", "gridhub_session")).toBe("tok-en_1");
    expect(readCookie("xgridhub_session=evil; a=gridhub_session", "gridhub_session")).toBeNull();
  });

  it("takes nothing that is not a token", () => {
    expect(readCookie(undefined, "s")).toBeNull();
    expect(readCookie("s=", "s")).toBeNull();
    expect(readCookie('s="quoted"', "s")).toBeNull();
    expect(readCookie(`s=${"a".repeat(201)}`, "s")).toBeNull();
  });

  it("is marked for https only where the request came by https", () => {
    expect(sessionCookie("t", false)).toBe("gridhub_session=t; HttpOnly; SameSite=Strict; Path=/");
    expect(sessionCookie("t", true)).toMatch(/; Secure$/);
    expect(sessionCookie("", false)).toContain("Max-Age=0");
  });
});
