import type { Device } from "../device.ts";
import type { CameraState, Watch } from "./camera.ts";
import type { FalseAlarms } from "./false-alarms.ts";
import type { ModelShelf } from "./model-shelf.ts";
import { NORMAL_POSTURE, type CameraLook, type VisionOptions } from "./options.ts";
import { inHours, type Recipe } from "./recipe.ts";
import { DEFAULT_TRACKS, scaleTracks, type TrackOptions } from "./tracks.ts";
import { parseLine, parseZone } from "./zone.ts";

/** Which recipes a camera is to be watched for, where in its picture, when, and with which models: from its attributes. */
export class Watching {
  readonly #recipes: readonly Recipe[];
  readonly #shelf: ModelShelf;
  readonly #hushes: FalseAlarms;
  readonly #options: Pick<VisionOptions, "posture">;
  readonly #tracks: TrackOptions;
  /** attributes are replaced, never changed: asked for with every frame */
  readonly #known = new WeakMap<Device["attributes"], { names: readonly string[]; recipes: readonly Recipe[] }>();
  readonly minute: (ts: number) => number;

  constructor(
    recipes: readonly Recipe[],
    shelf: ModelShelf,
    hushes: FalseAlarms,
    options: Pick<VisionOptions, "posture" | "durationScale" | "timeZone">,
  ) {
    this.#recipes = recipes;
    this.#shelf = shelf;
    this.#hushes = hushes;
    this.#options = options;
    this.#tracks = scaleTracks(DEFAULT_TRACKS, options.durationScale);
    this.minute = localMinute(options.timeZone ?? "Asia/Shanghai");
  }

  recipe(name: string): Recipe | undefined {
    return this.#recipes.find((r) => r.name === name);
  }

  /** Those for everywhere, plus and minus what its attribute `watch` says ("person -stall"), as far as models and drawings are there. */
  recipes({ attributes }: Device): readonly Recipe[] {
    const { names } = this.#shelf;
    const known = this.#known.get(attributes);
    if (known?.names === names) return known.recipes;
    const recipes = this.#recipesOf(attributes, names);
    this.#known.set(attributes, { names, recipes });
    return recipes;
  }

  #recipesOf(attributes: Device["attributes"], names: readonly string[]): readonly Recipe[] {
    const words = String(attributes.watch ?? "").split(/[\s,]+/);
    return this.#recipes.filter(
      (r) =>
        (r.everywhere ? !words.includes(`-${r.name}`) : words.includes(r.name)) &&
        r.models.every((m) => names.includes(m)) &&
        (!r.zoneNeeded || parseZone(attributes[r.zone]).length > 0) &&
        (r.line === null || parseLine(attributes[r.line]) !== null),
    );
  }

  /** Models that a frame of now needs: of recipes at their hours, and of those that have something to end. */
  models(device: Device, state: CameraState | undefined, ts: number): string[] {
    const minute = this.minute(ts);
    const needed = this.recipes(device).filter(
      (r) => inHours(device.attributes[r.hours], minute) || state?.recipes[r.name] !== undefined,
    );
    return [...new Set(needed.flatMap((r) => r.models))];
  }

  /** What each recipe asks of a camera: with which models, where in its picture, when. */
  looks(device: Device, ts: number): CameraLook[] {
    const { attributes } = device;
    const minute = this.minute(ts);
    const text = (value: unknown): string | null => (value === undefined ? null : String(value));
    return this.recipes(device).map(({ name, event, models, zone, hours }) => ({
      recipe: name,
      kind: event,
      models: models.map((m) => this.#shelf.idOf(m)),
      zone: parseZone(attributes[zone]).length > 0 ? text(attributes[zone]) : null,
      hours: text(attributes[hours]),
      open: inHours(attributes[hours], minute),
    }));
  }

  /** @param view of the camera, see `view.ts` */
  watch(device: Device, view = device.uid): Watch {
    const { attributes } = device;
    const posture = this.#options.posture?.(device) ?? NORMAL_POSTURE;
    return {
      recipes: this.recipes(device).map((recipe) => ({
        recipe,
        zone: parseZone(attributes[recipe.zone]),
        hours: attributes[recipe.hours],
        line: recipe.line === null ? null : parseLine(attributes[recipe.line]),
        hushed: this.#hushes.at(view, recipe),
      })),
      tracks: this.#tracks,
      minute: this.minute,
      threshold: (model, label) => this.#shelf.threshold(model, label),
      scoreFactor: posture.threshold,
      dwellFactor: posture.dwell,
    };
  }
}

function localMinute(timeZone: string): (ts: number) => number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return (ts) => {
    const [hour, minute] = format.format(ts).split(":").map(Number);
    return hour * 60 + minute;
  };
}
