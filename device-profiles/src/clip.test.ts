import { expect, it } from "vitest";
import { clipFrames, clipHead } from "./clip.ts";

const T = 1_763_776_800_000;
const jpeg = (n: number) => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(n, n)]);
const clip = (...pictures: [ts: number, picture: Buffer][]) =>
  Buffer.concat(pictures.flatMap(([ts, picture]) => [clipHead(ts, picture.length), picture]));

it("tells the pictures of a clip, in order", () => {
  const whole = clip([T, jpeg(10)], [T + 500, jpeg(20)], [T + 500, jpeg(30)]);
  const frames = clipFrames(whole);
  expect(frames?.map(({ ts, length }) => [ts - T, length])).toEqual([
    [0, 13],
    [500, 23],
    [500, 33],
  ]);
  for (const { at, length } of frames ?? []) expect(whole.subarray(at, at + length)[3]).toBe(length - 3);
});

it("refuses what is none: cut off anywhere, times that run back, other content, nothing", () => {
  const whole = clip([T, jpeg(10)], [T + 500, jpeg(20)]);
  expect(clipFrames(whole)).toHaveLength(2);
  for (let n = 0; n < whole.length; n++) if (n !== 25) expect(clipFrames(whole.subarray(0, n))).toBeNull();
  expect(clipFrames(clip([T, jpeg(10)], [T - 1, jpeg(10)]))).toBeNull();
  expect(clipFrames(clip([Number.NaN, jpeg(10)]))).toBeNull();
  expect(clipFrames(clip([T, Buffer.from("<script>")]))).toBeNull();
  const huge = clip([T, jpeg(10)]);
  huge.writeUInt32BE(0xffff_ffff, 0);
  expect(clipFrames(huge)).toBeNull();
});
