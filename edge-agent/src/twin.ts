import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";

/** What can be changed of a camera while it runs, ms. */
export interface CameraPace {
  readonly interval_ms: number;
  readonly patrol_ms: number;
}

/** What the agent runs: the heartbeat's period and the pace of each camera. */
export interface RunningSettings {
  readonly heartbeat_ms: number;
  readonly cameras: ReadonlyMap<string, CameraPace>;
}

/** `twin/reported`: what runs, for which version of `twin/desired`, and what was not accepted. */
export interface ReportedTwin {
  readonly version: number;
  readonly ts: number;
  readonly heartbeat_ms: number;
  readonly devices: Readonly<Record<string, CameraPace>>;
  readonly refused: readonly { readonly path: string; readonly why: string }[];
  /** the last minutes of every camera are kept here; absent = no pictures are */
  readonly evidence?: EvidenceReport;
}

/** What the hub may know of the evidence ring. */
export interface EvidenceReport {
  readonly keep_ms: number;
  /** whether the hub gets a clip when it asks */
  readonly upload: boolean;
  /** of the evidence server, where it is configured */
  readonly url?: string;
}

const LEAST = { heartbeat_ms: 100, interval_ms: 100, patrol_ms: 1000 } as const;
const MOST = 86_400_000;
const MAX_REFUSED = 20;
const ROOM = LANE_LIMIT.twin - 8192;

type Key = keyof typeof LEAST;

/**
 * Configuration by `twin/desired`: `{"version":3,"heartbeat_ms":10000,"patrol_ms":5000,"devices":{"camera-1":{"patrol_ms":2000}}}`.
 * A device's own value wins over the one for all, that over the settings file; what is not named goes back to the file's value.
 * One wrong value is refused by its path and harms no other.
 */
export class Twin {
  readonly #file: RunningSettings;
  readonly #evidence: EvidenceReport | undefined;
  #version = 0;
  #refused: { path: string; why: string }[] = [];
  running: RunningSettings;

  constructor(file: RunningSettings, evidence?: EvidenceReport) {
    this.#file = file;
    this.#evidence = evidence;
    this.running = file;
  }

  /** @param desired parsed JSON of `twin/desired`, from outside */
  apply(desired: unknown): RunningSettings {
    this.#refused = [];
    const tree = this.#map(desired, "(root)") ?? {};
    this.#version = Number.isSafeInteger(tree.version) ? (tree.version as number) : 0;
    const heartbeat_ms = this.#value(tree, "heartbeat_ms", "") ?? this.#file.heartbeat_ms;
    const all = { interval_ms: this.#value(tree, "interval_ms", ""), patrol_ms: this.#value(tree, "patrol_ms", "") };
    const devices = tree.devices === undefined ? {} : (this.#map(tree.devices, "devices") ?? {});
    for (const id of Object.keys(devices))
      if (!this.#file.cameras.has(id)) this.#refuse(`devices.${id}`, "no camera of this name at this edge");
    const cameras = new Map<string, CameraPace>();
    for (const [id, own] of this.#file.cameras) {
      const path = `devices.${id}`;
      const wish = Object.hasOwn(devices, id) ? (this.#map(devices[id], path) ?? {}) : {};
      cameras.set(id, {
        interval_ms: this.#value(wish, "interval_ms", path) ?? all.interval_ms ?? own.interval_ms,
        patrol_ms: this.#value(wish, "patrol_ms", path) ?? all.patrol_ms ?? own.patrol_ms,
      });
    }
    this.running = { heartbeat_ms, cameras };
    return this.running;
  }

  /** What runs now, as many cameras as the contract's size takes. */
  report(ts: number): ReportedTwin {
    const devices: Record<string, CameraPace> = {};
    let room: number = ROOM;
    for (const [id, pace] of this.running.cameras) {
      room -= id.length + 64;
      if (room < 0) break;
      devices[id] = pace;
    }
    const { heartbeat_ms } = this.running;
    const evidence = this.#evidence;
    return {
      ...{ version: this.#version, ts, heartbeat_ms, devices, refused: this.#refused },
      ...(evidence !== undefined && { evidence }),
    };
  }

  #value(tree: Readonly<Record<string, unknown>>, key: Key, path: string): number | undefined {
    const value = tree[key];
    if (value === undefined || value === null) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= LEAST[key] && (value as number) <= MOST)
      return value as number;
    this.#refuse(path === "" ? key : `${path}.${key}`, `expected a whole number of ms from ${LEAST[key]} to ${MOST}`);
    return undefined;
  }

  #map(value: unknown, path: string): Readonly<Record<string, unknown>> | null {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    this.#refuse(path, "expected a map");
    return null;
  }

  #refuse(path: string, why: string): void {
    if (this.#refused.length < MAX_REFUSED) this.#refused.push({ path: path.slice(0, 128), why });
  }
}
