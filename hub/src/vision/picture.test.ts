import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { ModelCard } from "./card.ts";
import { pictureSize, readPicture } from "./picture.ts";

const INPUT: ModelCard["input"] = {
  name: "image",
  width: 64,
  height: 64,
  dtype: "uint8",
  layout: "nhwc",
  colour: "rgb",
  mean: [0, 0, 0],
  std: [1, 1, 1],
  fit: "stretch",
  pad: 114,
};
const plain = (width: number, height: number, background = "#ff0000") =>
  sharp({ create: { width, height, channels: 3, background } });

/** A JPEG whose frame header claims another size than its data has. */
async function claiming(width: number, height: number): Promise<Buffer> {
  const jpeg = await plain(64, 64).jpeg().toBuffer();
  const sof = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt16BE(height, sof + 5);
  jpeg.writeUInt16BE(width, sof + 7);
  return jpeg;
}

describe("picture", () => {
  it("refuses a 100-megapixel picture before decoding it, JPEG and PNG", async () => {
    const bomb = await claiming(10_000, 10_000);
    expect(pictureSize(bomb)).toMatchObject({
      reason: "image_invalid",
      detail: "10000 x 10000 exceeds 16000000 pixels",
    });
    expect(await readPicture(bomb, INPUT)).toMatchObject({ reason: "image_invalid" });
    const png = await plain(10_000, 10_000).png().toBuffer();
    expect(png.length).toBeLessThan(2_000_000);
    expect(await readPicture(png, INPUT)).toMatchObject({ reason: "image_invalid" });
  });

  it("refuses truncated pictures, text, nothing, other formats and a header without a picture", async () => {
    const noise = Buffer.from(Array.from({ length: 320 * 240 * 3 }, (_, i) => (i * 7919) % 251));
    const jpeg = await sharp(noise, { raw: { width: 320, height: 240, channels: 3 } })
      .jpeg()
      .toBuffer();
    const bad = [
      jpeg.subarray(0, jpeg.length >> 1),
      jpeg.subarray(0, 300),
      Buffer.from("GIF89a or any other text that is long enough"),
      Buffer.alloc(0),
      await plain(64, 64).webp().toBuffer(),
      Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 100, 0, 100, 3]),
    ];
    for (const bytes of bad)
      expect(await readPicture(bytes, INPUT), `${bytes.length} bytes`).toMatchObject({ reason: "image_invalid" });
    expect(await readPicture(jpeg, INPUT)).toHaveProperty("tensor");
  });

  it("stretches, and maps back to pixels of the original", async () => {
    const picture = await readPicture(await plain(320, 160).png().toBuffer(), INPUT);
    expect(picture).toMatchObject({ width: 320, height: 160, scaleX: 5, scaleY: 2.5, dims: [1, 64, 64, 3] });
  });

  it("letterboxes with borders right and below, BGR planes and normalised floats where the card says so", async () => {
    const input: ModelCard["input"] = {
      ...INPUT,
      dtype: "float32",
      layout: "nchw",
      colour: "bgr",
      mean: [0, 0, 55],
      std: [1, 1, 2],
      fit: "letterbox",
    };
    const picture = await readPicture(await plain(128, 64).png().toBuffer(), input);
    if ("reason" in picture) throw new Error(picture.detail);
    expect(picture).toMatchObject({ scaleX: 2, scaleY: 2, dims: [1, 3, 64, 64] });
    const at = (c: number, x: number, y: number) => picture.tensor[c * 4096 + y * 64 + x];
    // red: first plane is blue, the last one red, (255 - 55) / 2
    expect([at(0, 5, 5), at(1, 5, 5), at(2, 5, 5)]).toEqual([0, 0, 100]);
    expect([at(0, 5, 40), at(2, 5, 40)]).toEqual([114, 29.5]);
  });

  it("reads grey and transparent pictures", async () => {
    const grey = await plain(64, 64).greyscale().jpeg().toBuffer();
    const clear = await sharp({ create: { width: 64, height: 64, channels: 4, background: "#00ff0080" } })
      .png()
      .toBuffer();
    for (const bytes of [grey, clear])
      expect(await readPicture(bytes, INPUT)).toHaveProperty("tensor.length", 64 * 64 * 3);
  });
});
