/* eslint-disable svelte/prefer-svelte-reactivity -- handles are Leaflet's, nothing watches them */
import L from "leaflet";
import type { Drawing } from "./drawing.svelte.ts";
import type { Palette } from "./palette.ts";
import { PatientCanvas } from "./patient-canvas.ts";
import { type Corner, metres, middleAfter, type Point, pointAt } from "./shape.ts";

/** More corners in view than this are not drawn as handles: nobody could grasp them. */
const HANDLES = 160;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The words of the handles. */
export interface PenWords {
  corner(n: number): string;
  readonly centre: string;
  readonly radius: string;
}

/** Draws and edits a {@link Drawing} on the map while it is attached: by mouse, touch and keyboard. */
export class ShapePen {
  readonly #drawing: Drawing;
  readonly #words: PenWords;
  /** handles in view; null = too many to show */
  handles = $state<number | null>(0);

  constructor(drawing: Drawing, words: PenWords) {
    this.#drawing = drawing;
    this.#words = words;
  }

  /** Call from an effect: it ends with it. @returns takes the pen off again */
  attach(map: L.Map, c: Palette): () => void {
    const drawing = this.#drawing;
    const renderer = new PatientCanvas({ pane: "figures", padding: 0.3 });
    const lines = L.layerGroup().addTo(map);
    const rubber = L.layerGroup().addTo(map);
    const grips = new Grips(map, drawing, this.#words);
    let pointer: Point | null = null;
    const style = { renderer, pane: "figures", interactive: false, smoothFactor: 0 } as const;
    const flat = (ring: readonly Point[]) => ring.map(([lon, lat]): L.LatLngTuple => [lat, lon]);

    const drawShape = () => {
      lines.clearLayers();
      const bad = drawing.crossings;
      const color = bad.length > 0 ? c.off : c.acc;
      for (const polygon of drawing.shape)
        lines.addLayer(L.polygon(polygon.map(flat), { ...style, color, weight: 2, fillColor: color, fillOpacity: 0.12 })); // prettier-ignore
      for (const { at, sides } of bad) {
        for (const side of sides) lines.addLayer(L.polyline(flat(side), { ...style, color: c.s1, weight: 4 }));
        lines.addLayer(L.circleMarker([at[1], at[0]], { ...style, radius: 8, color: c.s1, weight: 3, fill: false }));
      }
    };
    const drawRubber = () => {
      rubber.clearLayers();
      const { points, tool } = drawing;
      const [first] = points;
      const last = points.at(-1);
      if (first === undefined || last === undefined) return;
      const line = { ...style, color: drawing.crossings.length > 0 ? c.off : c.acc, weight: 2 };
      if (tool === "polygon") {
        rubber.addLayer(L.polyline(flat(points), line));
        const end = pointer ?? last;
        rubber.addLayer(L.polyline(flat([last, end, first]), { ...line, weight: 1, dashArray: "4 5" }));
        for (const [lon, lat] of points)
          rubber.addLayer(L.circleMarker([lat, lon], { ...style, radius: 4, color: c.acc, fillColor: c.panel, fillOpacity: 1 })); // prettier-ignore
      } else {
        const radius = pointer === null ? 0 : metres(first, pointer);
        rubber.addLayer(L.circle([first[1], first[0]], { ...line, radius, dashArray: "4 5", fillOpacity: 0.08 }));
        rubber.addLayer(L.circleMarker([first[1], first[0]], { ...style, radius: 4, color: c.acc, fillOpacity: 1 }));
      }
    };

    const tap = (e: L.LeafletMouseEvent) => {
      const { points, tool } = drawing;
      const [first] = points;
      // a click on the first corner closes the ring
      if (tool === "polygon" && first !== undefined && points.length > 2) {
        const at = map.latLngToContainerPoint([first[1], first[0]]);
        if (at.distanceTo(e.containerPoint) < 12) return void drawing.finish();
      }
      drawing.tap([e.latlng.lng, e.latlng.lat]);
    };
    const over = (e: L.LeafletMouseEvent) => {
      if (drawing.tool === "edit") return;
      pointer = [e.latlng.lng, e.latlng.lat];
      drawRubber();
    };
    // A double click is two clicks before: the second corner of the pair is one too many.
    const double = () => {
      if (drawing.tool !== "polygon" || drawing.points.length < 4) return;
      drawing.undo();
      drawing.finish();
    };
    const key = (e: KeyboardEvent) => {
      // a dialog over the map has the keys
      if (document.querySelector("dialog[open]") !== null) return;
      if ((e.target as HTMLElement).closest("input, select, textarea") !== null) return;
      const drawsOnMap = e.target === map.getContainer() && drawing.tool !== "edit";
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "z") {
        if (e.shiftKey) drawing.redo();
        else drawing.undo();
      } else if (e.key === "Escape") drawing.cancel();
      else if (drawsOnMap && e.key === "Enter") drawing.finish();
      else if (drawsOnMap && e.key === "Backspace") drawing.undo();
      else if (drawsOnMap && e.key === " ") drawing.tap([map.getCenter().lng, map.getCenter().lat]);
      else return;
      e.preventDefault();
      e.stopPropagation();
    };
    const zoomed = map.doubleClickZoom.enabled();
    map.doubleClickZoom.disable();
    map.on("click", tap);
    map.on("mousemove", over);
    map.on("dblclick", double);
    const fit = () => (this.handles = grips.show(drawing.selected));
    map.on("moveend zoomend", fit);
    document.addEventListener("keydown", key, true);

    $effect(drawShape);
    $effect(drawRubber);
    $effect(() => {
      void [drawing.shape, drawing.tool, drawing.circle];
      this.handles = grips.show(drawing.selected);
    });
    $effect(() => {
      map.getContainer().classList.toggle("drawing", drawing.tool !== "edit");
    });

    return () => {
      if (zoomed) map.doubleClickZoom.enable();
      map.off("click", tap);
      map.off("mousemove", over);
      map.off("dblclick", double);
      map.off("moveend zoomend", fit);
      document.removeEventListener("keydown", key, true);
      map.getContainer().classList.remove("drawing");
      grips.clear();
      lines.remove();
      rubber.remove();
    };
  }
}

