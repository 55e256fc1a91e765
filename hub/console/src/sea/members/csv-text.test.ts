import { expect, it } from "vitest";
import { csvText } from "./csv-text.ts";

it("reads tables as UTF-8 with or without a mark, and as GB18030; what is neither is said", async () => {
  expect(await csvText(new Blob(["\uFEFFmmsi,编组"]))).toBe("mmsi,编组");
  expect(await csvText(new Blob([new Uint8Array([0x6d, 0x2c, 0xb1, 0xe0, 0xd7, 0xe9])]))).toBe("m,编组");
  expect(await csvText(new Blob([new Uint8Array([0xff, 0xff, 0xff])]))).toBeNull();
});
