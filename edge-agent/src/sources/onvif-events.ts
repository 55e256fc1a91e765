import { setTimeout as sleep } from "node:timers/promises";
import { CameraError } from "./camera-error.ts";
import type { OnvifSoap } from "./onvif-soap.ts";
import { find, findAll, textAt, writeXml, type XmlNode } from "./onvif-xml.ts";
import type { FeedSignals } from "./picture-feed.ts";

const EVENTS = "http://www.onvif.org/ver10/events/wsdl";
const NOTIFY = "http://docs.oasis-open.org/wsn/b-2";
const ACTION = `${EVENTS}/EventPortType/CreatePullPointSubscriptionRequest`;
const PULL_ACTION = `${EVENTS}/PullPointSubscription/PullMessagesRequest`;
const RENEW_ACTION = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest";
/** A subscription ends by itself after so long without renewal; what a killed agent leaves behind is gone then. */
const LIFE_MS = 60_000;
/** The camera may hold a pull for so long until something happens. */
const PULL_MS = 10_000;
const BACKOFF_MIN_MS = 1000;
const BACKOFF_MAX_MS = 300_000;

interface Subscription {
  readonly url: string;
  readonly reference: string;
  /** ms UTC, our clock */
  renewed: number;
}

/**
 * A camera's own events by PullPoint (ONVIF Core section 9): motion, and the time of its last start. A subscription that the camera has
 * forgotten before its time means that it was started anew.
 */
export class OnvifEvents {
  readonly #soap: OnvifSoap;
  readonly #url: string;
  readonly #reach: (address: string) => string | null;
  #subscription: Subscription | null = null;
  #lastReboot = "";

  /** @param reach turns an address that the camera named into one that can be reached */
  constructor(soap: OnvifSoap, url: string, reach: (address: string) => string | null) {
    this.#soap = soap;
    this.#url = url;
    this.#reach = reach;
  }

  /** Pulls until it is stopped or the account is refused: whoever tries a wrong password again decides when. Never rejects. */
  async run(signals: FeedSignals): Promise<void> {
    let failures = 0;
    while (!signals.stop.aborted) {
      try {
        this.#subscription ??= await this.#subscribe(signals);
        await this.#pull(this.#subscription, signals);
        failures = 0;
      } catch (error) {
        if (signals.stop.aborted) return;
        if (failures === 0) signals.motion(false);
        const code = error instanceof CameraError ? error.code : "onvif";
        if (failures === 0) signals.log.info({ why: (error as Error).message }, "camera events");
        if (code === "auth") return;
        if (code === "onvif") this.#forgotten(signals);
        const pause = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(failures++, 9));
        await sleep(pause, undefined, { signal: signals.stop }).catch(() => {});
      }
    }
  }

  async #subscribe({ now, stop }: FeedSignals): Promise<Subscription> {
    const body = `<CreatePullPointSubscription xmlns="${EVENTS}"><InitialTerminationTime>PT${LIFE_MS / 1000}S</InitialTerminationTime></CreatePullPointSubscription>`;
    const answer = await this.#soap.call({ url: this.#url, body, action: ACTION }, stop);
    const endpoint = find(answer, "SubscriptionReference");
    const url = this.#reach(textAt(endpoint, "Address"));
    if (url === null) throw new CameraError("onvif", "the camera names no address for its subscription");
    const parameters = find(endpoint, "ReferenceParameters")?.children ?? [];
    return { url, reference: parameters.map(writeXml).join(""), renewed: now() };
  }

  async #pull(subscription: Subscription, signals: FeedSignals): Promise<void> {
    const { url, reference } = subscription;
    const body = `<PullMessages xmlns="${EVENTS}"><Timeout>PT${PULL_MS / 1000}S</Timeout><MessageLimit>100</MessageLimit></PullMessages>`;
    const timeoutMs = PULL_MS * 2;
    const answer = await this.#soap.call({ url, body, action: PULL_ACTION, reference, timeoutMs }, signals.stop);
    for (const message of findAll(answer, "NotificationMessage")) this.#hear(message, signals);
    if (signals.now() - subscription.renewed < LIFE_MS / 3) return;
    const renew = `<Renew xmlns="${NOTIFY}"><TerminationTime>PT${LIFE_MS / 1000}S</TerminationTime></Renew>`;
    await this.#soap.call({ url, body: renew, action: RENEW_ACTION, reference }, signals.stop);
    subscription.renewed = signals.now();
  }

  #hear(message: XmlNode, signals: FeedSignals): void {
    const topic = textAt(message, "Topic");
    const items = findAll(find(message, "Data"), "SimpleItem").map(({ attributes }) => attributes);
    if (/OperatingTime\/LastReboot$/.test(topic)) {
      const at = items.find(({ Name }) => Name === "Status")?.Value ?? "";
      if (this.#lastReboot !== "" && at !== "" && at !== this.#lastReboot) signals.rebooted();
      if (at !== "") this.#lastReboot = at;
      return;
    }
    if (!/Motion/i.test(topic)) return;
    const state = items.find(({ Name }) => /^(IsMotion|State|Motion)$/i.test(Name ?? ""))?.Value;
    if (state !== undefined) signals.motion(state === "true" || state === "1");
  }

  #forgotten(signals: FeedSignals): void {
    const known = this.#subscription;
    this.#subscription = null;
    const age = known === null ? Number.POSITIVE_INFINITY : signals.now() - known.renewed;
    if (age >= 0 && age < LIFE_MS) signals.rebooted();
  }
}
