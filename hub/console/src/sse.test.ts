import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sseParser } from "./sse.ts";

const STREAM =
  'id: 7\nevent: stats\ndata: {"rate":1}\n\n: keep-alive\n\nid: 8\r\nevent: event\r\ndata: a\r\ndata: b\r\n\r\ndata:x\n\n';
const FRAMES = [
  { id: "7", event: "stats", data: '{"rate":1}' },
  { id: "8", event: "event", data: "a\nb" },
  { id: "8", event: "message", data: "x" },
];

describe("event stream parser", () => {
  it("gives the same frames however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 12 }), (cuts) => {
        const parse = sseParser();
        const at = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const frames = at.slice(1).flatMap((end, i) => parse(STREAM.slice(at[i], end)));
        expect(frames).toEqual(FRAMES);
      }),
    );
  });

  it("holds back an unfinished frame", () => {
    const parse = sseParser();
    expect(parse("event: event\ndata: 1\n")).toEqual([]);
    expect(parse("\n")).toHaveLength(1);
  });

  it("refuses a frame without end", () => {
    const parse = sseParser(100);
    expect(() => parse("data: " + "x".repeat(200))).toThrow(RangeError);
  });
});
