import { expect, it } from "vitest";
import { fromField, toField } from "./local-time.ts";

it("turns time into a field of Asia/Shanghai and back, to the minute", () => {
  const ts = Date.UTC(2026, 10, 22, 16, 30);
  expect(toField(ts + 12_345)).toBe("2026-11-23T00:30");
  expect(fromField("2026-11-23T00:30")).toBe(ts);
  expect(fromField("")).toBeNull();
});
