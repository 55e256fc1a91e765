import { describe, expect, it } from "vitest";
import type { Finding } from "../finding.ts";
import type { FoldStateRow } from "../store/batch.ts";
import type { Warning } from "./warning.ts";
import { WarningBook } from "./warning-book.ts";

const START = Date.UTC(2025, 7, 1);
const HOUR = 3_600_000;

const warning = (id: string, change: Partial<Warning> = {}): Warning => ({
  id,
  sender: "s",
  sentAt: START,
  status: "actual",
  action: "alert",
  references: [],
  event: "台风",
  colour: "yellow",
  headline: "",
  description: "",
  instruction: "",
  from: START,
  until: START + 6 * HOUR,
  areas: [],
  ...change,
});

function scene() {
  const colours: [string, string | null][] = [];
  const open = (townsOf?: () => readonly string[]) =>
    new WarningBook({ onColour: (town, colour) => colours.push([town, colour]), townsOf });
  const said = (book: WarningBook, now: number) => {
    const out: Finding[] = [];
    book.tick(now, out);
    return out.map(({ phase, severity, gridId, subject }) => [phase, severity, gridId, subject]);
  };
  return { colours, open, said };
}

describe("weather warnings", () => {
  it("hold from their onset to their end, as one event a town and kind of weather", () => {
    const { colours, open, said } = scene();
    const book = open();
    expect(book.take(warning("1", { from: START + HOUR }), ["a", "b"], START)).toBe(true);
    expect(said(book, START)).toEqual([]);
    expect(said(book, START + HOUR)).toEqual([
      ["raise", 3, "a", "weather:台风"],
      ["raise", 3, "b", "weather:台风"],
    ]);
    expect(said(book, START + 2 * HOUR)).toEqual([]);
    expect(book.of("a", START + 2 * HOUR)?.warning.id).toBe("1");
    expect(said(book, START + 6 * HOUR).map(([phase]) => phase)).toEqual(["clear", "clear"]);
    expect(colours).toEqual([["a", "yellow"], ["b", "yellow"], ["a", null], ["b", null]]); // prettier-ignore
    expect([book.list(true).length, book.list(false).length]).toEqual([0, 1]);
  });

  it("that replace another go on with its event, graver or not, and a cancel ends it", () => {
    const { open, said } = scene();
    const book = open();
    book.take(warning("1"), ["a"], START);
    said(book, START);
    book.take(warning("2", { action: "update", references: ["1"], colour: "red" }), ["a"], START + 1);
    expect(said(book, START + 1)).toEqual([["update", 1, "a", "weather:台风"]]);
    expect(book.take(warning("1"), ["a"], START + 2)).toBe(false); // delivered twice
    book.take(warning("3", { action: "cancel", references: ["2"] }), ["a"], START + 3);
    expect(said(book, START + 3)).toEqual([["clear", 1, "a", "weather:台风"]]);
  });

  it("that come after what replaces them are over at once", () => {
    const { open, said } = scene();
    const book = open();
    book.take(warning("2", { action: "cancel", references: ["1"] }), ["a"], START);
    book.take(warning("1"), ["a"], START + 1);
    expect(said(book, START + 1)).toEqual([]);
  });

  it("of another sender with the same number are other warnings; tests and exercises raise nothing", () => {
    const { open, said } = scene();
    const book = open();
    book.take(warning("1", { status: "test" }), ["a"], START);
    book.take(warning("1", { sender: "other", references: ["1"] }), ["b"], START);
    expect(said(book, START).map(([phase, , town]) => [phase, town])).toEqual([["raise", "b"]]);
    expect(book.list(true)).toHaveLength(2);
  });

  it("survive a restart: what ended meanwhile clears, what goes on is not raised again", () => {
    const { open, said } = scene();
    const before = open();
    before.take(warning("1"), ["a"], START);
    before.take(warning("2", { event: "暴雨", until: START + 20 * HOUR }), ["a"], START);
    said(before, START);
    const rows: FoldStateRow[] = [];
    before.drain(rows);
    const after = open();
    after.load(rows);
    expect(said(after, START + 7 * HOUR)).toEqual([["clear", 3, "a", "weather:台风"]]);
    expect(said(after, START + 20 * HOUR)).toEqual([["clear", 3, "a", "weather:暴雨"]]);
  });

  it("follow the towns when the grids change", () => {
    const { colours, open, said } = scene();
    let towns = ["a", "b"];
    const book = open(() => towns);
    book.take(warning("1"), ["a", "b"], START);
    said(book, START);
    const stored: FoldStateRow[] = [];
    book.drain(stored);
    book.rezone();
    expect(said(book, START + 1)).toEqual([]);
    towns = ["b", "c"];
    book.rezone();
    expect(said(book, START + 2)).toEqual([
      ["clear", 3, "a", "weather:台风"],
      ["raise", 3, "c", "weather:台风"],
    ]);
    expect(colours.slice(2)).toEqual([["c", "yellow"], ["a", null]]); // prettier-ignore
    const rows: FoldStateRow[] = [];
    book.drain(rows);
    expect(rows.at(-1)?.state).toMatchObject({ towns: ["b", "c"] });
    book.take(warning("2", { action: "cancel", references: ["1"] }), [], START + 3);
    said(book, START + 3);
    towns = ["a"];
    book.rezone();
    expect(said(book, START + 4)).toEqual([]);

    // the hub stopped after it was stored, and starts with other grids
    const again = open(() => ["b"]);
    again.load(stored);
    expect(said(again, START + 5)).toEqual([["clear", 3, "a", "weather:台风"]]);
  });

  it("are bounded in number", () => {
    const book = scene().open();
    for (let i = 0; i < 700; i++) book.take(warning(`${i}`), ["a"], START + i);
    expect(book.list(false)).toHaveLength(500);
  });
});
