import type { GeoJsonObject } from "geojson";
import L from "leaflet";
import type { Palette } from "./palette.ts";
import { PatientCanvas } from "./patient-canvas.ts";
import type { Figure, Pin, Tone } from "./scene.svelte.ts";

const COLOURS: Readonly<Record<Tone, keyof Palette>> = {
  quiet: "area",
  selected: "acc",
  added: "area",
  removed: "off",
  changed: "late",
  problem: "s2",
  range: "acc",
  off: "unk",
};
const FILLS: Readonly<Partial<Record<Tone, number>>> = { selected: 0.16, range: 0.05, quiet: 0.06, off: 0.04 };

/** Shapes and pins of the room beside the map. */
export class FigureLayer {
  readonly #map: L.Map;
  readonly #renderer = new PatientCanvas({ pane: "figures", padding: 0.3 });
  readonly #pins = new Map<string, { marker: L.Marker; look: string }>();
  #shapes: L.GeoJSON | null = null;
  #press: ((id: string) => void) | null = null;

  constructor(map: L.Map) {
    this.#map = map;
  }

  show(figures: readonly Figure[], c: Palette): void {
    this.#shapes?.remove();
    this.#shapes = null;
    if (figures.length === 0) return;
    const tones = new Map(figures.map((f) => [f.id, f]));
    const features = figures.map(({ id, geometry }) => ({ type: "Feature", id, properties: {}, geometry }));
    this.#shapes = L.geoJSON({ type: "FeatureCollection", features } as unknown as GeoJsonObject, {
      interactive: false,
      style: (feature) => {
        const { tone = "quiet", dashed = false } = tones.get(String(feature?.id)) ?? {};
        const color = c[COLOURS[tone]];
        return {
          renderer: this.#renderer,
          pane: "figures",
          color,
          weight: tone === "quiet" || tone === "range" || tone === "off" ? 1 : 2,
          dashArray: dashed ? "6 5" : undefined,
          fillColor: color,
          fillOpacity: FILLS[tone] ?? 0.12,
          // a circle is round at every zoom
          smoothFactor: 0,
        } as L.PathOptions;
      },
    }).addTo(this.#map);
  }

  pin(pins: readonly Pin[], press: ((id: string) => void) | null): void {
    this.#press = press;
    const seen = new Set(pins.map(({ id }) => id));
    for (const [id, { marker }] of this.#pins) if (!seen.has(id)) this.#drop(id, marker);
    for (const p of pins) {
      const look = `${p.tone} ${p.text}`;
      const known = this.#pins.get(p.id);
      if (known !== undefined && known.look !== look) this.#drop(p.id, known.marker);
      const marker = this.#pins.get(p.id)?.marker ?? this.#add(p, look);
      marker.setLatLng([p.lat, p.lon]);
      const element = marker.getElement();
      // what is seen is part of what is said
      element?.setAttribute("aria-label", `${p.text} · ${p.name}`);
      element?.setAttribute("title", p.name);
    }
  }

  #add(p: Pin, look: string): L.Marker {
    const icon = L.divIcon({ className: `scene-pin t-${p.tone}`, iconSize: [24, 24], html: "" });
    const marker = L.marker([p.lat, p.lon], { icon, keyboard: true, riseOnHover: true, zIndexOffset: p.tone === "selected" ? 5000 : 0 }); // prettier-ignore
    marker.on("click", () => this.#press?.(p.id));
    marker.on("keydown", (k) => {
      const key = (k as unknown as { originalEvent: KeyboardEvent }).originalEvent.key;
      if (key === "Enter" || key === " ") this.#press?.(p.id);
    });
    marker.addTo(this.#map);
    const element = marker.getElement();
    if (element !== undefined) element.textContent = p.text;
    this.#pins.set(p.id, { marker, look });
    return marker;
  }

  #drop(id: string, marker: L.Marker): void {
    marker.remove();
    this.#pins.delete(id);
  }
}
