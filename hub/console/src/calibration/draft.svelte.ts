import type { CalibrationForm, CalibrationInfo } from "../../../src/api/calibration-schema.ts";
import { distance } from "../format.ts";

/** A point of the ground as far as it is known: in the picture (fractions), on the map (degrees), or both. */
export interface Mark {
  readonly id: number;
  readonly x: number | null;
  readonly y: number | null;
  readonly lon: number | null;
  readonly lat: number | null;
}
export interface PoseDraft {
  lon: number;
  lat: number;
  heightM: number;
  bearing: number;
  pitch: number;
  roll: number;
  fov: number;
}
export type PoseField = Exclude<keyof PoseDraft, "lon" | "lat">;

const MOST_MARKS = 12;
const NEW_POSE = { heightM: 6, bearing: 0, pitch: -15, roll: 0, fov: 60 };

/** What is being made of a calibration before it is saved. */
export class Draft {
  method = $state<"points" | "pose">("points");
  marks = $state.raw<readonly Mark[]>([]);
  pose = $state<PoseDraft>({ lon: 0, lat: 0, ...NEW_POSE });
  k1 = $state(0);
  mapErrorM = $state(2);
  aspect = $state(16 / 9);
  selected = $state<number | null>(null);
  #saved = $state("");
  #next = 1;

  readonly complete = $derived(this.marks.filter(isWhole));
  readonly form = $derived.by((): CalibrationForm | null => {
    const shared = { aspect: this.aspect, ...(this.k1 !== 0 && { k1: this.k1 }) };
    if (this.method === "pose") return { method: "pose", ...shared, ...this.pose };
    if (this.complete.length < 4) return null;
    const points = this.complete.map(({ x, y, lon, lat }) => ({ x, y, lon, lat }));
    return { method: "points", ...shared, points, mapErrorM: this.mapErrorM };
  });
  readonly #now = $derived(JSON.stringify([this.method, this.marks, this.pose, this.k1, this.mapErrorM]));
  readonly changed = $derived(this.#now !== this.#saved);

  /** Begins with what is saved for a preset, or anew at the camera's place. */
  load(info: CalibrationInfo, preset: string): void {
    const saved = info.current.find((c) => c.preset === preset)?.calibration ?? null;
    const aspect = info.frame === null ? undefined : info.frame.width / info.frame.height;
    this.aspect = aspect ?? saved?.aspect ?? 16 / 9;
    this.k1 = saved?.k1 ?? 0;
    this.method = saved?.method ?? "points";
    this.marks = saved?.method === "points" ? saved.points.map((p, i): Mark => ({ id: i + 1, ...p })) : [];
    this.mapErrorM = saved?.method === "points" ? (saved.mapErrorM ?? 2) : 2;
    const at = { lon: info.lon ?? 0, lat: info.lat ?? 0 };
    if (saved?.method === "pose") {
      const { lon, lat, heightM, bearing, pitch, roll, fov } = saved;
      this.pose = { lon, lat, heightM, bearing, pitch, roll, fov };
    } else this.pose = { ...at, ...NEW_POSE };
    this.#next = this.marks.length + 1;
    this.selected = null;
    this.#saved = this.#now;
  }

  /** A click in the picture: completes the first mark that is only on the map, else begins one. */
  see(x: number, y: number): void {
    this.#take({ x, y }, (m) => m.x === null);
  }

  /** A click on the map: completes the first mark that is only in the picture, else begins one. */
  ground(lon: number, lat: number): void {
    this.#take({ lon, lat }, (m) => m.lon === null);
  }

  change(id: number, change: Partial<Mark>): void {
    this.marks = this.marks.map((m) => (m.id === id ? { ...m, ...change } : m));
  }

  remove(id: number): void {
    this.marks = this.marks.filter((m) => m.id !== id);
    if (this.selected === id) this.selected = null;
  }

  #take(place: Partial<Mark>, waits: (m: Mark) => boolean): void {
    const waiting = this.marks.find(waits);
    if (waiting !== undefined) {
      this.change(waiting.id, place);
      this.selected = waiting.id;
    } else if (this.marks.length < MOST_MARKS) {
      const mark: Mark = { id: this.#next++, x: null, y: null, lon: null, lat: null, ...place };
      this.marks = [...this.marks, mark];
      this.selected = mark.id;
    }
  }
}

/** Metres as one reads a deviation: "0.4 m", "12 m". */
export function metres(m: number): string {
  return m < 10 ? `${m.toFixed(1)} m` : distance(m);
}

export function isWhole(m: Mark): m is Mark & { x: number; y: number; lon: number; lat: number } {
  return m.x !== null && m.y !== null && m.lon !== null && m.lat !== null;
}
