import { join } from "node:path";
import type { Pool } from "pg";
import { topics } from "@gridhub/device-profiles/topic.ts";
import type { Broker } from "./broker/broker.ts";
import type { Config } from "./config.ts";
import type { Desired } from "./desired.ts";
import type { HealthMonitor } from "./health/health-monitor.ts";
import type { Log } from "./log.ts";
import type { Registry } from "./registry/registry.ts";
import { forgetMedia } from "./store/queries/media.ts";
import type { VisionOptions } from "./vision/options.ts";

/** What vision asks of the rest of the hub; parts that are made after it are asked for when they are needed. */
export interface VisionLinks {
  readonly config: Pick<Config, "data_dir" | "mqtt" | "recipes" | "retention">;
  readonly pool: Pool;
  readonly log: Log;
  readonly registry: Pick<Registry, "device" | "devices" | "places">;
  readonly health: Pick<HealthMonitor, "of">;
  readonly broker: () => Pick<Broker, "publish">;
  readonly desired: () => Pick<Desired, "wishDevice">;
}

export function visionLinks(
  links: VisionLinks,
): Pick<VisionOptions, "onPace" | "onSwept" | "clips" | "recipes" | "landmarks"> {
  const { config, pool, log, registry, health, broker, desired } = links;
  return {
    recipes: config.recipes,
    landmarks: {
      revision: (kind) => registry.places.of(kind),
      of: (kind) => [...registry.devices()].filter((device) => device.profile.kind === kind),
    },
    onPace: (camera, pace) => desired().wishDevice("vision", camera, pace),
    onSwept: (hashes) => {
      forgetMedia(pool, hashes).catch((error: Error) => log.warn({ err: error.message }, "rows of old pictures stay"));
    },
    clips: {
      dir: join(config.data_dir, "clips"),
      maxBytes: config.retention.clip_gb * 2 ** 30,
      device: (uid) => registry.device(uid),
      isOnline: ({ key }) => health.of(`edge:${key}`)?.state === "online",
      send: ({ site, name }, id, command) =>
        broker().publish(topics.command(site, name, id, config.mqtt.root), JSON.stringify(command), { qos: 1 }),
    },
  };
}
