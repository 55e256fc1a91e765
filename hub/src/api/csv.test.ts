import { describe, expect, it } from "vitest";
import { csv } from "./csv.ts";

describe("csv", () => {
  it("begins with the mark that Excel wants and quotes what needs it", () => {
    expect(
      csv(
        ["名称", "n"],
        [
          ['a "b", c', 1],
          ["two\nlines", null],
        ],
      ),
    ).toBe('\uFEFF名称,n\r\n"a ""b"", c",1\r\n"two\nlines",\r\n');
  });

  it.each(["=1+1", "+1", "-1", "@x", "\t=1"])("does not let %j be a formula", (text) => {
    expect(csv([], [[text]])).toContain(`'${text}`);
  });

  it("leaves numbers alone, negative ones too", () => {
    expect(csv(["n"], [[-3.5]])).toContain("\r\n-3.5\r\n");
  });
});
