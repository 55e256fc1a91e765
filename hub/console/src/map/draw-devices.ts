import type { DeviceInfo } from "../../../src/api/schema.ts";
import type { Pen } from "./canvas-layer.ts";
import type { Palette } from "./palette.ts";

/** Marks of 1 at the zoom of an island, growing by an eighth a level: seen from the county they do not hide it, in a street they can be hit. */
export function markScale(zoom: number): number {
  return Math.min(2.4, Math.max(0.75, 1.125 ** ((zoom - 12) * 1.25)));
}

/** Healthy devices are small and quiet and lie below; what needs somebody is larger, coloured and has its own shape. */
export function drawDevices(pen: Pen, devices: readonly DeviceInfo[], selected: string | null, c: Palette): void {
  const { ctx, zoom } = pen;
  const scale = markScale(zoom);
  ctx.fillStyle = c["ok-dot"];
  for (const d of devices) {
    if (d.health !== "online" || d.lon === null || d.lat === null) continue;
    const [x, y] = pen.at(d.lon, d.lat);
    if (!pen.visible(x, y)) continue;
    ctx.beginPath();
    ctx.arc(x, y, 2 * scale, 0, 7);
    ctx.fill();
  }
  for (const d of devices) {
    if (d.lon === null || d.lat === null || (d.health === "online" && d.uid !== selected)) continue;
    const [x, y] = pen.at(d.lon, d.lat);
    if (pen.visible(x, y)) mark(ctx, d.health, x, y, 3.6 * scale, c);
    if (d.uid !== selected) continue;
    ctx.strokeStyle = c.acc;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(x, y, 9 * scale, 0, 7);
    ctx.stroke();
  }
}

function mark(
  ctx: CanvasRenderingContext2D,
  health: DeviceInfo["health"],
  x: number,
  y: number,
  r: number,
  c: Palette,
): void {
  ctx.lineWidth = 1.8;
  ctx.beginPath();
  switch (health) {
    case "offline":
      ctx.strokeStyle = c.off;
      ctx.fillStyle = c.panel;
      ctx.arc(x, y, r, 0, 7);
      ctx.fill();
      ctx.moveTo(x - r * 0.7, y + r * 0.7);
      ctx.lineTo(x + r * 0.7, y - r * 0.7);
      ctx.stroke();
      return;
    case "flapping":
      ctx.fillStyle = c.flap;
      ctx.moveTo(x, y - r * 1.25);
      ctx.lineTo(x + r * 1.25, y);
      ctx.lineTo(x, y + r * 1.25);
      ctx.lineTo(x - r * 1.25, y);
      ctx.fill();
      return;
    case "unknown":
      ctx.strokeStyle = c.unk;
      ctx.lineWidth = 1.2;
      ctx.arc(x, y, r * 0.8, 0, 7);
      ctx.stroke();
      return;
    default:
      ctx.fillStyle = health === "late" ? c["late-fill"] : c["ok-dot"];
      ctx.arc(x, y, r, 0, 7);
      ctx.fill();
  }
}
