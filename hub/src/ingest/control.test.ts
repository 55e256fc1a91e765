import { describe, expect, it } from "vitest";
import { checkHeartbeat } from "./control.ts";

describe("a heartbeat", () => {
  it("brings what AIS receivers heard; what is no count is none, what is no report is nothing", () => {
    const good = { sentences: 12, messages: 9, refused: 2, lost: 0, vessels: 4, last: 1_763_776_800_000 };
    const odd = { sentences: -1, messages: 1e300, refused: "2", lost: null, vessels: 1.5, last: "now" };
    const none = { sentences: 0, messages: 0, refused: 0, lost: 0, vessels: 0 };
    const beat = { b: 1, ts: 5, queue: 0, bytes: 0 };
    expect(
      checkHeartbeat({ ...beat, receivers: { ais: good, odd, text: "fine", more: { ...good, extra: 1 } } }),
    ).toEqual({
      ...{ ...beat, oldest: undefined, disk: undefined, gaps: [], sources: {}, every: undefined },
      receivers: { ais: good, odd: none, more: good },
    });
    expect(checkHeartbeat({ ...beat, receivers: [good] })).not.toHaveProperty("receivers.ais");
    expect(checkHeartbeat(beat)).not.toHaveProperty("receivers");
  });

  it("takes a bounded number of them", () => {
    const receivers = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`rx-${i}`, { messages: i }]));
    const beat = checkHeartbeat({ b: 1, receivers });
    expect(Object.keys((beat as { receivers: object }).receivers)).toHaveLength(256);
  });
});
