import L from "leaflet";
import type { Distress } from "./distress.ts";

/** Marks of distress: above everything else, named at every zoom, focusable. Their pulse is a style (marks.css). */
export class SosMarkers {
  readonly #map: L.Map;
  readonly #select: (eventId: string) => void;
  readonly #markers = new Map<string, L.Marker>();

  constructor(map: L.Map, select: (eventId: string) => void) {
    this.#map = map;
    this.#select = select;
  }

  show(calls: readonly Distress[], nameOf: (call: Distress) => string, selected: string | null): void {
    const seen = new Set(calls.map(({ event }) => event.id));
    for (const [id, marker] of this.#markers) {
      if (seen.has(id)) continue;
      marker.remove();
      this.#markers.delete(id);
    }
    for (const call of calls) {
      const marker = this.#markers.get(call.event.id) ?? this.#add(call);
      marker.setLatLng([call.lat, call.lon]);
      const name = nameOf(call);
      const element = marker.getElement();
      element?.setAttribute("aria-label", name);
      element?.classList.toggle("on", call.event.id === selected);
      const text = element?.querySelector("b");
      if (text != null && text.textContent !== name) text.textContent = name;
    }
  }

  #add({ event, lon, lat }: Distress): L.Marker {
    const icon = L.divIcon({
      className: "sos-mark",
      iconSize: [28, 28],
      html: `<i></i><svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true"><path d="M14 4L24 14 14 24 4 14z"/></svg><b aria-hidden="true"></b>`,
    });
    const marker = L.marker([lat, lon], { icon, zIndexOffset: 20_000, keyboard: true });
    marker.on("click", () => this.#select(event.id));
    marker.on("keydown", (k) => {
      const key = (k as unknown as { originalEvent: KeyboardEvent }).originalEvent.key;
      if (key === "Enter" || key === " ") this.#select(event.id);
    });
    marker.addTo(this.#map);
    this.#markers.set(event.id, marker);
    return marker;
  }
}
