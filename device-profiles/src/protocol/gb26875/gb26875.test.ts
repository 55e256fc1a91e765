import { describe, expect, it } from "vitest";
import { sum8 } from "../../codec/check.ts";
import { isRejection, type Rejection } from "../../rejection.ts";
import { fromHex, publishedFrames, unsoundness, whyNoFrames } from "../cn-frames.testing.ts";
import type { Sample } from "../field-protocol.ts";
import { gb26875 } from "./decode.ts";
import { answerGb26875, COMMAND, type Gb26875Frame, readGb26875, readTime, writeGb26875, writeTime } from "./frame.ts";
import { gb26875Stream } from "./stream.ts";

// one smoke detector in fire; 31 bytes of GBK say where
const FIRE =
  "404000000101180d11160a140000000000000605040302013000020201010300d90006000200a3c1c7f8a3b1b2e3dfc8b2b8d7dfc0c8000000000000000000000000000000301213010814682323";

function samples(frame: Uint8Array): readonly Sample[] {
  return ok(gb26875.read(frame));
}

function ok<T>(result: T | Rejection): T {
  if (isRejection(result)) throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

function reason(frame: Uint8Array): string {
  const result = gb26875.read(frame);
  return isRejection(result) ? result.reason : "decoded";
}

const head: Gb26875Frame = {
  serial: 258,
  version: [1, 1],
  sentAt: Date.parse("2026-08-01T04:00:12Z"),
  source: "112233445566",
  target: "000000000001",
  command: COMMAND.send,
  data: new Uint8Array(),
};
const observedAt = Date.parse("2026-08-01T04:00:10Z");

function frame(type: number, ...objects: readonly (readonly number[])[]): Uint8Array {
  const data = Uint8Array.from([type, objects.length, ...objects.flatMap((o) => [...o, ...writeTime(observedAt)])]);
  return writeGb26875({ ...head, data });
}

function component(state: number, address: number): number[] {
  return [1, 1, 42, address & 0xff, address >> 8, 0, 0, state & 0xff, state >> 8, ...new Array<number>(31).fill(0)];
}

const values = (b: Uint8Array) => samples(b).map((s) => Object.fromEntries(s.values));

function reseal(b: Uint8Array): Uint8Array {
  if (b.length > 5) b.set([sum8(b, 2, b.length - 3), 0x23, 0x23], b.length - 3);
  return b;
}

describe("data", () => {
  it("reads which component is in fire, where, and when", () => {
    expect(samples(fromHex(FIRE))).toEqual([
      {
        ts: Date.parse("2020-08-01T11:18:48Z"),
        values: [
          ["component", "1.3/0.000600D9"],
          ["status", "fire"],
          ["location", "Ａ区１层呷哺走廊"],
          ["fire", true],
        ],
      },
    ]);
  });

  it("shows no control characters of a text", () => {
    const object = component(0b10, 7);
    object.splice(9, 4, 0x41, 0x0a, 0x1b, 0x42);
    expect(values(frame(2, object))[0].location).toBe("A  B");
  });

  it("gives a sample for each of several components, a millisecond apart", () => {
    const two = samples(frame(2, component(0b10, 7), component(0b100, 8)));
    expect(two.map((s) => s.ts - observedAt)).toEqual([0, 1]);
    expect(values(frame(2, component(0b10, 7), component(0b100, 8)))).toMatchObject([{ fire: true }, { fault: true }]);
  });

  it("lowers no flag for one component that is normal", () => {
    expect(values(frame(2, component(1, 7)))).toEqual([
      { component: "1.1/42.00000007", status: "normal", location: "" },
    ]);
  });

  it("lowers flags for the fire alarm system, and for no other", () => {
    expect(values(frame(1, [1, 1, 1, 0]))[0]).toMatchObject({ fire: false, fault: false, mains_failed: false });
    expect(values(frame(1, [1, 1, 0b10, 0b101]))[0]).toMatchObject({ fire: true, fault: true, mains_failed: true });
    expect(values(frame(1, [11, 1, 1, 0]))[0]).toEqual({ component: "11.1", status: "normal" });
  });

  it("reads measured values of both signs", () => {
    const analogue = (kind: number, raw: number) => [1, 1, 42, 7, 0, 0, 0, kind, raw & 0xff, (raw >> 8) & 0xff];
    expect(values(frame(3, analogue(3, -55)))[0]).toMatchObject({ temperature: -5.5 });
    expect(values(frame(3, analogue(5, 2800)))[0]).toMatchObject({ pressure: 0.28 });
    expect(values(frame(3, analogue(99, 1)))[0]).toEqual({ component: "1.1/42.00000007" });
  });

  it("ends fire and fault when someone resets, and keeps nobody's number", () => {
    expect(values(frame(4, [1, 1, 0b1, 77]))[0]).toEqual({
      component: "1.1",
      status: "reset",
      fire: false,
      fault: false,
    });
    expect(values(frame(4, [1, 1, 0b100, 77]))[0]).toMatchObject({ fire: true });
    expect(JSON.stringify(samples(frame(4, [1, 1, 0b1, 77])))).not.toContain("77");
  });

  it("reads the transmission device itself", () => {
    expect(values(frame(21, [0b1001]))[0]).toEqual({
      ...{ status: "alarm", mains_failed: true, backup_failed: false, link_fault: false },
    });
    expect(values(frame(21, [0b100_0110]))[0]).toMatchObject({ fire: true, fault: true, link_fault: true });
  });

  it("takes the frame's time where an object has none", () => {
    const b = frame(21, [1]);
    b.fill(0, 30, 36);
    expect(samples(reseal(b))[0].ts).toBe(head.sentAt);
  });

  it("refuses what it does not read, and counts that do not fit", () => {
    expect(reason(frame(5, [1, 1]))).toBe("frame_unsupported");
    expect(reason(writeGb26875({ ...head, command: COMMAND.confirm }))).toBe("frame_unsupported");
    const data = Uint8Array.from([2, 2, ...component(1, 7), ...writeTime(observedAt)]);
    expect(reason(writeGb26875({ ...head, data }))).toBe("frame_short");
    data[1] = 1;
    expect(reason(writeGb26875({ ...head, data: Uint8Array.of(...data, 0) }))).toBe("frame_trailing");
    expect(reason(writeGb26875({ ...head, data: Uint8Array.of(2, 0) }))).toBe("frame_short");
  });
});

describe("envelope", () => {
  it("confirms to the source by its serial", () => {
    const answer = ok<Gb26875Frame>(
      readGb26875(answerGb26875(ok<Gb26875Frame>(readGb26875(fromHex(FIRE))), head.sentAt)),
    );
    expect(answer).toMatchObject({
      serial: 0,
      command: COMMAND.confirm,
      source: "060504030201",
      target: "000000000000",
    });
    expect(answer.sentAt).toBe(head.sentAt);
  });

  it("gives what was encoded", () => {
    expect(ok<Gb26875Frame>(readGb26875(writeGb26875(head)))).toEqual(head);
  });

  it.each([[[0, 0, 0, 0, 0, 0]], [[60, 0, 0, 1, 1, 26]], [[0, 0, 0, 31, 6, 26]], [[0, 0, 24, 1, 1, 26]]])(
    "has no time in %j",
    (time) => {
      expect(readTime(Uint8Array.from(time), 0)).toBeNaN();
    },
  );
});

describe("stream", () => {
  const frames = [fromHex(FIRE), frame(21, [1]), frame(2, component(0b10, 0x4040))];

  it("cuts frames that come byte by byte, and glued", () => {
    const wire = Buffer.concat(frames);
    const stream = gb26875Stream();
    expect([...wire].flatMap((byte) => stream.push(Uint8Array.of(byte))).map(hex)).toEqual(frames.map(hex));
    expect(gb26875Stream().push(wire).map(hex)).toEqual(frames.map(hex));
    expect([stream.skipped, stream.pending]).toEqual([0, 0]);
  });

  it("finds itself again after noise, a damaged frame and a length of garbage", () => {
    const damaged = Uint8Array.from(frames[0]);
    damaged[50] ^= 1;
    const stream = gb26875Stream();
    const found = stream.push(Buffer.concat([fromHex("400040"), damaged, ...frames]));
    expect(found.map(hex)).toEqual(frames.map(hex));
    const claim = Uint8Array.from(frames[0].subarray(0, 27));
    claim.set([0xff, 0x03], 24);
    expect(stream.push(Buffer.concat([claim, frames[1]]))).toEqual([]);
    expect(stream.stalled().map(hex)).toEqual([hex(frames[1])]);
  });
});

const why = whyNoFrames();
it.skipIf(why !== "")(`reads the published frame ${why}`, () => {
  const [published] = publishedFrames<{ frames: { hex: string; expect: { description_gbk: string } }[] }>(
    "gb26875.json",
  ).frames;
  expect(Object.fromEntries(samples(fromHex(published.hex))[0].values)).toMatchObject({
    fire: true,
    location: published.expect.description_gbk,
  });
});

it("survives every truncation and mutation", () => {
  for (const b of [fromHex(FIRE), frame(1, [1, 1, 1, 0]), frame(3, [1, 1, 42, 7, 0, 0, 0, 3, 1, 0]), frame(21, [1])])
    expect(unsoundness(gb26875, b, 3000, reseal)).toEqual([]);
});

function hex(b: Uint8Array): string {
  return Buffer.from(b).toString("hex").toUpperCase();
}
