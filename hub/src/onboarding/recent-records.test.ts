import { expect, it } from "vitest";
import type { Message } from "../message.ts";
import { RecentRecords } from "./recent-records.ts";

const NOW = Date.UTC(2025, 10, 22);
const message = (rx: number, device: string, p: number, change: Partial<Message> = {}): Message => ({
  topic: `gridhub/v1/town/gw/d/${device}/t`,
  site: "town",
  edge: "gw",
  lane: "telemetry",
  device,
  payload: Buffer.from(JSON.stringify({ v: 1, r: [{ ts: rx, m: { p } }] })),
  rx,
  ...change,
});

it("keeps the newest records of each device and hands every message on", () => {
  const seen: Message[] = [];
  const recent = new RecentRecords({ each: 2, devices: 2, everyMs: 5 });
  const sink = recent.before({ accept: (m) => void seen.push(m), refuse: () => {} });
  const all = [
    message(NOW, "a", 1),
    message(NOW + 2, "a", 2), // too soon after the one before
    message(NOW + 10, "a", 3),
    message(NOW + 20, "a", 4),
    message(NOW + 30, "b", 5),
    message(NOW + 40, "b", 6, { lane: "raw" }),
    message(NOW + 50, "b", 7, { payload: Buffer.alloc(5000) }),
  ];
  for (const each of all) sink.accept(each, () => {});
  expect(seen).toEqual(all);
  expect(recent.of("town/a")).toEqual([
    { ts: NOW + 10, m: { p: 3 } },
    { ts: NOW + 20, m: { p: 4 } },
  ]);
  expect(recent.of("town/b")).toEqual([{ ts: NOW + 30, m: { p: 5 } }]);
  sink.accept(message(NOW + 60, "c", 8), () => {});
  expect(recent.of("town/a")).toEqual([]); // the one heard longest ago left
  expect(recent.of("town/c")).toHaveLength(1);
});