/** What can be taken hold of: corners and the middles between them, or centre and radius of a circle. */
class Grips {
  readonly #map: L.Map;
  readonly #drawing: Drawing;
  readonly #words: PenWords;
  readonly #markers = new Map<string, L.Marker>();
  #dragging = false;

  constructor(map: L.Map, drawing: Drawing, words: PenWords) {
    this.#map = map;
    this.#drawing = drawing;
    this.#words = words;
  }

  /** @returns how many corners can be taken hold of; null = too many for that */
  show(selected: Corner | null): number | null {
    const drawing = this.#drawing;
    if (this.#dragging) return drawing.corners.length;
    const wanted = new Map<string, { at: Point; make: () => L.Marker }>();
    const { circle } = drawing;
    let count: number | null = 0;
    if (drawing.tool === "edit" && circle !== null) {
      const { centre, radius } = circle;
      const rim: Point = [centre[0] + radius / (111_195 * Math.cos((centre[1] * Math.PI) / 180)), centre[1]];
      wanted.set("centre", { at: centre, make: () => this.#grip("corner centre", this.#words.centre, (p, done) => drawing.setCircle({ ...(drawing.circle ?? circle), centre: p }, done)) }); // prettier-ignore
      wanted.set("rim", { at: rim, make: () => this.#grip("corner", this.#words.radius, (p, done) => drawing.setCircle({ centre, radius: metres(centre, p) }, done)) }); // prettier-ignore
      count = 2;
    } else if (drawing.tool === "edit") {
      const view = this.#map.getBounds().pad(0.1);
      const seen = drawing.corners.filter((corner) => {
        const p = pointAt(drawing.shape, corner);
        return p !== undefined && view.contains([p[1], p[0]]);
      });
      count = seen.length > HANDLES ? null : seen.length;
      if (count !== null) for (const corner of seen) this.#want(wanted, corner);
    }
    const focused = [...this.#markers].find(([, m]) => m.getElement() === document.activeElement)?.[0];
    for (const [key, marker] of this.#markers)
      if (!wanted.has(key)) {
        marker.remove();
        this.#markers.delete(key);
      }
    for (const [key, { at, make }] of wanted) {
      const marker = this.#markers.get(key) ?? make();
      this.#markers.set(key, marker.setLatLng([at[1], at[0]]));
      if (!this.#map.hasLayer(marker)) marker.addTo(this.#map);
      this.#name(key, marker);
      marker.getElement()?.classList.toggle("on", selected !== null && key === `c${selected.join(".")}`);
    }
    // the corner that took the place of a removed one has the focus
    if (focused !== undefined && selected !== null) this.#markers.get(`c${selected.join(".")}`)?.getElement()?.focus({ preventScroll: true }); // prettier-ignore
    return count;
  }

  clear(): void {
    for (const marker of this.#markers.values()) marker.remove();
    this.#markers.clear();
  }

  #want(wanted: Map<string, { at: Point; make: () => L.Marker }>, corner: Corner): void {
    const drawing = this.#drawing;
    const at = pointAt(drawing.shape, corner);
    const middle = middleAfter(drawing.shape, corner);
    if (at === undefined || middle === undefined) return;
    const key = corner.join(".");
    wanted.set(`c${key}`, {
      at,
      make: () => this.#grip("corner", this.#words.corner(corner[2] + 1), (p, done) => drawing.move(corner, p, done), corner), // prettier-ignore
    });
    wanted.set(`m${key}`, { at: middle, make: () => this.#middle(corner) });
  }

  #grip(className: string, name: string, move: (p: Point, done: boolean) => void, corner?: Corner): L.Marker {
    const drawing = this.#drawing;
    const icon = L.divIcon({ className: `shape-${className}`, iconSize: [16, 16], html: "" });
    const marker = L.marker([0, 0], { icon, draggable: true, keyboard: true, autoPanOnFocus: false, alt: name });
    const here = (): Point => [marker.getLatLng().lng, marker.getLatLng().lat];
    marker.on("dragstart", () => (this.#dragging = true));
    marker.on("drag", () => move(here(), false));
    marker.on("dragend", () => {
      this.#dragging = false;
      move(here(), true);
    });
    if (corner !== undefined) marker.on("click", () => drawing.select(corner));
    marker.on("keydown", (k) => {
      const e = (k as unknown as { originalEvent: KeyboardEvent }).originalEvent;
      const arrow = ARROWS[e.key];
      if (arrow !== undefined) {
        const step = e.shiftKey ? 20 : 2;
        const px = this.#map.latLngToContainerPoint(marker.getLatLng()).add([arrow[0] * step, arrow[1] * step]);
        const to = this.#map.containerPointToLatLng(px);
        move([to.lng, to.lat], true);
      } else if (corner !== undefined && (e.key === "Delete" || e.key === "Backspace")) drawing.remove(corner);
      else if (corner !== undefined && (e.key === "Insert" || e.key === "+")) drawing.insert(corner);
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
    marker.on("add", () => {
      const element = marker.getElement();
      element?.setAttribute("aria-label", name);
      element?.addEventListener("focus", () => corner !== undefined && drawing.select(corner));
    });
    return marker;
  }

  /** Half way between two corners: dragged or pressed it becomes one. The keyboard inserts from the corner itself. */
  #middle(corner: Corner): L.Marker {
    const drawing = this.#drawing;
    const icon = L.divIcon({ className: "shape-middle", iconSize: [12, 12], html: "" });
    const marker = L.marker([0, 0], { icon, draggable: true, keyboard: false });
    const here = (): Point => [marker.getLatLng().lng, marker.getLatLng().lat];
    marker.on("dragstart", () => (this.#dragging = true));
    marker.on("dragend", () => {
      this.#dragging = false;
      drawing.insert(corner, here());
    });
    marker.on("click", () => drawing.insert(corner));
    marker.on("add", () => marker.getElement()?.setAttribute("aria-hidden", "true"));
    return marker;
  }

  #name(key: string, marker: L.Marker): void {
    const element = marker.getElement();
    if (element !== undefined && element.dataset.grip !== key) element.dataset.grip = key;
  }
}
