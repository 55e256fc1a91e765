import type { Device } from "./device.ts";
import type { HealthChange, HealthState } from "./store/batch.ts";

export interface HealthOutDeps {
  readonly root: string;
  readonly device: (id: number) => Device | null;
  readonly publish: (topic: string, payload: string, options: { readonly qos: 1; readonly retain: true }) => void;
}

/** What stands at `<root>/<site>/out/health/<device>`. */
export interface HealthNotice {
  readonly v: 1;
  /** `<site>/<name>` */
  readonly device: string;
  readonly state: HealthState;
  /** reason code, hub/src/health/README.md */
  readonly reason: string;
  /** of the last change, ms UTC */
  readonly ts: number;
}

/**
 * Health of devices for integrators: after the commit, one retained message a device, so that who subscribes learns how all of them
 * stand without asking. Fire and forget: it is a copy of what the database has, and the next change brings the whole state again.
 */
export class HealthOut {
  readonly #deps: HealthOutDeps;

  constructor(deps: HealthOutDeps) {
    this.#deps = deps;
  }

  /** Of several changes of a device in one commit the last counts; edges have no topic here. */
  committed({ health }: { readonly health: readonly HealthChange[] }): void {
    if (health.length === 0) return;
    const last = new Map<number, HealthChange>();
    for (const change of health) if (change.deviceId !== null) last.set(change.deviceId, change);
    for (const [id, { to, reason, ts }] of last) {
      const device = this.#deps.device(id);
      if (device !== null) this.#tell(device, to, reason, ts);
    }
  }

  /** At the start: a broker in memory has forgotten what it kept. */
  tellAll(
    devices: Iterable<Device>,
    of: (
      device: Device,
    ) => { readonly state: HealthState; readonly reason: string; readonly since: number } | undefined,
  ): void {
    for (const device of devices) {
      const health = of(device);
      if (health !== undefined) this.#tell(device, health.state, health.reason, health.since);
    }
  }

  #tell(device: Device, state: HealthState, reason: string, ts: number): void {
    const notice: HealthNotice = { v: 1, device: device.uid, state, reason, ts };
    const topic = `${this.#deps.root}/${device.site}/out/health/${device.name}`;
    this.#deps.publish(topic, JSON.stringify(notice), { qos: 1, retain: true });
  }
}
