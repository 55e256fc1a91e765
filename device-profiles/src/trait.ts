import type { Alarm } from "./profile.ts";

/** What many kinds of device share: `use: [battery]` adds the metrics (for JSON records) and the alarms that fit. */
export interface Trait {
  readonly metrics: readonly string[];
  /** alarms by name; one applies when the profile's codec or `metrics:` yields `needs`. A profile's alarm of that name wins. */
  readonly alarms: readonly { readonly name: string; readonly needs: string; readonly alarm: Alarm }[];
}

const LOW_BATTERY = { zh: "设备电量低", en: "Device battery low" };
const lowBattery = (when: string, clear: string, limit: Alarm["limit"]): Alarm => ({
  title: LOW_BATTERY,
  event: "device.low_battery",
  severity: 4,
  when,
  clear,
  ...(limit === undefined ? {} : { limit }),
  repeat: "2 of 3",
});

export const TRAIT_NAMES = ["battery", "radio", "tamper"] as const;

export const TRAITS: Readonly<Record<(typeof TRAIT_NAMES)[number], Trait>> = {
  battery: {
    metrics: ["battery", "battery_percent"],
    // percent where the device gives it, else its own flag, else volts with the limit of a lithium primary cell
    alarms: [
      {
        name: "low_battery",
        needs: "battery_percent",
        alarm: lowBattery("battery_percent < limit", "battery_percent > limit + 5", {
          attribute: "min_battery_percent",
          default: 15,
        }),
      },
      {
        name: "low_battery",
        needs: "battery_low",
        alarm: lowBattery("battery_low == true", "battery_low == false", undefined),
      },
      {
        name: "low_battery",
        needs: "battery",
        alarm: lowBattery("battery < limit", "battery > limit + 0.1", { attribute: "min_battery", default: 3.1 }),
      },
    ],
  },
  radio: { metrics: ["rssi", "snr", "gateways", "data_rate"], alarms: [] },
  tamper: {
    metrics: ["tamper"],
    alarms: [
      {
        name: "tampered",
        needs: "tamper",
        alarm: {
          title: { zh: "设备被拆动", en: "Device tampered with" },
          event: "device.tamper",
          severity: 3,
          when: "tamper == true",
        },
      },
    ],
  },
};
