import { expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { Registry } from "../registry/registry.ts";
import { carriesOthers } from "./visible.ts";

it("tells a gateway from a device that speaks for itself", () => {
  const devices: Record<string, readonly string[]> = {
    "town/gw": ["h1", "h2"],
    "town/new": [],
    "town/h7": ["h7"],
    "town/one": ["h9"],
    "town/pair": ["pair", "h8"],
  };
  const registry = {
    devicesOf: (key: string) => new Map(devices[key].map((id) => [id, {} as Device])),
  } as unknown as Registry;
  expect(Object.keys(devices).filter((key) => carriesOthers(key, registry))).toEqual([
    "town/gw",
    "town/new",
    "town/one",
    "town/pair",
  ]);
});
