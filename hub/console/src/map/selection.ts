/** What the room looks at: one thing at a time, on the map and in the panel alike. */
export type Selection =
  | { readonly kind: "event"; readonly id: string }
  | { readonly kind: "device"; readonly id: string }
  | { readonly kind: "vessel"; readonly id: string }
  | { readonly kind: "formation"; readonly id: string };

/** From the address: `["event", "0193..."]`, `["device", "site", "name"]`. */
export function selectionOf(rest: readonly string[]): Selection | null {
  const [kind, ...id] = rest;
  if (id.length === 0) return null;
  if (kind === "event" || kind === "device" || kind === "vessel" || kind === "formation")
    return { kind, id: id.join("/") };
  return null;
}

export function pathOf(selection: Selection | null): string[] {
  return selection === null ? [] : [selection.kind, ...selection.id.split("/")];
}
