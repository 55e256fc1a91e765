import { describe, expect, it } from "vitest";
import { crc16Modbus } from "../../codec/check.ts";
import { isRejection } from "../../rejection.ts";
import { fromHex, publishedFrames, unsoundness, whyNoFrames } from "../cn-frames.testing.ts";
import type { Sample } from "../field-protocol.ts";
import { readBcd, writeBcd } from "./bcd.ts";
import { sl651 } from "./decode.ts";
import { acknowledgeSl651, encodeSl651, EOT, type Sl651Report, withoutPassword } from "./encode.ts";
import { readSl651 } from "./frame.ts";
import { sl651Stream } from "./stream.ts";

const TIMED =
  "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F01707181100201900004026190000403923000104903812109903A421";
const KEEP_ALIVE = "7E7E01001234567812342F0008020003591011155111036BCA";

function samples(frame: Uint8Array): readonly Sample[] {
  const result = sl651.read(frame);
  if (isRejection(result)) throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

function reason(frame: Uint8Array): string {
  const result = sl651.read(frame);
  return isRejection(result) ? result.reason : "decoded";
}

function reseal(b: Uint8Array): Uint8Array {
  const crc = crc16Modbus(b, 0, b.length - 2);
  b[b.length - 2] = crc >> 8;
  b[b.length - 1] = crc & 0xff;
  return b;
}

const report: Sl651Report = {
  centre: 1,
  station: "3309220001",
  password: "A5C3",
  function: 0x32,
  serial: 7,
  sentAt: Date.parse("2026-08-01T04:00:12Z"),
  observedAt: Date.parse("2026-08-01T04:00:00Z"),
  elements: [
    { id: 0x39, length: 4, decimals: 3, value: 2.345 },
    { id: 0x26, length: 3, decimals: 1, value: 118.5 },
    { id: 0x38, length: 2, decimals: 2, value: 12.41 },
  ],
};

describe("reports", () => {
  it("reads level, rain and supply at the observation time of the station", () => {
    expect(samples(fromHex(TIMED))).toEqual([
      {
        ts: Date.parse("2017-07-18T03:00:00Z"),
        values: [
          ["rain_today", 4],
          ["rain_total", 4],
          ["water_level", 10.49],
          ["battery", 10.99],
        ],
      },
    ]);
  });

  it("is a sign of life without values: keep-alive", () => {
    expect(samples(fromHex(KEEP_ALIVE))).toEqual([{ ts: Date.parse("2059-10-11T07:51:11Z"), values: [] }]);
  });

  it("gives what was encoded: levels below the datum, missing values, m3/s and kPa in canonical units", () => {
    const elements = [
      { id: 0x39, length: 4, decimals: 3, value: -0.345 },
      { id: 0x20, length: 3, decimals: 1, value: null },
      { id: 0x27, length: 5, decimals: 3, value: 12.345 },
      { id: 0x58, length: 3, decimals: 2, value: 310.25 },
    ];
    expect(samples(encodeSl651({ ...report, elements }))[0].values).toEqual([
      ["water_level", -0.345],
      ["rain_today", null],
      ["flow", 12_345],
      ["pressure", 0.31025],
    ]);
  });

  it("reads the state word: mains, battery, door", () => {
    const frame = fromHex(encodedState("00000003"));
    expect(Object.fromEntries(samples(frame)[0].values)).toMatchObject({
      mains_failed: true,
      battery_low: true,
      fault: false,
      door_open: true,
    });
    expect(Object.fromEntries(samples(fromHex(encodedState("00000140")))[0].values)).toMatchObject({ fault: true });
    expect(Object.fromEntries(samples(fromHex(encodedState("00000080")))[0].values)).toMatchObject({
      door_open: false,
    });
  });

  it("gives twelve samples of an hourly report, the first at the observation time", () => {
    const rain = [0, 0, 0.2, 1.5, null, 25.4, 0, 0, 0, 0, 0, 0.1];
    const level = rain.map((_, i) => (i === 3 ? null : 1.2 + i / 100));
    const frame = encodeSl651({
      ...report,
      function: 0x34,
      hourly: new Map([
        [0xf4, rain],
        [0xf5, level],
      ]),
    });
    const hour = samples(frame);
    expect(hour.map((s) => s.ts - report.observedAt!)).toEqual(rain.map((_, i) => i * 300_000));
    expect(hour.map((s) => Object.fromEntries(s.values).rain)).toEqual(rain);
    expect(hour.map((s) => Object.fromEntries(s.values).relative_level)).toEqual(level);
    // the total and the battery are as new as the newest value
    expect(hour.map((s) => s.values.length)).toEqual([...new Array<number>(11).fill(2), 5]);
    expect(Object.fromEntries(hour[11].values)).toMatchObject({
      water_level: 2.345,
      rain_total: 118.5,
      battery: 12.41,
    });
  });

  it("takes the fixed size of hourly lists, whatever the station states", () => {
    const frame = encodeSl651({
      ...report,
      function: 0x34,
      hourly: new Map([[0xf5, new Array<number>(12).fill(0.5)]]),
    });
    const at = Buffer.from(frame).indexOf(Buffer.from([0xf5, 0xc0]));
    frame[at + 1] = 0x5c;
    expect(samples(reseal(frame))).toHaveLength(12);
  });

  it("gives the values of a uniform report at their steps", () => {
    const uniform = { stepMinutes: 5, values: [28.96, 28.97, null, 28.99] };
    const elements = [{ id: 0x39, length: 4, decimals: 3, value: null }];
    expect(samples(encodeSl651({ ...report, function: 0x31, elements, uniform }))).toEqual(
      uniform.values.map((value, i) => ({ ts: report.observedAt! + i * 300_000, values: [["water_level", value]] })),
    );
  });

  it("bounds the values of a uniform report", () => {
    const uniform = (n: number) => ({ stepMinutes: 1, values: new Array<number>(n).fill(1) });
    const elements = [{ id: 0x39, length: 1, decimals: 0, value: null }];
    const read = (n: number) => reason(encodeSl651({ ...report, function: 0x31, elements, uniform: uniform(n) }));
    expect([read(500), read(501)]).toEqual(["decoded", "frame_trailing"]);
  });

  it("keeps groups of several observation times apart", () => {
    const frame = withBody(report, "F1F133092200014 8F0F026080112003923000023 45F0F026080112053923000024 00");
    expect(samples(frame).map((s) => s.values[0][1])).toEqual([2.345, 2.4]);
    expect(samples(frame)[1].ts - samples(frame)[0].ts).toBe(300_000);
  });

  it("steps over elements of users and makers, and refuses those without a length", () => {
    expect(samples(withBody(report, "FF0119000001 38121241"))[0].values).toEqual([["battery", 12.41]]);
    expect(reason(withBody(report, "FD0819000001"))).toBe("frame_unsupported");
    expect(reason(withBody(report, "3923000023"))).toBe("frame_short");
  });

  it("refuses lists without a time", () => {
    expect(reason(withBody({ ...report, function: 0x31 }, "F0F02613011200 0418000005 392300002345"))).toBe(
      "time_invalid",
    );
    expect(reason(withBody({ ...report, function: 0x34 }, `F0F02608011260 F460${"00".repeat(12)}`))).toBe(
      "time_invalid",
    );
    expect(reason(withBody({ ...report, function: 0x31 }, "F0F02608011200 392300002345"))).toBe("frame_selector");
  });

  it("refuses frames of the centre", () => {
    expect(reason(fromHex("7E7E00123456780112343080080200035910111549471B75D4"))).toBe("frame_unsupported");
  });
});

describe("numbers", () => {
  it.each([
    ["00010490", 10_490],
    ["FF000345", -345],
    ["FFFFFFFF", Number.NaN],
    ["AAAAAA", Number.NaN],
    ["12", 12],
    ["FF", Number.NaN],
    ["", Number.NaN],
    ["0012345678901234", Number.NaN],
  ])("BCD %s is %d", (hex, value) => {
    expect(readBcd(fromHex(hex), 0, hex.length / 2)).toBe(value);
  });

  it.each([0, 7, 99_999_999, -1, -999_999, null])("writes %s and reads it again", (value) => {
    expect(readBcd(Uint8Array.from(writeBcd(value, 4)), 0, 4)).toBe(value ?? Number.NaN);
  });

  it("writes as missing what does not fit", () => {
    expect(writeBcd(100, 1)).toEqual([0xff]);
    expect(writeBcd(-1, 1)).toEqual([0xff]);
  });
});

describe("answers", () => {
  it("answers as the standard's examples do", () => {
    const test =
      "7E7E010012345678123430002B020003591011154947F1F1001234567848F0F0591011154920190000052619000005392300000127381211150320FA";
    expect(hex(acknowledgeSl651(fromHex(test))!)).toBe("7E7E00123456780112343080080200035910111549471B75D4");
    expect(hex(acknowledgeSl651(fromHex(TIMED))!)).toBe("7E7E00112233440503E83280080200341707181100161BE5D4");
  });

  it("can ask the station to hang up", () => {
    const answer = acknowledgeSl651(encodeSl651(report), EOT)!;
    expect(answer[answer.length - 3]).toBe(EOT);
    expect(readSl651(answer)).toMatchObject({ down: true, station: "3309220001", centre: 1, serial: 7 });
  });

  it("answers no keep-alive, no answer and nothing damaged", () => {
    expect(acknowledgeSl651(fromHex(KEEP_ALIVE))).toBeNull();
    expect(acknowledgeSl651(acknowledgeSl651(fromHex(TIMED))!)).toBeNull();
    expect(acknowledgeSl651(fromHex(TIMED.replace("A421", "A422")))).toBeNull();
  });

  it("blanks the password and stays intact", () => {
    const frame = encodeSl651(report);
    const kept = withoutPassword(frame);
    expect(hex(frame)).toContain("A5C3");
    expect(hex(kept)).not.toContain("A5C3");
    expect(samples(kept)).toEqual(samples(frame));
    expect(withoutPassword(frame.subarray(0, 5))).toHaveLength(5);
  });

  it("speaks of no password where it refuses or reads", () => {
    const frame = encodeSl651(report);
    const said = JSON.stringify([readSl651(frame), sl651.read(frame), sl651.read(frame.subarray(0, 30))]);
    expect(said.toUpperCase()).not.toContain("A5C3");
  });
});

describe("stream", () => {
  const frames = [encodeSl651(report), fromHex(KEEP_ALIVE), fromHex(TIMED)];

  it("cuts frames that come byte by byte, and glued", () => {
    const wire = Buffer.concat(frames);
    const single = sl651Stream();
    const found = [...wire].flatMap((byte) => single.push(Uint8Array.of(byte)));
    expect(found.map(hex)).toEqual(frames.map(hex));
    expect(sl651Stream().push(wire).map(hex)).toEqual(frames.map(hex));
    expect([single.frames, single.skipped, single.pending]).toEqual([3, 0, 0]);
  });

  it("finds itself again after garbage, a damaged frame and a lost beginning", () => {
    const damaged = encodeSl651(report);
    damaged[40] ^= 1;
    const stream = sl651Stream();
    const noise = [fromHex("7E007E7E7E00FF0D0A"), frames[0], damaged, frames[1], frames[2].subarray(9), frames[2]];
    expect(stream.push(Buffer.concat(noise)).map(hex)).toEqual(frames.map(hex));
    expect(stream.skipped).toBe(9 + damaged.length + frames[2].length - 9);
  });

  it("gives up a length of garbage when the sender pauses", () => {
    const stream = sl651Stream();
    const claim = Uint8Array.from(encodeSl651(report).subarray(0, 14));
    claim[11] = 0x0f;
    expect(stream.push(Buffer.concat([claim, frames[0]]))).toEqual([]);
    expect(stream.stalled().map(hex)).toEqual([hex(frames[0])]);
    expect(stream.pending).toBe(0);
  });

  it("holds no more than two of the longest frames", () => {
    const stream = sl651Stream();
    const claim = fromHex("7E7E0133092200011234320FFF02");
    for (let i = 0; i < 2000; i++) stream.push(claim);
    expect(stream.pending).toBeLessThan(4112);
    expect(stream.skipped).toBeGreaterThan(20_000);
  });
});

const why = whyNoFrames();
describe.skipIf(why !== "")(`published frames ${why}`, () => {
  interface Published {
    readonly hex: string;
    readonly func: string;
    readonly crc_ok: boolean;
  }
  const published = why === "" ? publishedFrames<{ frames: Published[] }>("sl651-2014.json").frames : [];

  it("reads those it supports, refuses the others and every wrong CRC", () => {
    const outcomes = published.map((f) => [f.func, f.crc_ok, reason(fromHex(f.hex))].join(" "));
    expect([...new Set(outcomes)]).toEqual([
      ...["0x2F", "0x30", "0x32", "0x33", "0x37", "0x39"].map((f) => `${f} true decoded`),
      ...["0x40", "0x42"].map((f) => `${f} true frame_unsupported`),
      ...["0x44", "0x46"].map((f) => `${f} true decoded`),
      ...["0x48", "0x36"].map((f) => `${f} true frame_unsupported`),
      "0x32 false frame_check",
    ]);
  });

  it("reads their values", () => {
    const values = (func: string) =>
      Object.fromEntries(samples(fromHex(published.find((f) => f.func === func)!.hex))[0].values);
    expect(values("0x30")).toEqual({ rain_today: 0.5, rain_total: 0.5, water_level: 0.127, battery: 11.15 });
    expect(values("0x33")).toEqual({ rain_today: 4, rain_total: 4, water_level: 10.49, battery: 11.02 });
    expect(values("0x37")).toEqual({ rain_today: 1.5, rain_total: 1.5, water_level: 0.122, battery: 11.08 });
    expect(values("0x39")).toEqual({ manual_report: "Q 1.234" });
    expect(values("0x44")).toMatchObject({ voltage: 2200.3, current: 2200.3 });
    expect(values("0x46")).toMatchObject({ fault: false, mains_failed: false, door_open: true });
  });

  it("survives every truncation and mutation of each", () => {
    for (const f of published) expect(unsoundness(sl651, fromHex(f.hex), 60, reseal), f.func).toEqual([]);
    expect(unsoundness(sl651, fromHex(TIMED), 5000, reseal)).toEqual([]);
  });
});

it("survives mutations of its own frames", () => {
  const uniform = { stepMinutes: 5, values: [28.96, 28.97] };
  const frames = [
    encodeSl651(report),
    encodeSl651({ ...report, function: 0x31, uniform }),
    encodeSl651({
      ...report,
      function: 0x34,
      hourly: new Map([
        [0xf4, [0.1]],
        [0xf5, [0.2]],
      ]),
    }),
  ];
  for (const frame of frames) expect(unsoundness(sl651, frame, 3000, reseal)).toEqual([]);
});

function encodedState(word: string): string {
  return hex(withBody({ ...report, function: 0x46 }, `4520${word}`));
}

/** A report with this body behind serial and time. */
function withBody(head: Sl651Report, body: string): Uint8Array {
  const bare = encodeSl651({ ...head, observedAt: undefined, elements: [], uniform: undefined });
  const bytes = fromHex(body);
  const frame = Uint8Array.from([...bare.subarray(0, -3), ...bytes, ...bare.subarray(-3)]);
  const length = 8 + bytes.length;
  frame[11] = length >> 8;
  frame[12] = length & 0xff;
  return reseal(frame);
}

function hex(b: Uint8Array): string {
  return Buffer.from(b).toString("hex").toUpperCase();
}
