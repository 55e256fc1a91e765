import { expect, it } from "vitest";
import { startOfDay } from "./local-day.ts";

const at = (iso: string) => Date.parse(iso);

it("finds local midnight, also on days when the clocks change", () => {
  expect(startOfDay(at("2026-03-01T15:59:59.999Z"), "Asia/Shanghai")).toBe(at("2026-02-28T16:00:00Z"));
  expect(startOfDay(at("2026-03-01T16:00:00Z"), "Asia/Shanghai")).toBe(at("2026-03-01T16:00:00Z"));
  expect(startOfDay(at("2026-03-29T12:00:00Z"), "Europe/Berlin")).toBe(at("2026-03-28T23:00:00Z"));
  expect(startOfDay(at("2026-10-25T12:00:00Z"), "Europe/Berlin")).toBe(at("2026-10-24T22:00:00Z"));
  expect(startOfDay(at("2026-03-01T00:00:00.001Z"), "UTC")).toBe(at("2026-03-01T00:00:00Z"));
});
