import { NM_PER_DEGREE, wrapLon } from "../distance.ts";
import type { SeaArea } from "../membership.ts";

interface Shelter {
  readonly id: string;
  /** closed lines, or single points: lon, lat, lon, lat, ... */
  readonly lines: readonly Float64Array[];
}

/** The harbours of one recall and how far they are. */
export class Shelters {
  readonly ids: ReadonlySet<string>;
  readonly #shelters: readonly Shelter[];

  /** @param wanted ids of harbours; empty = all */
  constructor(areas: readonly SeaArea[], wanted: readonly string[]) {
    const chosen = areas.filter(({ id, rule }) => rule === "harbour" && (wanted.length === 0 || wanted.includes(id)));
    this.ids = new Set(chosen.map(({ id }) => id));
    this.#shelters = chosen.map(({ id, polygons, sea }) => ({
      id,
      lines: [
        ...polygons.map(([outer]) => Float64Array.from(outer.flat())),
        ...(polygons.length > 0 ? [] : (sea.ports ?? [])).map((port) => Float64Array.from(port)),
      ],
    }));
  }

  /** The nearest border, straight; flat earth around the vessel, good to a percent within 100 NM. NM */
  nearest(lon: number, lat: number): { readonly id: string; readonly nm: number } | null {
    const cos = Math.cos((lat * Math.PI) / 180);
    let best = Number.POSITIVE_INFINITY;
    let id: string | null = null;
    for (const shelter of this.#shelters)
      for (const line of shelter.lines)
        for (let i = 0; i === 0 || i + 3 < line.length; i += 2) {
          const ax = wrapLon(line[i] - lon) * cos;
          const ay = line[i + 1] - lat;
          const dx = i + 3 < line.length ? wrapLon(line[i + 2] - lon) * cos - ax : 0;
          const dy = i + 3 < line.length ? line[i + 3] - lat - ay : 0;
          const length = dx * dx + dy * dy;
          const t = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
          const square = (ax + t * dx) ** 2 + (ay + t * dy) ** 2;
          if (square >= best) continue;
          [best, id] = [square, shelter.id];
        }
    return id === null ? null : { id, nm: Math.sqrt(best) * NM_PER_DEGREE };
  }
}
