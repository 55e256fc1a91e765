import L from "leaflet";

const draw = L.Canvas.prototype as unknown as { _redraw(this: L.Canvas): void };

/** Leaflet's canvas draws once more in a frame that was asked for while the map went away, when its drawing context is gone already. */
export class PatientCanvas extends L.Canvas {
  _redraw(): void {
    if ((this as unknown as { _ctx?: CanvasRenderingContext2D })._ctx !== undefined) draw._redraw.call(this);
  }
}
