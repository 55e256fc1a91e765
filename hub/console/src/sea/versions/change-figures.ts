import type { GridDiff } from "../../../../src/api/grid-schema.ts";
import type { Figure } from "../../map/scene.svelte.ts";

/** Shapes by the id of their grid. */
export type Shapes = ReadonlyMap<string, unknown>;

/** Grids of a FeatureCollection that have a shape. */
export function shapesOf(collection: unknown): Shapes {
  const { features } = (collection ?? {}) as { features?: unknown };
  const list = Array.isArray(features)
    ? (features as { geometry?: unknown; properties?: { id?: unknown } | null }[])
    : [];
  return new Map(
    list.flatMap((f) => {
      const id = f?.properties?.id;
      return typeof id === "string" && f.geometry != null ? [[id, f.geometry] as const] : [];
    }),
  );
}

/** The grids that stand on the map. */
export function placedIn(figures: readonly Figure[]): ReadonlySet<string> {
  return new Set(figures.map(({ id }) => id.replace(/ before$/u, "")));
}
/** The shape of a changed grid: that of afterwards where it has one. */
export function shapeOfChange(figures: readonly Figure[], id: string): unknown {
  return (figures.find((f) => f.id === id) ?? figures.find((f) => f.id === `${id} before`))?.geometry ?? null;
}

/**
 * What a version changes, on the map: borders that come, borders that go (dashed), and of a grid whose border changes both.
 * @param now shapes in force; @param then shapes of the other version, as far as they are known
 */
export function changeFigures({ changes }: GridDiff, now: Shapes, then: Shapes): Figure[] {
  return changes.flatMap(({ id, change, fields }): Figure[] => {
    const [before, after] = [now.get(id), then.get(id)];
    const old: Figure[] = before === undefined ? [] : [{ id: `${id} before`, tone: "removed", dashed: true, geometry: before }]; // prettier-ignore
    if (change === "removed") return old;
    if (change === "added") return after === undefined ? [] : [{ id, tone: "added", geometry: after }];
    const border = fields.includes("geometry");
    const shape = border ? after : (before ?? after);
    return [
      ...(border ? old : []),
      ...(shape === undefined ? [] : [{ id, tone: "changed", geometry: shape } as const]),
    ];
  });
}
