import type { CameraState } from "./camera-state.ts";
import type { Detection } from "./detection.ts";
import type { Recipe } from "./recipe.ts";

/** The picture in which something first held, kept until it is raised or ends: the proof that it has been there for so long. */
export interface FirstSight {
  readonly jpeg: Uint8Array;
  /** ms UTC */
  readonly ts: number;
  readonly width: number;
  readonly height: number;
  /** what of that frame the recipe is about */
  readonly boxes: readonly Detection[];
}

/** Pictures in memory, at most; more cameras that wait at a time raise without their first picture. About 120 KB each. */
const MAX = 128;

/** Not durable: after a restart a finding has its newest picture only. */
export class FirstSights {
  private readonly kept = new Map<string, FirstSight>();

  /** Call after each fold: keeps the frame of what has just begun, forgets what ended without being raised. */
  note(
    camera: string,
    recipes: readonly Recipe[],
    before: CameraState,
    after: CameraState,
    sight: () => Omit<FirstSight, "boxes"> & { readonly detections: readonly Detection[] },
  ): void {
    for (const recipe of recipes) {
      const key = `${camera} ${recipe.name}`;
      const now = after.recipes[recipe.name];
      if (now === undefined || now.raised !== 0) this.kept.delete(key);
      // what is raised by its first frame has no earlier one
      else if (before.recipes[recipe.name] === undefined && recipe.dwellMs > 0 && this.kept.size < MAX) {
        const { detections, ...picture } = sight();
        const boxes = detections.filter((d) =>
          recipe.roles.some((r) => r.labels.has(d.label) && d.score >= (r.score ?? 0)),
        );
        // a copy: the frame is a part of a larger network buffer
        this.kept.set(key, { ...picture, jpeg: new Uint8Array(picture.jpeg), boxes });
      }
    }
  }

  get(camera: string, recipe: Recipe): FirstSight | null {
    return this.kept.get(`${camera} ${recipe.name}`) ?? null;
  }

  clear(): void {
    this.kept.clear();
  }
}
