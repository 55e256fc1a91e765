import type { MqttEdge } from "../mqtt-edge.ts";
import type { FieldDevice } from "./devices.ts";
import type { EdgePlan } from "./plan.ts";

/** A village gateway: it speaks the contract itself and carries dozens of battery devices. */
export class Gateway {
  readonly plan: EdgePlan;
  readonly edge: MqttEdge;
  /** reason codes of devices that do not answer it, by name; goes with the heartbeat */
  readonly faults = new Map<string, string>();
  private readonly devices: FieldDevice[] = [];

  constructor(plan: EdgePlan, edge: MqttEdge) {
    this.plan = plan;
    this.edge = edge;
  }

  carry(device: FieldDevice): void {
    this.devices.push(device);
  }

  /** Every device says where it stands, once; from then on each has its own phase. */
  firstReports(now: number): void {
    this.devices.forEach((device, i) => {
      device.poll(now);
      device.dephase((i + 1) / this.devices.length);
    });
  }

  /** What is due or has changed. Without power nothing is measured. */
  poll(now: number): void {
    if (!this.edge.connected) return;
    for (const device of this.devices) {
      if (!this.faults.has(device.placement.name)) device.poll(now);
    }
  }

  heartbeat(now: number): void {
    this.edge.heartbeat(now, Object.fromEntries(this.faults));
  }
}
