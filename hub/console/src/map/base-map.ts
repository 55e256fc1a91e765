import L from "leaflet";
import { PatientCanvas } from "./patient-canvas.ts";

/** The panes of our layers, from the bottom; Leaflet's markers lie at 600. */
const PANES = { land: 200, figures: 405, devices: 410, vessels: 420, labels: 430 } as const;

export interface BaseMap {
  readonly map: L.Map;
  /** draws land and grids, under everything else */
  readonly renderer: L.Renderer;
  close(): void;
}

/** A map without controls, tiles and animation that follows the size of its host. */
export function openBaseMap(host: HTMLElement, options: L.MapOptions): BaseMap {
  const map = L.map(host, {
    zoomControl: false,
    attributionControl: false,
    zoomAnimation: false,
    fadeAnimation: false,
    minZoom: 8,
    ...options,
  });
  for (const [name, z] of Object.entries(PANES)) {
    const pane = map.createPane(name);
    pane.style.zIndex = String(z);
    pane.style.pointerEvents = "none";
  }
  const watch = new ResizeObserver(() => map.invalidateSize({ pan: false }));
  watch.observe(host);
  return {
    map,
    renderer: new PatientCanvas({ pane: "land", padding: 0.3 }),
    close() {
      watch.disconnect();
      map.remove();
    },
  };
}
