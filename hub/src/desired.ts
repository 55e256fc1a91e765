import { topics } from "@gridhub/device-profiles/topic.ts";
import type { Broker } from "./broker/broker.ts";
import type { Clock } from "./clock.ts";
import type { Device, Edge } from "./device.ts";

/** What an edge obeys, ms; see the edge agent's twin. */
export interface DesiredSettings {
  readonly heartbeat_ms?: number;
  readonly interval_ms?: number;
  readonly patrol_ms?: number;
}

interface Wished {
  readonly edge: Edge;
  /** room -> name of the device, "" = the edge itself -> settings */
  readonly rooms: Map<string, Map<string, DesiredSettings>>;
  version: number;
  /** what was published last, without its version */
  said: string;
}

/**
 * What the hub wishes of the edges, `twin/desired`: one retained document an edge, made of the wishes of all rooms. A device's settings
 * are merged room by room in the order of `rooms`: of two that name the same, the later one wins. What nobody wishes any more is
 * absent, and goes back to the edge's own settings. Coalesced: an edge hears of changes at most once in `intervalMs`.
 *
 * Nothing here is durable: rooms wish anew after a restart, and an edge that announces itself hears what holds. Versions are
 * times, so they grow over restarts too.
 */
export class Desired {
  readonly #broker: Pick<Broker, "publish">;
  readonly #root: string;
  readonly #rooms: readonly string[];
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #edges = new Map<number, Wished>();
  readonly #dirty = new Set<Wished>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    broker: Pick<Broker, "publish">,
    options: {
      readonly root: string;
      /** in the order of their weight, the heaviest last */
      readonly rooms: readonly string[];
      readonly clock: Clock;
      readonly intervalMs?: number;
    },
  ) {
    this.#broker = broker;
    this.#root = options.root;
    this.#rooms = options.rooms;
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs ?? 1000;
  }

  /** @param settings null takes the wish back */
  wishDevice(room: string, device: Device, settings: DesiredSettings | null): void {
    this.#wish(room, device.edge, device.name, settings);
  }

  /** For all devices of an edge; a device's own settings win. */
  wishEdge(room: string, edge: Edge, settings: DesiredSettings | null): void {
    this.#wish(room, edge, "", settings);
  }

  /**
   * An edge announced itself. The first time since the hub started it hears what holds, also when that is nothing: it may still obey
   * what was wished before. Later the broker repeats the retained document.
   */
  announced(edge: Edge): void {
    if (!this.#edges.has(edge.id)) this.#mark(this.#of(edge));
  }

  /** Version of what an edge was told last; 0 = nothing was ever said, null = the newest is about to be said. */
  versionOf(edge: Edge): number | null {
    const wished = this.#edges.get(edge.id);
    if (wished === undefined) return 0;
    return this.#dirty.has(wished) ? null : wished.version;
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const wished of this.#dirty) {
      const { edge } = wished;
      const document = this.#document(wished);
      const said = JSON.stringify(document);
      if (said === wished.said) continue;
      wished.said = said;
      wished.version = Math.max(wished.version + 1, this.#clock());
      const payload = JSON.stringify({ version: wished.version, ...document });
      this.#broker.publish(topics.desired(edge.site, edge.name, this.#root), payload, { qos: 1, retain: true });
    }
    this.#dirty.clear();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wish(room: string, edge: Edge, device: string, settings: DesiredSettings | null): void {
    if (!this.#rooms.includes(room)) throw new Error(`no room ${room} was announced`);
    const wished = this.#of(edge);
    let devices = wished.rooms.get(room);
    if (devices === undefined) wished.rooms.set(room, (devices = new Map()));
    if (settings === null) devices.delete(device);
    else devices.set(device, settings);
    this.#mark(wished);
  }

  #of(edge: Edge): Wished {
    let wished = this.#edges.get(edge.id);
    if (wished === undefined) this.#edges.set(edge.id, (wished = { edge, rooms: new Map(), version: 0, said: "" }));
    return wished;
  }

  #mark(wished: Wished): void {
    this.#dirty.add(wished);
    this.#timer ??= setTimeout(() => this.flush(), this.#intervalMs);
    this.#timer.unref();
  }

  #document({ rooms }: Wished): object {
    let all: DesiredSettings = {};
    const devices: Record<string, DesiredSettings> = {};
    for (const room of this.#rooms) {
      for (const [name, settings] of rooms.get(room) ?? []) {
        if (name === "") all = { ...all, ...settings };
        else devices[name] = { ...devices[name], ...settings };
      }
    }
    return { ...all, devices };
  }
}
