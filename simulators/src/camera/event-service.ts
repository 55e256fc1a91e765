import type { PullPoints } from "./pull-points.ts";
import { answer, fault, operationOf, type SoapAnswer } from "./soap.ts";

const MAX_WAIT = 60_000;
const SUBSCRIPTION_PATH = "/onvif/subscription/";

/** The event service and its subscriptions: CreatePullPointSubscription, PullMessages, Renew, Unsubscribe. Null for anything else. */
export async function answerEvents(
  request: string,
  camera: { readonly origin: string; readonly path: string; readonly now: Date },
  points: PullPoints,
): Promise<SoapAnswer | null> {
  const operation = operationOf(request);
  const until = (ms: number) => new Date(camera.now.getTime() + ms).toISOString();
  const times = `<wsnt:CurrentTime>${camera.now.toISOString()}</wsnt:CurrentTime><wsnt:TerminationTime>${until(60_000)}</wsnt:TerminationTime>`;
  if (operation === "CreatePullPointSubscription") {
    const id = points.create();
    if (id === null) return fault("ter:MaxPullPoints", "too many subscriptions");
    // The id travels as a reference parameter, as Axis does it: a client that does not send it back is a stranger.
    return answer(`<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>
      <wsa:Address>${camera.origin}${SUBSCRIPTION_PATH}</wsa:Address>
      <wsa:ReferenceParameters><sim:SubscriptionId xmlns:sim="urn:gridhub:simulators">${id}</sim:SubscriptionId></wsa:ReferenceParameters>
      </tev:SubscriptionReference>${times}</tev:CreatePullPointSubscriptionResponse>`);
  }
  if (!camera.path.startsWith(SUBSCRIPTION_PATH)) return null;
  const id = /<(?:\w+:)?SubscriptionId[^>]*>([^<]*)</.exec(request)?.[1] ?? "";
  if (!points.has(id)) return fault("wsrf-rw:ResourceUnknownFault", "no such subscription");
  if (operation === "PullMessages") {
    const seconds = Number(/<(?:\w+:)?Timeout>PT([\d.]+)S</.exec(request)?.[1] ?? 1);
    const limit = Number(/<(?:\w+:)?MessageLimit>(\d+)</.exec(request)?.[1] ?? 10);
    const notices = await points.pull(id, Math.min(MAX_WAIT, seconds * 1000), limit);
    const stamps = times.replaceAll("wsnt:", "tev:");
    return answer(`<tev:PullMessagesResponse>${stamps}${notices}</tev:PullMessagesResponse>`);
  }
  if (operation === "Renew") return answer(`<wsnt:RenewResponse>${times}</wsnt:RenewResponse>`);
  if (operation !== "Unsubscribe") return null;
  points.remove(id);
  return answer("<wsnt:UnsubscribeResponse/>");
}
