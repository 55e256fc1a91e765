import { expect, it } from "vitest";
import type { Device } from "../device.ts";
import { PlaceRevisions } from "./place-revisions.ts";

const of = (kind: string, lon: number | null = 122, title = "") =>
  ({ profile: { kind }, lon, lat: 30, title }) as unknown as Device;

it("counts by kind what is made, moved, renamed or turned into another kind, and nothing else", () => {
  const places = new PlaceRevisions();
  const kinds = () => [places.of("hydrant"), places.of("camera")];
  places.note(of("hydrant"), of("hydrant"));
  expect(kinds()).toEqual([0, 0]);
  places.note(of("hydrant", null), of("hydrant"));
  places.note(of("hydrant"), of("hydrant", 122.1));
  places.note(of("hydrant"), of("hydrant", 122, "at the gate"));
  expect(kinds()).toEqual([3, 0]);
  places.note(of("hydrant"), of("camera"));
  expect(kinds()).toEqual([4, 1]);
  places.changed();
  expect(kinds()).toEqual([5, 2]);
});
