import { HubError } from "../errors.ts";
import type { Adapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { ChirpStack } from "./chirpstack.ts";
import { GenericTemplate } from "./generic-template.ts";
import { HomeAssistant } from "./home-assistant/home-assistant.ts";
import { Sparkplug } from "./sparkplug/sparkplug.ts";
import { ThingsBoard } from "./thingsboard.ts";
import { ThingsStack } from "./things-stack.ts";
import { Zigbee2Mqtt } from "./zigbee2mqtt.ts";

type Create = (config: AdapterConfig) => Adapter;

const KINDS: Readonly<Record<AdapterConfig["kind"], Create>> = {
  the_things_stack: (config) => new ThingsStack(config),
  chirpstack: (config) => new ChirpStack(config),
  zigbee2mqtt: (config) => new Zigbee2Mqtt(config),
  home_assistant: (config) => new HomeAssistant(config),
  thingsboard: (config) => new ThingsBoard(config),
  sparkplug: (config) => new Sparkplug(config),
  template: (config) => new GenericTemplate(config),
};

/** @throws HubError CONFIG_INVALID naming the adapter and what it lacks */
export function createAdapter(config: AdapterConfig): Adapter {
  try {
    return KINDS[config.kind](config);
  } catch (error) {
    throw new HubError(
      "CONFIG_INVALID",
      `adapter ${config.kind} of ${config.site}/${config.edge}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
