import { describe, expect, it } from "vitest";
import { LoginLimit, networkOf } from "./login-limit.ts";

describe("limit of log-ins", () => {
  it("stops an address after ten wrong ones and lets it in again by and by", () => {
    const limit = new LoginLimit();
    for (let i = 0; i < 10; i++) {
      expect(limit.admit("10.0.0.1", 0)).toBe(0);
      limit.settle("10.0.0.1", false);
    }
    expect(limit.admit("10.0.0.1", 0)).toBe(6);
    expect(limit.admit("10.0.0.2", 0)).toBe(0);
    expect(limit.admit("10.0.0.1", 6000)).toBe(0);
    expect(limit.admit("10.0.0.1", 6000)).toBeGreaterThan(0);
  });

  it("does not count those that succeed", () => {
    const limit = new LoginLimit();
    for (let i = 0; i < 50; i++) {
      expect(limit.admit("10.0.0.1", 0)).toBe(0);
      limit.settle("10.0.0.1", true);
    }
  });

  it("bounds how many passwords are checked at once", () => {
    const limit = new LoginLimit();
    for (let i = 0; i < 8; i++) expect(limit.admit(`10.0.1.${i}`, 0)).toBe(0);
    expect(limit.admit("10.0.2.1", 0)).toBe(1);
    limit.settle("10.0.1.0", false);
    expect(limit.admit("10.0.2.1", 0)).toBe(0);
  });

  it("takes an IPv6 /64 as one address", () => {
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
    expect(networkOf("2001:db8:1:2::9")).toBe("2001:db8:1:2");
    expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0");
    expect(networkOf("::1")).toBe("0:0:0:0");
    expect(networkOf("::ffff:10.0.0.1")).toBe("10.0.0.1");
  });
});
