import { describe, expect, it } from "vitest";
import { parseDemoArguments } from "./arguments.ts";

describe("the demo's arguments", () => {
  it("have defaults", () => {
    expect(parseDemoArguments([])).toEqual({
      seconds: null,
      json: false,
      port: null,
      mqttPort: null,
      keep: null,
      seed: "shengsi",
      vision: true,
    });
  });

  it("read what is given", () => {
    expect(parseDemoArguments(["--seconds", "60", "--json", "--port", "8090", "--no-vision"])).toMatchObject({
      seconds: 60,
      json: true,
      port: 8090,
      vision: false,
    });
    expect(parseDemoArguments(["--keep"])).toMatchObject({ keep: ".gridhub/demo" });
    expect(parseDemoArguments(["--keep", "--seed", "x"])).toMatchObject({ keep: ".gridhub/demo", seed: "x" });
    expect(parseDemoArguments(["--keep", "d"])).toMatchObject({ keep: "d" });
    expect(parseDemoArguments(["--help"])).toBe("help");
  });

  it.each([["--seconds=x"], ["--seconds=0"], ["--json"], ["--port=70000"], ["--unknown"], ["--port"]])(
    "refuse %s",
    (arg) => {
      expect(parseDemoArguments([arg])).toHaveProperty("problem");
    },
  );
});
