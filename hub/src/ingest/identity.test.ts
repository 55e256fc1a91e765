import { describe, expect, it } from "vitest";
import type { FoldStateRow } from "../store/batch.ts";
import { Identities } from "./identity.ts";

describe("identities", () => {
  it("knows a repeat by key, by key and time, or not at all", () => {
    const ids = new Identities();
    const admit = (key: number, ts: number, repeat: "key" | "key_and_time" | "never") =>
      ids.admit(1, "d", { key, ts, repeat });
    expect([admit(1, 0, "key"), admit(1, 9e9, "key")]).toEqual([true, false]);
    expect([admit(2, 0, "key_and_time"), admit(2, 600_000, "key_and_time"), admit(2, 600_001, "key_and_time")]).toEqual(
      [true, false, true],
    );
    expect([admit(3, 0, "never"), admit(3, 0, "never"), admit(3, 5, "key")]).toEqual([true, true, false]);
    expect([
      ids.admit(1, "e", { key: 1, ts: 0, repeat: "key" }),
      ids.admit(2, "d", { key: 1, ts: 0, repeat: "key" }),
    ]).toEqual([true, true]);
  });

  it("survives a restart, writes only what changed, and remembers 64 a device", () => {
    const ids = new Identities();
    for (let key = 0; key < 100; key++) ids.admit(1, "d", { key, ts: key, repeat: "key" });
    const rows: FoldStateRow[] = [];
    ids.drain(rows);
    ids.drain(rows);
    expect(rows).toHaveLength(1);
    const later = new Identities();
    later.load(JSON.parse(JSON.stringify(rows)) as FoldStateRow[]);
    const again = (key: number) => later.admit(1, "d", { key, ts: key, repeat: "key" });
    expect([again(99), again(36), again(35)]).toEqual([false, false, true]);
  });
});
