import { expect, it } from "vitest";
import { seaPath, seaPlace } from "./rooms.ts";

it("reads the room and what is selected in it from the address, and writes it back", () => {
  expect(seaPlace([])).toEqual({ room: "formations", rest: [], selection: null });
  expect(seaPlace(["vessel", "412000001"])).toMatchObject({ room: "formations", selection: { kind: "vessel", id: "412000001" } }); // prettier-ignore
  expect(seaPlace(["recall", "formation", "m-1"])).toMatchObject({ room: "recall", selection: { kind: "formation", id: "m-1" } }); // prettier-ignore
  expect(seaPlace(["receivers", "town", "ais-1"])).toMatchObject({ room: "receivers", rest: ["town", "ais-1"], selection: null }); // prettier-ignore
  for (const path of [[], ["vessel", "1"], ["recall"], ["recall", "event", "e1"], ["areas"]]) {
    const { room, selection } = seaPlace(path);
    expect(seaPath(room, selection)).toEqual(path);
  }
});
