import type { Device } from "../../device.ts";
import type { AreaRule } from "./area-rule.ts";
import { type AreaInstance, DeviceVerdict } from "./area-state.ts";

/** Where a device takes part, as it was when it last joined. */
export interface Joined {
  readonly device: Device;
  readonly gridId: string | null;
  readonly profile: unknown;
  readonly verdicts: DeviceVerdict[];
}

export interface JoinPort {
  readonly rules: readonly AreaRule[];
  readonly scale: number;
  /** the rule's instance that covers a grid; null = the grid is none of its business */
  instanceFor(rule: AreaRule, gridId: string | null): AreaInstance | null;
  instancesOf(rule: AreaRule): Iterable<AreaInstance>;
}

/**
 * The conditions in which a device has a say. The same condition in the same instance stays what it was: its last values and its
 * timer go on.
 */
export function joinDevice(device: Device, before: Joined | undefined, port: JoinPort): Joined {
  const { gridId, profile } = device;
  const stays = (instance: AreaInstance, condition: number) =>
    before?.profile === profile
      ? before.verdicts.find((each) => each.instance === instance && each.condition === condition)
      : undefined;
  const verdicts: DeviceVerdict[] = [];
  for (const rule of port.rules) {
    rule.all.forEach((condition, i) => {
      const instances: AreaInstance[] = [];
      if (
        condition.what === "sensors" &&
        (profile.kind === condition.sensors || profile.id.startsWith(`${condition.sensors}@`))
      ) {
        const instance = port.instanceFor(rule, gridId);
        if (instance !== null) instances.push(instance);
      } else if (condition.what === "device" && condition.uid === device.uid) {
        if (rule.each === null || rule.grid === null) {
          const instance = port.instanceFor(rule, rule.each === null ? rule.grid : gridId);
          if (instance !== null) instances.push(instance);
        } else instances.push(...port.instancesOf(rule));
      } else return;
      for (const instance of instances) {
        const verdict = stays(instance, i) ?? new DeviceVerdict(device, instance, i, condition.when, port.scale);
        if (verdict.fits) verdicts.push(verdict);
      }
    });
  }
  return { device, gridId, profile, verdicts };
}
