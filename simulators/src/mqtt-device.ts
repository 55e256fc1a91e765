import type { DeclaredDevice } from "@gridhub/device-profiles/envelope.ts";
import { MqttEdge, type MqttEdgeCounts, type MqttEdgeOptions } from "./mqtt-edge.ts";

/** The device is an edge with one device: both carry the same name. */
export interface MqttDeviceOptions extends Omit<MqttEdgeOptions, "devices">, Omit<DeclaredDevice, "id"> {}

/** A device that speaks the contract itself. See {@link MqttEdge}. */
export class MqttDevice {
  private readonly name: string;
  private readonly edge: MqttEdge;

  constructor(options: MqttDeviceOptions) {
    const { profile, title, lon, lat, grid, attributes, ...edge } = options;
    this.name = options.name;
    this.edge = new MqttEdge({ ...edge, devices: [{ id: edge.name, profile, title, lon, lat, grid, attributes }] });
  }

  get counts(): MqttEdgeCounts {
    return this.edge.counts;
  }

  get pending(): number {
    return this.edge.pending;
  }

  start(): Promise<void> {
    return this.edge.start();
  }

  /** A decoded sample; false when the memory is full. */
  telemetry(ts: number, values: Readonly<Record<string, unknown>>): boolean {
    return this.edge.telemetry(this.name, ts, values);
  }

  /** An undecoded frame; false when the memory is full. */
  raw(ts: number, frame: Uint8Array): boolean {
    return this.edge.raw(this.name, ts, frame);
  }

  /** Camera frame lane: not sequenced, dropped when the hub is away. */
  frame(payload: Buffer): void {
    this.edge.frame(this.name, payload);
  }

  /** Goes without a word, as a device does whose power fails: the broker sends the will. */
  cut(): void {
    this.edge.cut();
  }

  close(): Promise<void> {
    return this.edge.close();
  }
}
