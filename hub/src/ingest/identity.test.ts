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

  it("forgets devices that are silent for too long, a jump of the clock alone forgets none, and their rows go", () => {
    const HOUR = 3_600_000;
    const rows = new Map<string, unknown>();
    const commit = () => {
      const out: FoldStateRow[] = [];
      ids.drain(out);
      for (const { key, state } of out) {
        if (state === null) rows.delete(key);
        else rows.set(key, JSON.parse(JSON.stringify(state)));
      }
    };
    const open = () => {
      const opened = new Identities({ keepMs: 48 * HOUR });
      opened.load([...rows].map(([key, state]): FoldStateRow => ({ room: "ingest", key, state })));
      return opened;
    };
    const admit = (device: string, key: number) => ids.admit(1, device, { key, ts: 0, repeat: "key" });
    rows.set("1 old", [[7, 0]]); // as an older release wrote it
    let ids = open();
    ids.tick(0);
    for (const device of ["gone", "lives"]) admit(device, 1);
    commit();
    for (let hour = 1; hour <= 40; hour++) ids.tick(hour * HOUR);
    admit("lives", 2);
    commit();
    expect(rows.size).toBe(3);
    ids = open();
    for (let hour = 41; hour <= 60; hour++) ids.tick(hour * HOUR);
    commit();
    expect([...rows.keys()]).toEqual(["1 lives"]);
    expect([admit("lives", 1), admit("lives", 2), admit("gone", 1)]).toEqual([false, false, true]);
    ids.tick(9000 * HOUR);
    expect(admit("lives", 2)).toBe(false);
    ids.tick(9001 * HOUR);
    commit();
    expect([...rows.keys()]).toEqual([]);
  });
});
