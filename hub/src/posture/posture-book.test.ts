import { describe, expect, it } from "vitest";
import type { FoldStateRow } from "../store/batch.ts";
import { PostureBook, type PostureChange } from "./posture-book.ts";
import { DEFAULT_EFFECTS, NORMAL_EFFECTS } from "./posture-level.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2025, 7, 1);

function scene() {
  const told: { town: string; to: string; at: number }[] = [];
  const open = () =>
    new PostureBook({
      effects: DEFAULT_EFFECTS,
      longestMs: 72 * HOUR,
      onChange: (town: string, { to }: PostureChange, at) => told.push({ town, to, at }),
    });
  return { told, open };
}
const wish = (level: "normal" | "II" | "I", until: number | null, reason = "typhoon") =>
  ({ level, until, reason, who: "wang" }) as const;

describe("a town's posture", () => {
  it("is normal until somebody says otherwise, and reverts by itself", () => {
    const { told, open } = scene();
    const book = open();
    expect(book.effectsOf("t1")).toBe(NORMAL_EFFECTS);
    expect(book.set("t1", wish("II", START + 2 * HOUR), START)).toMatchObject({
      from: "normal",
      to: "II",
      who: "wang",
    });
    expect([book.levelOf("t1"), book.levelOf("t2"), book.levelOf(null)]).toEqual(["II", "normal", "normal"]);
    expect(book.effectsOf("t1").escalation).toBeLessThan(1);
    book.tick(START + 2 * HOUR - 1);
    expect(book.levelOf("t1")).toBe("II");
    book.tick(START + 2 * HOUR);
    expect(book.of("t1")).toMatchObject({ from: "II", to: "normal", who: "hub", until: null });
    expect(told.map(({ to }) => to)).toEqual(["II", "normal"]);
    expect(book.history("t1").map(({ to }) => to)).toEqual(["normal", "II"]);
  });

  it.each([
    ["no reason", wish("I", START + HOUR, "  "), "REASON_NEEDED"],
    ["no end", wish("I", null), "UNTIL_NEEDED"],
    ["an end in the past", wish("I", START), "UNTIL_PAST"],
    ["a longer time than is allowed", wish("I", START + 73 * HOUR), "UNTIL_TOO_LATE"],
  ])("is not raised with %s", (_, wished, code) => {
    const { told, open } = scene();
    const book = open();
    expect(book.set("t1", wished, START)).toMatchObject({ code });
    expect([book.levelOf("t1"), told]).toEqual(["normal", []]);
  });

  it("ends with the first tick of a hub that was away at its end, and is told anew to those that obey", () => {
    const { told, open } = scene();
    const before = open();
    before.set("t1", wish("I", START + HOUR), START);
    before.set("t2", wish("II", START + 9 * HOUR), START);
    const rows: FoldStateRow[] = [];
    before.drain(rows);
    told.length = 0;

    const after = open();
    after.load(rows);
    after.tick(START + 2 * HOUR);
    expect([after.levelOf("t1"), after.levelOf("t2")]).toEqual(["normal", "II"]);
    expect(told.filter(({ town }) => town === "t2")).toEqual([{ town: "t2", to: "II", at: START + 2 * HOUR }]);
    expect(told.filter(({ town }) => town === "t1").at(-1)?.to).toBe("normal");
    expect(after.history("t1")).toHaveLength(2);
  });

  it("takes back what a failed commit had let others believe", () => {
    const { told, open } = scene();
    const book = open();
    book.set("t1", wish("I", START + HOUR), START);
    book.load([]); // the database never had it
    book.tick(START + 1);
    expect([book.levelOf("t1"), told.at(-1)?.to]).toEqual(["normal", "normal"]);
  });

  it("keeps a bounded history", () => {
    const book = scene().open();
    for (let i = 0; i < 200; i++) book.set("t1", wish(i % 2 === 0 ? "I" : "II", START + HOUR), START + i);
    expect(book.history("t1").length).toBeLessThanOrEqual(50);
    expect(book.history("t1")[0].ts).toBe(START + 199);
  });
});
