import { readFileSync } from "node:fs";
import { join } from "node:path";
import { counterClockwise, type Point, type Ring } from "./polygon.ts";

const DATA = join(import.meta.dirname, "../../data");
export const COAST_FILE = join(DATA, "coast.geojson");

export interface Island {
  /** null for the islets without a confirmed name */
  readonly name: string | null;
  /** town code, null where the source gives none */
  readonly town: string | null;
  /** degrees */
  readonly ring: Ring;
}

export interface Place {
  readonly code: string;
  readonly name: string;
}

export interface Town extends Place {
  readonly villages: readonly Place[];
}

interface CoastFile {
  features: {
    properties: { name?: string; town?: string };
    geometry: { type: "Polygon"; coordinates: Point[][] };
  }[];
}

export function readCoast(): Island[] {
  const file = JSON.parse(readFileSync(COAST_FILE, "utf8")) as CoastFile;
  return file.features.map(({ properties, geometry }) => ({
    name: properties.name ?? null,
    town: properties.town ?? null,
    ring: counterClockwise(geometry.coordinates[0].slice(0, -1)),
  }));
}

export function readPlaces(): { county: Place; towns: Town[] } {
  return JSON.parse(readFileSync(join(DATA, "places.json"), "utf8")) as { county: Place; towns: Town[] };
}
