import L from "leaflet";

/** Draws in container pixels; `at` projects degrees. */
export interface Pen {
  readonly ctx: CanvasRenderingContext2D;
  readonly zoom: number;
  at(lon: number, lat: number): [x: number, y: number];
  visible(x: number, y: number): boolean;
}

/** Room around the view, as a share of it, so that dragging shows no bare edges. */
const PAD = 0.2;

/** One canvas over the map that a function paints: thousands of moving shapes without an object for each. */
export class CanvasLayer extends L.Layer {
  readonly #paint: (pen: Pen) => void;
  readonly #pane: string;
  #canvas: HTMLCanvasElement | null = null;
  #map: L.Map | null = null;
  #frame = 0;

  constructor(pane: string, paint: (pen: Pen) => void) {
    super();
    this.#pane = pane;
    this.#paint = paint;
  }

  override onAdd(map: L.Map): this {
    this.#map = map;
    this.#canvas = document.createElement("canvas");
    this.#canvas.setAttribute("aria-hidden", "true");
    map.getPane(this.#pane)?.append(this.#canvas);
    map.on("moveend zoomend resize viewreset", this.#now, this);
    this.redraw();
    return this;
  }

  override onRemove(map: L.Map): this {
    cancelAnimationFrame(this.#frame);
    map.off("moveend zoomend resize viewreset", this.#now, this);
    this.#canvas?.remove();
    this.#canvas = null;
    this.#map = null;
    return this;
  }

  /** Paints in the next frame, once however often it is asked. */
  redraw(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => this.#now());
  }

  #now(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const [map, canvas] = [this.#map, this.#canvas];
    const ctx = canvas?.getContext("2d");
    if (map === null || canvas === null || ctx == null) return;
    const size = map.getSize();
    const [px, py] = [Math.round(size.x * PAD), Math.round(size.y * PAD)];
    const [w, h, dpr] = [size.x + 2 * px, size.y + 2 * py, devicePixelRatio];
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([-px, -py]));
    if (canvas.width !== w * dpr || canvas.height !== h * dpr) {
      canvas.width = w * dpr;
      canvas.height = h * dpr;
      canvas.style.width = `${w}px`;
      canvas.style.height = `${h}px`;
    }
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, w, h);
    ctx.translate(px, py);
    const zoom = map.getZoom();
    const origin = map.getPixelOrigin().subtract(map.containerPointToLayerPoint([0, 0]).multiplyBy(-1));
    this.#paint({
      ctx,
      zoom,
      at: (lon, lat) => {
        const p = map.project([lat, lon], zoom);
        return [p.x - origin.x, p.y - origin.y];
      },
      visible: (x, y) => x > -px && y > -py && x < size.x + px && y < size.y + py,
    });
  }
}
