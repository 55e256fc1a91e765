import { getContext, setContext } from "svelte";
import type { ShapePen } from "./shape-pen.svelte.ts";

/** Colour and line of a figure say what it is. */
export type Tone = "quiet" | "selected" | "added" | "removed" | "changed" | "problem" | "range" | "off";

/** A shape that a room puts on the map. */
export interface Figure {
  readonly id: string;
  readonly tone: Tone;
  /** GeoJSON Polygon or MultiPolygon */
  readonly geometry: unknown;
  readonly dashed?: boolean;
}
/** A place that a room puts on the map; can be focused and pressed. */
export interface Pin {
  readonly id: string;
  readonly lon: number;
  readonly lat: number;
  readonly tone: Tone;
  /** what a reader says, and hover shows */
  readonly name: string;
  /** stands in the pin: a numeral or one sign */
  readonly text: string;
}
export type Focus =
  { readonly lon: number; readonly lat: number; readonly zoom: number } | { readonly geometry: unknown };

/** What the room beside the map shows on it. Rooms fill it and clear it when they go; the map draws it. */
export class Scene {
  figures = $state.raw<readonly Figure[]>([]);
  pins = $state.raw<readonly Pin[]>([]);
  onpin = $state.raw<((id: string) => void) | null>(null);
  /** the shape that is being drawn; while there is one, clicks on the map are its */
  pen = $state.raw<ShapePen | null>(null);
  /** MMSIs that stand out while all others step back; null = none do */
  stressed = $state.raw<ReadonlySet<number> | null>(null);
  /** where to look; another object moves the map once */
  focus = $state.raw<Focus | null>(null);

  clear(): void {
    this.figures = [];
    this.pins = [];
    this.onpin = null;
    this.pen = null;
    this.stressed = null;
  }
}

const KEY = Symbol("scene");

export function provideScene(scene: Scene): Scene {
  return setContext(KEY, scene);
}

export function useScene(): Scene {
  return getContext<Scene>(KEY);
}
