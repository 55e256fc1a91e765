import L from "leaflet";
import type { EventInfo } from "../../../src/api/schema.ts";
import { type Cluster, clusters, ring, type Spot } from "./cluster.ts";

const SHAPES = {
  1: "M14 3L25 14 14 25 3 14z",
  2: "M14 3.6L25 24.4H3z",
  3: "M5 5h18v18H5z",
  4: "M14 4a10 10 0 100 20 10 10 0 000-20z",
} as const;
/** Marks nearer than this lie over each other, px. */
const NEAR = 25;
/** From here on a group is laid out around its place instead of zooming into it. */
const SPREAD_ZOOM = 15;

interface Picture {
  readonly events: readonly EventInfo[];
  readonly selected: string | null;
  /** `others`: how many more events the mark stands for */
  readonly name: (e: EventInfo, others: number) => string;
}

/** Events as focusable markers: numeral, shape and colour; what nobody has looked at wears rings, what is over is hollow. */
export class EventMarkers {
  readonly #map: L.Map;
  readonly #layer = L.layerGroup();
  readonly #markers = new Map<string, { marker: L.Marker; look: string }>();
  readonly #select: (id: string) => void;
  readonly #scale: number;
  #picture: Picture = { events: [], selected: null, name: () => "" };
  #clusters = new Map<string, Cluster>();
  /** the first event of the group that is laid out */
  #spread: string | null = null;

  constructor(map: L.Map, big: boolean, select: (id: string) => void) {
    this.#map = map;
    this.#scale = big ? 1.35 : 1;
    this.#layer.addTo(map);
    this.#select = select;
    map.on("zoomend", () => this.#fold());
    map.on("click", () => this.#fold());
  }

  show(picture: Picture): void {
    this.#picture = picture;
    this.#draw();
  }

  /** Where marks stand now, degrees: names keep off them. */
  places(): { lon: number; lat: number }[] {
    return [...this.#markers.values()].map(({ marker }) => ({
      lon: marker.getLatLng().lng,
      lat: marker.getLatLng().lat,
    }));
  }

  #fold(): void {
    this.#spread = null;
    this.#draw();
  }

  #draw(): void {
    const { events, selected, name } = this.#picture;
    const zoom = this.#map.getZoom();
    const spots: Spot[] = [];
    for (const event of events) {
      if (event.lon === null || event.lat === null) continue;
      const { x, y } = this.#map.project([event.lat, event.lon], zoom);
      spots.push({ event, x, y });
    }
    const shown = clusters(spots, NEAR * this.#scale, selected);
    this.#clusters = new Map(shown.map((c) => [c.first.event.id, c]));
    const seen = new Set<string>();
    const put = ({ event }: Spot, x: number, y: number, others: number) => {
      seen.add(event.id);
      this.#put(event, this.#map.unproject([x, y], zoom), others, name(event, others), event.id === selected);
    };
    for (const c of shown) {
      if (c.first.event.id !== this.#spread) {
        put(c.first, c.first.x, c.first.y, c.others.length);
        continue;
      }
      const members = [c.first, ...c.others];
      const offsets = ring(members.length, 34 * this.#scale);
      members.forEach((spot, i) => {
        const [dx, dy] = offsets[i] ?? [0, 0];
        put(spot, c.first.x + dx, c.first.y + dy, 0);
      });
    }
    for (const [id, { marker }] of this.#markers) {
      if (seen.has(id)) continue;
      marker.remove();
      this.#markers.delete(id);
    }
  }

  #put(e: EventInfo, at: L.LatLng, others: number, name: string, selected: boolean): void {
    const state = `${selected ? " on" : ""}${e.handling === "new" ? " new" : ""}${e.sensing === "cleared" ? " past" : ""}`;
    const look = `m${e.severity}${state} ${others}`;
    const known = this.#markers.get(e.id);
    if (known?.look === look) {
      known.marker.setLatLng(at);
      this.#label(known.marker, name);
      return;
    }
    known?.marker.remove();
    const marker = L.marker(at, {
      icon: L.divIcon({
        className: `event-mark m${e.severity}${state}`,
        iconSize: [28, 28],
        html: svg(e.severity, others),
      }),
      zIndexOffset: (4 - e.severity) * 1000 + (selected ? 9000 : 0),
      title: name,
      riseOnHover: true,
    });
    marker.on("click", () => this.#pick(e.id));
    marker.on("keydown", (k) => {
      const key = (k as unknown as { originalEvent: KeyboardEvent }).originalEvent.key;
      if (key === "Enter" || key === " ") this.#pick(e.id);
    });
    marker.addTo(this.#layer);
    this.#label(marker, name);
    this.#markers.set(e.id, { marker, look });
  }

  #label(marker: L.Marker, name: string): void {
    const element = marker.getElement();
    element?.setAttribute("aria-label", name);
    element?.setAttribute("title", name);
  }

  /** A single event is selected; a group is zoomed into, or laid out where no zoom would part it. */
  #pick(id: string): void {
    const cluster = this.#clusters.get(id);
    if (cluster === undefined || cluster.others.length === 0 || this.#spread === id) return this.#select(id);
    const box = L.latLngBounds([]);
    for (const { event } of [cluster.first, ...cluster.others]) box.extend([event.lat ?? 0, event.lon ?? 0]);
    const zoom = this.#map.getZoom();
    const closer = Math.min(SPREAD_ZOOM, this.#map.getBoundsZoom(box.pad(0.3)));
    if (closer > zoom + 0.5) {
      this.#map.setView(box.getCenter(), closer, { animate: false });
      return;
    }
    this.#spread = id;
    this.#draw();
  }
}

function svg(severity: 1 | 2 | 3 | 4, others: number): string {
  const y = severity === 2 ? 21 : 18;
  const more = others === 0 ? "" : `<b data-n="${others + 1}"></b>`;
  return `<svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true"><path d="${SHAPES[severity]}"/><text x="14" y="${y}" text-anchor="middle">${severity}</text></svg>${more}`;
}
