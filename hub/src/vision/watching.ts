import type { Device } from "../device.ts";
import type { CameraState, Watch } from "./camera.ts";
import { countsOf } from "./count.ts";
import type { FalseAlarms } from "./false-alarms.ts";
import type { Landmarks } from "./landmarks.ts";
import type { ModelShelf } from "./model-shelf.ts";
import { NORMAL_POSTURE, type CameraLook, type DevicesInSight, type VisionOptions } from "./options.ts";
import type { FrameView } from "./place.ts";
import { inHours, type Recipe } from "./recipe.ts";
import { DEFAULT_TRACKS, scaleTracks, type TrackOptions } from "./tracks.ts";
import { parseLine, parseZone } from "./zone.ts";

/** Which recipes a camera has, and of what that was concluded. */
interface KnownRecipes {
  readonly attributes: Device["attributes"];
  readonly names: readonly string[];
  readonly stamp: number;
  readonly recipes: readonly Recipe[];
}

/** Which recipes a camera is to be watched for, where in its picture, when, and with which models: from its attributes. */
export class Watching {
  readonly #recipes: readonly Recipe[];
  readonly #shelf: ModelShelf;
  readonly #hushes: FalseAlarms;
  readonly #options: Pick<VisionOptions, "posture">;
  readonly #tracks: TrackOptions;
  readonly #landmarks: Landmarks | null;
  /** kinds of registered devices that recipes measure against */
  readonly #kinds: readonly string[];
  /** attributes are replaced, never changed: asked for with every frame */
  readonly #known = new WeakMap<Device, KnownRecipes>();
  readonly minute: (ts: number) => number;

  constructor(
    recipes: readonly Recipe[],
    shelf: ModelShelf,
    hushes: FalseAlarms,
    options: Pick<VisionOptions, "posture" | "durationScale" | "timeZone">,
    landmarks: Landmarks | null = null,
  ) {
    this.#recipes = recipes;
    this.#landmarks = landmarks;
    this.#kinds = [...new Set(recipes.flatMap((r) => r.roles.flatMap((role) => role.beside?.kind ?? [])))];
    this.#shelf = shelf;
    this.#hushes = hushes;
    this.#options = options;
    this.#tracks = scaleTracks(DEFAULT_TRACKS, options.durationScale);
    this.minute = localMinute(options.timeZone ?? "Asia/Shanghai");
  }

  recipe(name: string): Recipe | undefined {
    return this.#recipes.find((r) => r.name === name);
  }

  /**
   * Those for everywhere, plus and minus what its attribute `watch` says ("person -stall"), as far as models, drawings and registered
   * devices in its sight are there.
   */
  recipes(device: Device): readonly Recipe[] {
    const { attributes } = device;
    const { names } = this.#shelf;
    const stamp = this.#kinds.reduce((sum, kind) => sum + (this.#landmarks?.stamp(kind) ?? 0), 0);
    const known = this.#known.get(device);
    if (known?.attributes === attributes && known.names === names && known.stamp === stamp) return known.recipes;
    const recipes = this.#recipesOf(device, names);
    this.#known.set(device, { attributes, names, stamp, recipes });
    return recipes;
  }

  #recipesOf(device: Device, names: readonly string[]): readonly Recipe[] {
    const { attributes } = device;
    const words = String(attributes.watch ?? "").split(/[\s,]+/);
    return this.#recipes.filter(
      (r) =>
        (r.everywhere ? !words.includes(`-${r.name}`) : words.includes(r.name)) &&
        r.models.every((m) => names.includes(m)) &&
        this.#hasPlace(r, device) &&
        (r.line === null || parseLine(attributes[r.line]) !== null),
    );
  }

  /** The zone is drawn where it has to be; what is to stand beside a registered device does with a view that shows one. */
  #hasPlace({ roles, zone, zoneNeeded }: Recipe, device: Device): boolean {
    const beside = roles.flatMap((role) => role.beside ?? []);
    if (!zoneNeeded && beside.length === 0) return true;
    if (parseZone(device.attributes[zone]).length > 0) return true;
    return beside.length > 0 && beside.every((rule) => (this.#landmarks?.inSight(device, rule).devices ?? 0) > 0);
  }

  /** Models that a frame of now needs: of recipes at their hours, and of those that have something to end. */
  models(device: Device, state: CameraState | undefined, ts: number): string[] {
    const minute = this.minute(ts);
    const needed = this.recipes(device).filter(
      (r) => inHours(device.attributes[r.hours], minute) || state?.recipes[r.name] !== undefined,
    );
    return [...new Set(needed.flatMap((r) => r.models))];
  }

  #beside({ roles }: Recipe, device: Device): DevicesInSight | null {
    const rule = roles.find((role) => role.beside !== null)?.beside ?? null;
    if (rule === null) return null;
    return this.#landmarks?.inSight(device, rule) ?? { ...rule, devices: 0, uncertain: 0 };
  }

  /** What each recipe asks of a camera: with which models, where in its picture, when. */
  looks(device: Device, ts: number): CameraLook[] {
    const { attributes } = device;
    const minute = this.minute(ts);
    const text = (value: unknown): string | null => (value === undefined ? null : String(value));
    return this.recipes(device).map((recipe) => ({
      recipe: recipe.name,
      kind: recipe.event,
      models: recipe.models.map((m) => this.#shelf.idOf(m)),
      zone: parseZone(attributes[recipe.zone]).length > 0 ? text(attributes[recipe.zone]) : null,
      beside: this.#beside(recipe, device),
      hours: text(attributes[recipe.hours]),
      open: inHours(attributes[recipe.hours], minute),
    }));
  }

  /** @param view of the camera, see `view.ts` @param where it looked, by the frame's header */
  watch(device: Device, view = device.uid, where: Pick<FrameView, "preset" | "moving"> = {}): Watch {
    const { attributes } = device;
    const posture = this.#options.posture?.(device) ?? NORMAL_POSTURE;
    return {
      recipes: this.recipes(device).map((recipe) => ({
        recipe,
        zone: parseZone(attributes[recipe.zone]),
        hours: attributes[recipe.hours],
        line: recipe.line === null ? null : parseLine(attributes[recipe.line]),
        counts: countsOf(recipe, attributes),
        hushed: this.#hushes.at(view, recipe),
      })),
      tracks: this.#tracks,
      minute: this.minute,
      threshold: (model, label) => this.#shelf.threshold(model, label),
      bearings: (kind, box, { width, height }) => {
        const { preset, moving } = where;
        return this.#landmarks?.measure(device, kind, box, { width, height, preset, moving }) ?? NO_BEARINGS;
      },
      scoreFactor: posture.threshold,
      dwellFactor: posture.dwell,
    };
  }
}

const NO_BEARINGS = { nearest: null, errorM: null };

function localMinute(timeZone: string): (ts: number) => number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return (ts) => {
    const [hour, minute] = format.format(ts).split(":").map(Number);
    return hour * 60 + minute;
  };
}
