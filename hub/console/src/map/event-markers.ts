import L from "leaflet";
import type { EventInfo } from "../../../src/api/schema.ts";

const SHAPES = {
  1: "M14 3L25 14 14 25 3 14z",
  2: "M14 3.6L25 24.4H3z",
  3: "M5 5h18v18H5z",
  4: "M14 4a10 10 0 100 20 10 10 0 000-20z",
} as const;

/** Events as focusable markers: numeral, shape and colour; what nobody has looked at wears rings. */
export class EventMarkers {
  readonly #layer = L.layerGroup();
  readonly #markers = new Map<string, { marker: L.Marker; look: string }>();
  readonly #select: (id: string) => void;

  constructor(map: L.Map, select: (id: string) => void) {
    this.#layer.addTo(map);
    this.#select = select;
  }

  show(events: readonly EventInfo[], selected: string | null, name: (e: EventInfo) => string): void {
    const seen = new Set<string>();
    for (const e of events) {
      if (e.lon === null || e.lat === null) continue;
      seen.add(e.id);
      const look = `m${e.severity}${e.id === selected ? " on" : ""}${e.handling === "new" ? " new" : ""}`;
      const known = this.#markers.get(e.id);
      if (known !== undefined && known.look === look) {
        known.marker.setLatLng([e.lat, e.lon]);
        known.marker.getElement()?.setAttribute("aria-label", name(e));
        continue;
      }
      known?.marker.remove();
      const marker = L.marker([e.lat, e.lon], {
        icon: L.divIcon({ className: `event-mark ${look}`, iconSize: [28, 28], html: svg(e.severity) }),
        zIndexOffset: (4 - e.severity) * 1000 + (e.id === selected ? 9000 : 0),
        title: name(e),
        riseOnHover: true,
      });
      marker.on("click", () => this.#select(e.id));
      marker.on("keydown", (k) => {
        const key = (k as unknown as { originalEvent: KeyboardEvent }).originalEvent.key;
        if (key === "Enter" || key === " ") this.#select(e.id);
      });
      marker.addTo(this.#layer);
      marker.getElement()?.setAttribute("aria-label", name(e));
      this.#markers.set(e.id, { marker, look });
    }
    for (const [id, { marker }] of this.#markers) {
      if (seen.has(id)) continue;
      marker.remove();
      this.#markers.delete(id);
    }
  }
}

function svg(severity: 1 | 2 | 3 | 4): string {
  const y = severity === 2 ? 21 : 18;
  return `<svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true"><path d="${SHAPES[severity]}"/><text x="14" y="${y}" text-anchor="middle">${severity}</text></svg>`;
}
