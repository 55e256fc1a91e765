import { describe, expect, it } from "vitest";
import { codeName, deliveriesByTarget, noteText } from "./event-text.ts";

describe("an event in words", () => {
  it("takes the mark of an unconfirmed class out of its name", () => {
    expect(codeName({ codeName: "街面秩序/占道经营 (provisional)" })).toEqual({
      name: "街面秩序/占道经营",
      provisional: true,
    });
    expect(codeName({ codeName: "突发事件" })).toEqual({ name: "突发事件", provisional: false });
  });

  it("sums deliveries up by target, the newest state winning", () => {
    const sent = (target: string, state: string, ts: number) => ({ target, state, attempts: 1, lastError: "", ts });
    const rows = [
      sent("a", "failed", 2),
      sent("b", "delivered", 1),
      sent("a", "delivered", 3),
      sent("a", "pending", 1),
    ];
    expect(deliveriesByTarget(rows).map(({ target, state, times }) => [target, state, times])).toEqual([
      ["a", "delivered", 3],
      ["b", "delivered", 1],
    ]);
  });

  it("says which room of the hub found something, and leaves people's words alone", () => {
    const hub = (note: string) => noteText({ who: "hub", note }, "zh");
    expect(hub("rule:generic/hydrant-nb@1.2.0#low_pressure")).toBe("规则");
    expect(hub("health")).toBe("设备健康");
    expect(hub("3 -> 2")).toBe("");
    expect(hub("continued by a live event")).toBe("由实时事件延续");
    expect(hub("四平台")).toBe("四平台");
    expect(hub("grid -> village")).toBe("网格 → 村社");
    expect(noteText({ who: "operator", note: "rule: call first" }, "en")).toBe("rule: call first");
  });
});
