import { describe, expect, it } from "vitest";
import { isRejection, type Rejection } from "../../rejection.ts";
import { fromHex, publishedFrames, unsoundness, whyNoFrames } from "../cn-frames.testing.ts";
import type { Sample } from "../field-protocol.ts";
import { anonymous, generalResponse, jt808, MESSAGE, registerResponse, RESULT } from "./decode.ts";
import { type Jt808Frame, readJt808, writeJt808 } from "./frame.ts";
import { type PositionReport, writePosition } from "./position.ts";
import { jt808Stream } from "./stream.ts";

const POSITION =
  "7E02000026123456789012007D02000000010000000200BA7F0E07E4F11C0028003C00001810151010100104000000640202007D01137E";
const HEARTBEAT = "7E00020000012345678900000A817E";
const TERMINAL = "013900002201";

function samples(frame: Uint8Array): readonly Sample[] {
  return ok(jt808.read(frame));
}

function ok<T>(result: T | Rejection): T {
  if (isRejection(result)) throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

function reason(frame: Uint8Array): string {
  const result = jt808.read(frame);
  return isRejection(result) ? result.reason : "decoded";
}

const place: PositionReport = {
  ts: Date.parse("2026-08-01T04:00:12Z"),
  latitude: 30.725_51,
  longitude: 122.451_234,
  altitude: 12,
  speed: 10,
  course: 271,
  accOn: true,
  odometer: 1234.5,
};

function position(report: PositionReport, version: number | null = null): Uint8Array {
  return writeJt808({ message: MESSAGE.position, serial: 9, terminal: TERMINAL, version }, writePosition(report));
}

/** flags, escapes and XOR made right again around what stands between them */
function reseal(mutated: Uint8Array): Uint8Array {
  const inner = mutated.subarray(1, -2);
  const check = inner.reduce((x, y) => x ^ y, 0);
  const escape = (x: number) => (x === 0x7e ? [0x7d, 2] : x === 0x7d ? [0x7d, 1] : [x]);
  return Uint8Array.from([0x7e, ...[...inner, check].flatMap(escape), 0x7e]);
}

describe("positions", () => {
  it("reads the published example: escapes, alarm, place, time of Beijing, additional items", () => {
    expect(readJt808(fromHex(POSITION))).toMatchObject({ message: 0x0200, terminal: "123456789012", serial: 126 });
    const [{ ts, values }] = samples(fromHex(POSITION));
    expect(new Date(ts).toISOString()).toBe("2018-10-15T02:10:10.000Z");
    expect(Object.fromEntries(values)).toEqual({
      ...{ latitude: 12.222222, longitude: 132.444444, altitude: 40, speed: 60 / 36, course: 0, located: true },
      ...{ acc_on: false, sos: true, overspeed: false, fault: false, mains_low: false, mains_failed: false },
      ...{ collision: false, rollover: false, odometer: 10, fuel: 12.5 },
    });
  });

  it.each([null, 1])("gives what was encoded, edition %s", (version) => {
    const [{ ts, values }] = samples(position(place, version));
    expect(ts).toBe(place.ts);
    expect(Object.fromEntries(values)).toMatchObject({
      ...{ latitude: 30.72551, longitude: 122.451234, altitude: 12, speed: 10, course: 271 },
      ...{ acc_on: true, odometer: 1234.5, sos: false },
    });
  });

  it("reads south and west", () => {
    const [{ values }] = samples(position({ ...place, latitude: -33.5, longitude: -70.25 }));
    expect(Object.fromEntries(values)).toMatchObject({ latitude: -33.5, longitude: -70.25 });
  });

  it("gives no place without a fix, never 0, 0", () => {
    const [{ values }] = samples(position({ ...place, latitude: null, longitude: null }));
    expect(Object.fromEntries(values)).toMatchObject({
      ...{ latitude: null, longitude: null, altitude: null, speed: null, course: null, located: false },
      odometer: 1234.5,
    });
  });

  it("keeps the values of a report whose time is no date", () => {
    const body = writePosition(place);
    body[23] = 0x13;
    const [{ ts }] = samples(writeJt808({ message: MESSAGE.position, serial: 1, terminal: TERMINAL }, body));
    expect(ts).toBeNaN();
  });

  it("reads the positions that were kept in a tunnel, oldest first", () => {
    const bodies = [2, 0, 1].map((i) => writePosition({ ...place, ts: place.ts + i * 30_000 }));
    const batch = samples(writeJt808({ message: MESSAGE.positions, serial: 1, terminal: TERMINAL }, batchOf(bodies)));
    expect(batch.map((s) => s.ts - place.ts)).toEqual([0, 30_000, 60_000]);
    const cut = batchOf(bodies).slice(0, -1);
    expect(reason(writeJt808({ message: MESSAGE.positions, serial: 1, terminal: TERMINAL }, cut))).toBe("frame_short");
    const long = [...batchOf(bodies), 0];
    expect(reason(writeJt808({ message: MESSAGE.positions, serial: 1, terminal: TERMINAL }, long))).toBe(
      "frame_trailing",
    );
  });

  it("refuses a body that ends inside the position; what no item fits into does not cost the position", () => {
    const body = writePosition(place);
    const cut = (n: number) =>
      writeJt808({ message: MESSAGE.position, serial: 1, terminal: TERMINAL }, body.subarray(0, n));
    expect(reason(cut(27))).toBe("frame_short");
    for (const n of [28, 29, 33]) expect(Object.fromEntries(samples(cut(n))[0].values)).not.toHaveProperty("odometer");
    expect(Object.fromEntries(samples(cut(34))[0].values)).toMatchObject({ latitude: 30.72551, odometer: 1234.5 });
  });
});

describe("other messages", () => {
  const message = (id: number) => writeJt808({ message: id, serial: 1, terminal: TERMINAL }, []);

  it("takes heartbeat, registration and log-in as signs of life", () => {
    expect(samples(fromHex(HEARTBEAT))).toEqual([{ ts: 0, values: [] }]);
    for (const id of [MESSAGE.register, MESSAGE.authenticate, MESSAGE.logout])
      expect(reason(message(id))).toBe("decoded");
  });

  it("says which ones it does not know", () => {
    expect(jt808.read(message(0x0702))).toMatchObject({
      reason: "frame_unsupported",
      detail: "message 0x0702 is not supported",
    });
  });

  it("refuses encrypted and split ones", () => {
    const head = [0x02, 0x00, 0x04, 0x00, 0x01, 0x39, 0x00, 0x00, 0x22, 0x01, 0x00, 0x01, 0, 0];
    expect(reason(reseal(Uint8Array.from([0x7e, ...head.slice(0, 12), 0, 0x7e])))).toBe("frame_unsupported");
    head[2] = 0x20;
    const split = [...head.slice(0, 12), 0, 3, 0, 1];
    expect(reason(reseal(Uint8Array.from([0x7e, ...split, 0, 0x7e])))).toBe("frame_unsupported");
  });
});

describe("answers", () => {
  const frame = ok<Jt808Frame>(readJt808(position(place, 1)));

  it("confirms by serial and message, in the edition of the terminal", () => {
    const answer = ok<Jt808Frame>(readJt808(generalResponse(frame, 4, RESULT.ok)));
    expect(answer).toMatchObject({ message: 0x8001, serial: 4, terminal: frame.terminal, version: 1 });
    expect([...answer.body]).toEqual([0, 9, 0x02, 0x00, 0]);
  });

  it("admits or refuses a registration", () => {
    const admitted = ok<Jt808Frame>(readJt808(registerResponse(frame, 4, "bus-7")));
    expect(Buffer.from(admitted.body.subarray(3)).toString()).toBe("bus-7");
    expect([...ok<Jt808Frame>(readJt808(registerResponse(frame, 4, null))).body]).toEqual([0, 9, 4]);
  });
});

it("keeps neither the terminal's number nor bodies that speak of persons", () => {
  const kept = anonymous(ok<Jt808Frame>(readJt808(position(place))));
  expect(samples(kept)).toEqual(samples(position(place)));
  expect(ok<Jt808Frame>(readJt808(kept)).terminal).toBe("000000000000");
  const driver = writeJt808({ message: 0x0702, serial: 1, terminal: TERMINAL }, Buffer.from("ZHANG SAN"));
  expect(ok<Jt808Frame>(readJt808(anonymous(ok<Jt808Frame>(readJt808(driver))))).body).toHaveLength(0);
});

describe("stream", () => {
  const frames = [fromHex(POSITION), fromHex(HEARTBEAT), position({ ...place, altitude: 0x7e7d })];

  it("cuts frames that come byte by byte, and glued", () => {
    const wire = Buffer.concat(frames);
    const stream = jt808Stream();
    expect([...wire].flatMap((byte) => stream.push(Uint8Array.of(byte))).map(hex)).toEqual(frames.map(hex));
    expect(jt808Stream().push(wire).map(hex)).toEqual(frames.map(hex));
    expect([stream.skipped, stream.pending]).toEqual([0, 0]);
  });

  it("finds itself again after a lost end, a lost beginning and noise", () => {
    const stream = jt808Stream();
    const noise = [
      frames[0].subarray(0, -1),
      frames[0],
      frames[1].subarray(3),
      frames[1],
      fromHex("0D0A7D"),
      frames[2],
    ];
    expect(stream.push(Buffer.concat(noise)).map(hex)).toEqual(frames.map(hex));
  });

  it("is bounded", () => {
    const stream = jt808Stream();
    stream.push(Uint8Array.of(0x7e, ...new Array<number>(50_000).fill(1)));
    expect(stream.pending).toBeLessThan(4200);
  });
});

const why = whyNoFrames();
describe.skipIf(why !== "")(`published frames ${why}`, () => {
  interface Published {
    readonly hex: string;
    readonly msg_id: string;
    readonly bcc_ok: boolean;
  }
  const published = why === "" ? publishedFrames<{ frames: Published[] }>("jt808.json").frames : [];

  it("reads the positions, refuses every wrong check and names what it does not support", () => {
    for (const { hex: text, msg_id, bcc_ok } of published) {
      const found = reason(fromHex(text));
      if (!bcc_ok) expect(["frame_check", "frame_marker", "frame_short"], `${msg_id} ${text}`).toContain(found);
      else if (text.slice(2, -2).includes("7E7E")) expect(found).toBe("frame_marker");
      else expect(["decoded", "frame_unsupported"], `${msg_id} ${text}`).toContain(found);
      if (bcc_ok && msg_id === "0x0200") expect(found, text).toBe("decoded");
    }
    expect(published.filter((f) => reason(fromHex(f.hex)) === "decoded").length).toBeGreaterThan(10);
  });

  it("finds places on earth and dates in them", () => {
    for (const { hex: text } of published.filter((f) => f.bcc_ok && f.msg_id === "0x0200")) {
      const [{ ts, values }] = samples(fromHex(text));
      const { latitude, longitude } = Object.fromEntries(values);
      expect(latitude, text).toBeGreaterThan(10);
      expect(longitude, text).toBeGreaterThan(70);
      expect(new Date(ts).getUTCFullYear(), text).toBeGreaterThan(2010);
    }
  });

  it("survives every truncation and mutation of each", () => {
    for (const f of published) expect(unsoundness(jt808, fromHex(f.hex), 40, reseal), f.hex).toEqual([]);
    expect(unsoundness(jt808, fromHex(POSITION), 4000, reseal)).toEqual([]);
  });
});

function batchOf(bodies: readonly Uint8Array[]): number[] {
  return [0, bodies.length, 1, ...bodies.flatMap((b) => [b.length >> 8, b.length & 0xff, ...b])];
}

function hex(b: Uint8Array): string {
  return Buffer.from(b).toString("hex").toUpperCase();
}
