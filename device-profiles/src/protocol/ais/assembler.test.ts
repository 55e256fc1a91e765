import { describe, expect, it } from "vitest";
import { AisAssembler } from "./assembler.ts";
import { encodeAis } from "./encode.ts";

const staticData = (mmsi: number, shipname: string, channel: string, sequence = 3) =>
  encodeAis({ type: 5, mmsi, shipname }, { channel, sequence });

function tag(body: string): string {
  let sum = 0;
  for (const c of body) sum ^= c.charCodeAt(0);
  return `\\${body}*${sum.toString(16).padStart(2, "0")}\\`;
}

describe("AisAssembler", () => {
  it("keeps two type 5 messages apart that interleave on channels A and B with one sequence number", () => {
    const a = staticData(412_000_001, "ZHELINGYU 1", "A");
    const b = staticData(412_000_002, "ZHELINGYU 2", "B");
    const assembler = new AisAssembler();
    const whole = [a[0], b[0], a[1], b[1]].map((line) => assembler.push(line, "r", 0));
    expect(whole[0]).toBeNull();
    expect(whole[1]).toBeNull();
    expect(whole[2]?.lines).toEqual(a);
    expect(whole[3]?.lines).toEqual(b);
    expect(assembler.stats()).toMatchObject({ messages: 2, refused: {} });
  });

  it("keeps receivers apart", () => {
    const a = staticData(412_000_001, "ONE", "A");
    const b = staticData(412_000_002, "TWO", "A");
    const assembler = new AisAssembler();
    assembler.push(a[0], "north", 0);
    assembler.push(b[0], "south", 0);
    expect(assembler.push(a[1], "north", 0)?.lines).toEqual(a);
    expect(assembler.push(b[1], "south", 0)?.lines).toEqual(b);
  });

  it("does not complete a message with a part of another one", () => {
    const a = staticData(412_000_001, "ONE", "A");
    const b = staticData(412_000_002, "TWO", "A");
    const assembler = new AisAssembler();
    expect(assembler.push(a[1], "", 0)).toBeNull();
    expect(assembler.last).toBe("part_orphan");
    expect(assembler.push(b[0], "", 0)).toBeNull();
    expect(assembler.push(b[1], "", 0)?.lines).toEqual(b);
    // part 1 lost its part 2: the next part 1 of the same key takes its place
    assembler.push(a[0], "", 0);
    assembler.push(b[0], "", 0);
    expect(assembler.push(b[1], "", 0)?.lines).toEqual(b);
    expect(assembler.stats().refused).toEqual({ part_orphan: 2 });
  });

  it("puts parts of a tag-block group in order", () => {
    const lines = staticData(412_000_001, "ONE", "A");
    const grouped = [tag("g:1-2-77,s:north,c:1600000000") + lines[0], tag("g:2-2-77") + lines[1]];
    const assembler = new AisAssembler();
    expect(assembler.push(grouped[1], "", 0)).toBeNull();
    const whole = assembler.push(grouped[0], "", 0);
    expect(whole?.lines).toEqual(grouped);
    expect(assembler.stats().refused).toEqual({});
  });

  it("takes a later part that repeats neither channel nor sequence, when only one message can be meant", () => {
    const seal = (line: string) => {
      const body = line.slice(1, line.indexOf("*"));
      let sum = 0;
      for (const c of body) sum ^= c.charCodeAt(0);
      return `!${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}`;
    };
    const a = staticData(412_000_001, "ONE", "A");
    const b = staticData(412_000_002, "TWO", "B");
    const bare = seal(a[1].replace(",3,A,", ",,,"));
    const assembler = new AisAssembler();
    assembler.push(a[0], "", 0);
    expect(assembler.push(bare, "", 0)?.lines).toEqual([a[0], bare]);
    assembler.push(a[0], "", 0);
    assembler.push(b[0], "", 0);
    expect(assembler.push(bare, "", 0)).toBeNull();
    expect(assembler.last).toBe("part_orphan");
    expect(assembler.push(b[1], "", 0)?.lines).toEqual(b);
    expect(assembler.push(a[1], "", 0)?.lines).toEqual(a);
    // a tag block on the first part only
    const tagged = tag("g:1-2-8") + a[0];
    assembler.push(tagged, "", 0);
    expect(assembler.push(a[1], "", 0)?.lines).toEqual([tagged, a[1]]);
  });

  it("gives up after the time-out and counts the sentences", () => {
    const [first, second] = staticData(412_000_001, "ONE", "A");
    const assembler = new AisAssembler({ timeoutMs: 3000 });
    assembler.push(first, "", 1000);
    expect(assembler.push(second, "", 4001)).toBeNull();
    expect(assembler.stats().refused).toEqual({ part_expired: 1, part_orphan: 1 });
  });

  it("gives up when the clock is set back, too", () => {
    const assembler = new AisAssembler();
    assembler.push(staticData(412_000_001, "ONE", "A")[0], "", 9_000_000);
    assembler.push("", "", 1000);
    expect(assembler.stats().refused).toEqual({ part_expired: 1 });
  });

  it("holds no more unfinished messages than its capacity", () => {
    const assembler = new AisAssembler({ capacity: 8 });
    for (let i = 0; i < 100; i++) assembler.push(staticData(i, "X", "A")[0], `receiver ${i}`, 0);
    expect(assembler.stats().refused).toEqual({ part_evicted: 92 });
    assembler.flush();
    expect(assembler.stats().refused).toEqual({ part_evicted: 92, part_expired: 8 });
  });

  it("passes over other sentences without refusing them", () => {
    const assembler = new AisAssembler();
    for (const line of ["", "# comment", "$GPGLL,5013.4,N,00346.6,W,035258,A,A*52", "$PGHP,1,2013,3,18*00"])
      expect(assembler.push(line, "", 0)).toBeNull();
    expect(assembler.stats()).toMatchObject({ lines: 4, other: 4, sentences: 0, refused: {} });
  });
});
