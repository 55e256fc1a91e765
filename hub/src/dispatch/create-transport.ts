import type { Clock } from "../clock.ts";
import { MqttTransport, type OwnBroker } from "./mqtt.ts";
import { DingTalkTransport } from "./notify/dingtalk.ts";
import { EmailTransport } from "./notify/email.ts";
import type { TargetConfig } from "./target.ts";
import type { Transport } from "./transport.ts";
import { trustingFetch } from "./trusting-fetch.ts";
import { WebhookTransport } from "./webhook.ts";

export interface TransportDeps {
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
  /** root of the hub's topics */
  readonly root?: string;
  readonly ownBroker?: OwnBroker;
}

const NO_BROKER: OwnBroker = (_topic, _payload, done) => done(new Error("the hub has no broker"));

export function createTransport(target: TargetConfig, deps: TransportDeps): Transport {
  const { clock, root = "", ownBroker = NO_BROKER } = deps;
  const { ca = "" } = target;
  const send = deps.fetch ?? (ca === "" ? fetch : trustingFetch(ca));
  switch (target.kind) {
    case "mqtt":
      return new MqttTransport(target, root, ownBroker);
    case "dingtalk":
      return new DingTalkTransport(target, send, clock);
    case "email":
      return new EmailTransport(target);
    default:
      return new WebhookTransport(target, send, clock);
  }
}
