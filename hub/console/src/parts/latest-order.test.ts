import { expect, it } from "vitest";
import { latestInOrder } from "./latest-order.ts";

it("shows what a device measures before how it is itself", () => {
  const reading = (metric: string, value: number | boolean) => ({
    metric,
    value,
    title: "",
    unit: "",
    ts: 0,
    quality: 0,
  });
  const latest = [
    reading("battery", 3.6),
    reading("cap_open", false),
    reading("fault", false),
    reading("pressure", 0.2),
  ];
  expect(latestInOrder(latest).map((r) => r.metric)).toEqual(["pressure", "cap_open", "battery", "fault"]);
});
