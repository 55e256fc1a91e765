import type L from "leaflet";
import type { Palette } from "./palette.ts";

/** Draws and edits a shape on the map while it is attached. */
export interface ShapePen {
  /** @returns takes it off again */
  attach(map: L.Map, palette: Palette): () => void;
}
