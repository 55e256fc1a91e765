import { pathOf, type Selection, selectionOf } from "../map/selection.ts";

/** The rooms of the maritime desk; each has its part of the address. */
export const ROOMS = ["formations", "recall", "areas", "receivers", "grids"] as const;
export type Room = (typeof ROOMS)[number];

export interface SeaPlace {
  readonly room: Room;
  /** what follows the room, e.g. the id of an area */
  readonly rest: readonly string[];
  readonly selection: Selection | null;
}

/** `[]` and `["vessel", "412..."]` are the formations'; `["recall", "formation", "m-1"]` and `["areas", "a-1"]` name their room. */
export function seaPlace(rest: readonly string[]): SeaPlace {
  const room = ROOMS.find((r) => r === rest[0]);
  const inside = room === undefined ? rest : rest.slice(1);
  return { room: room ?? "formations", rest: inside, selection: selectionOf(inside) };
}

export function seaPath(room: Room, selection: Selection | null): string[] {
  return [...(room === "formations" ? [] : [room]), ...pathOf(selection)];
}
