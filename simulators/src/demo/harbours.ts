import { type GridFeature, toGeometry } from "../world/feature.ts";
import { planeAt } from "../world/polygon.ts";
import { HARBOURS } from "../world/sea.ts";
import type { World } from "../world.ts";

/** The boats' berths lie within; metres. */
const RADIUS_M = 900;
const CORNERS = 16;

/** The harbour of each town as a grid at sea with the rule `harbour`: where a boat is in port, and where a recall calls it. */
export function harbours(world: World): GridFeature[] {
  return Object.entries(HARBOURS).map(([town, [lon, lat]]) => {
    const plane = planeAt(lon, lat);
    const ring = Array.from({ length: CORNERS }, (_, i) => {
      const a = (2 * Math.PI * i) / CORNERS;
      return plane.toDegrees([RADIUS_M * Math.cos(a), RADIUS_M * Math.sin(a)]);
    });
    const id = `harbour-${town}`;
    const name = `${world.features.find((feature) => feature.properties.id === town)?.properties.name ?? town} 渔港`;
    const own = { id, name, level: "area", category: "maritime", parent: town, synthetic: true } as const;
    return { type: "Feature", id, properties: { ...own, sea: { rule: "harbour" } }, geometry: toGeometry([ring]) };
  });
}
