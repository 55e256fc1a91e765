import type { Device } from "../device.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { metresBetween } from "./calibration/geodesy.ts";
import type { Outcome } from "./camera.ts";
import type { Box } from "./detection.ts";
import type { GroundPoint } from "./place.ts";
import { uidOf } from "./view.ts";

/** One thing in the world that one or several cameras report. JSON: it is durable. Times in ms UTC. */
interface Incident {
  readonly kind: string;
  readonly recipe: string;
  /** of the events, `place:<uid of the first camera>`, with `#n` where that is taken */
  readonly subject: string;
  /** grid of the first camera */
  readonly gridId: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  /** metres; null = the place is the camera's, not the object's */
  readonly errorM: number | null;
  readonly since: number;
  /** who sees it: view of a camera -> where in its picture, fractions */
  readonly cameras: Record<string, Box | null>;
}

/** What a camera's outcome means for the event; null = nothing to say. */
export interface Report {
  readonly phase: Outcome["phase"];
  readonly subject: string;
  /** all cameras that see it */
  readonly cameras: readonly string[];
}

const KEY = "incident ";

/**
 * Several cameras on one fire are one event. What a camera raises joins an open incident of its recipe within the recipe's radius:
 * by the objects' own places where both are known, else by the cameras' places on the same grid. It ends when nobody sees it.
 */
export class Incidents {
  readonly #open = new Map<string, Incident>();

  load(rows: readonly FoldStateRow[]): void {
    this.#open.clear();
    for (const row of rows)
      if (row.key.startsWith(KEY) && row.state !== null) this.#open.set(row.key, row.state as Incident);
  }

  fold(
    { recipe, phase, box }: Outcome,
    device: Device,
    point: GroundPoint | null,
    ts: number,
    out: FoldStateRow[],
    view = device.uid,
  ): Report | null {
    const kind = recipe.event;
    const own = this.#find(kind, (i) => i.recipe === recipe.name && Object.hasOwn(i.cameras, view));
    if (phase === "clear") {
      // raised before incidents were kept
      if (own === undefined) return { phase, subject: `place:${device.uid}`, cameras: [device.uid] };
      const { [view]: _gone, ...cameras } = own.cameras;
      const rest = Object.keys(cameras);
      if (rest.length > 0) {
        this.#put({ ...own, cameras }, out);
        return null;
      }
      this.#open.delete(keyOf(own));
      out.push({ room: "vision", key: keyOf(own), state: null });
      return { phase, subject: own.subject, cameras: [device.uid] };
    }
    const known = own ?? this.#find(kind, (i) => i.recipe === recipe.name && isNear(i, device, point, recipe.radius));
    if (known !== undefined) {
      const incident = { ...known, cameras: { ...known.cameras, [view]: box } };
      this.#put(incident, out);
      return {
        phase: own === undefined ? "update" : phase,
        subject: known.subject,
        cameras: [...new Set(Object.keys(incident.cameras).map(uidOf))],
      };
    }
    const at = point ?? device;
    const incident: Incident = {
      kind,
      recipe: recipe.name,
      subject: this.#freeSubject(kind, device),
      gridId: device.gridId,
      lon: at.lon,
      lat: at.lat,
      errorM: point?.errorM ?? null,
      since: ts,
      cameras: { [view]: box },
    };
    this.#put(incident, out);
    return { phase, subject: incident.subject, cameras: [device.uid] };
  }

  /** Which views of cameras show what an event is about, and where in their pictures. */
  sightings(
    kind: string,
    subject: string,
  ): { readonly recipe: string; readonly cameras: Readonly<Record<string, Box | null>> } | null {
    return this.#find(kind, (i) => i.subject === subject) ?? null;
  }

  #find(kind: string, fits: (i: Incident) => boolean): Incident | undefined {
    for (const incident of this.#open.values()) if (incident.kind === kind && fits(incident)) return incident;
    return undefined;
  }

  #freeSubject(kind: string, { uid }: Device): string {
    for (let n = 1; ; n++) {
      const subject = n === 1 ? `place:${uid}` : `place:${uid}#${n}`;
      if (this.#find(kind, (i) => i.subject === subject) === undefined) return subject;
    }
  }

  #put(incident: Incident, out: FoldStateRow[]): void {
    this.#open.set(keyOf(incident), incident);
    out.push({ room: "vision", key: keyOf(incident), state: incident });
  }
}

function keyOf({ kind, subject }: Incident): string {
  return `${KEY}${kind} ${subject}`;
}

function isNear(i: Incident, device: Device, point: GroundPoint | null, radius: number): boolean {
  if (radius === 0) return false;
  const at = point ?? device;
  if (i.lon === null || i.lat === null || at.lon === null || at.lat === null) return false;
  const distance = metresBetween(i.lon, i.lat, at.lon, at.lat);
  if (point !== null && i.errorM !== null) return distance <= radius + point.errorM + i.errorM;
  // a camera's place says only roughly where the object is: the grid has to be the same as well
  return i.gridId !== null && i.gridId === device.gridId && distance <= radius + (point?.errorM ?? 0) + (i.errorM ?? 0);
}
