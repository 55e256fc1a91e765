import { describe, expect, it } from "vitest";
import { JpegSplitter } from "./jpeg-splitter.ts";

const jpeg = (...data: number[]) => Buffer.from([0xff, 0xd8, ...data, 0xff, 0xd9]);

describe("jpeg splitter", () => {
  const pictures = [jpeg(1, 2, 3), jpeg(), jpeg(0xff, 0, 0xd9, 7), jpeg(0xff, 0xff, 0)];
  const stream = Buffer.concat(pictures);

  it("cuts the same pictures however the stream is chopped", () => {
    for (let size = 1; size <= stream.length; size++) {
      const splitter = new JpegSplitter(100);
      const found: Buffer[] = [];
      for (let i = 0; i < stream.length; i += size) found.push(...splitter.push(stream.subarray(i, i + size)));
      expect(found.map((p) => p.toString("hex"))).toEqual(pictures.map((p) => p.toString("hex")));
    }
  });

  it("holds no more than one picture of the limit, and takes nothing but JPEG", () => {
    const splitter = new JpegSplitter(1000);
    splitter.push(Buffer.from([0xff, 0xd8]));
    const flood = () => {
      for (let i = 0; i < 20; i++) splitter.push(Buffer.alloc(100, 1));
    };
    expect(flood).toThrow(expect.objectContaining({ code: "too_large" }));
    const endless = () => new JpegSplitter(10).push(jpeg(...Buffer.alloc(20, 1)));
    expect(endless).toThrow(expect.objectContaining({ code: "too_large" }));
    const text = () => new JpegSplitter(100).push(Buffer.from([1, 2, 0xff, 0xd9]));
    expect(text).toThrow(expect.objectContaining({ code: "not_a_picture" }));
  });
});
