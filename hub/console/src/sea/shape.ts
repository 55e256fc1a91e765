// Shapes as the area editor holds them: open rings, degrees WGS84. Small enough that a plane serves, in metres around the shape.

/** [longitude, latitude] */
export type Point = readonly [number, number];
/** without the repeated first point */
export type Ring = readonly Point[];
/** the outer ring, then holes */
export type Polygon = readonly Ring[];
export type Shape = readonly Polygon[];
/** which corner: polygon, ring, point */
export type Corner = readonly [polygon: number, ring: number, point: number];

const METRES_PER_DEGREE = 111_195;

/** A ring of corners around a place. @param radius metres; @returns closed, counter-clockwise */
export function circle([lon, lat]: Point, radius: number, corners = 64): [number, number][] {
  const ring = Array.from({ length: corners }, (_, i): [number, number] => {
    const a = (2 * Math.PI * i) / corners;
    const east = (radius * Math.cos(a)) / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180));
    return [round(lon + east), round(lat + (radius * Math.sin(a)) / METRES_PER_DEGREE)];
  });
  return [...ring, ring[0] ?? [lon, lat]];
}

/** Metres between two places. */
export function metres(a: Point, b: Point): number {
  const x = (b[0] - a[0]) * Math.cos((((a[1] + b[1]) / 2) * Math.PI) / 180);
  return Math.hypot(x, b[1] - a[1]) * METRES_PER_DEGREE;
}

/** Seven digits: a centimetre. */
export function round(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}
