import type { AddressInfo } from "node:net";
import swagger from "@fastify/swagger";
import { HubError } from "../errors.ts";
import type { CommitObserver } from "../stages.ts";
import { type App, createApp } from "./app.ts";
import { consoleFiles } from "./console-files.ts";
import type { ApiContext } from "./context.ts";
import { EventView } from "./event-view.ts";
import { expose } from "./exposition.ts";
import { guard } from "./guard.ts";
import type { Parts } from "./parts.ts";
import { adapterRoutes } from "./routes/adapters.ts";
import { areaRoutes } from "./routes/areas.ts";
import { auditRoutes } from "./routes/audit.ts";
import { calibrationRoutes } from "./routes/calibration.ts";
import { clipRoutes } from "./routes/clips.ts";
import { callbackRoutes } from "./routes/callbacks.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { deviceHealthRoutes } from "./routes/device-health.ts";
import { deviceRoutes } from "./routes/devices.ts";
import { edgeRoutes } from "./routes/edges.ts";
import { eventCodeRoutes } from "./routes/event-codes.ts";
import { eventQuietRoutes } from "./routes/event-quiet.ts";
import { eventRoutes } from "./routes/events.ts";
import { fleetTrackRoutes } from "./routes/fleet-tracks.ts";
import { gridRoutes } from "./routes/grids.ts";
import { logInRoutes } from "./routes/log-in.ts";
import { mapRoutes } from "./routes/map.ts";
import { mediaRoutes } from "./routes/media.ts";
import { membershipRoutes } from "./routes/memberships.ts";
import { nearbyRoutes } from "./routes/nearby.ts";
import { onboardingRoutes } from "./routes/onboarding.ts";
import { operationRoutes } from "./routes/operations.ts";
import { overviewRoutes } from "./routes/overview.ts";
import { postureRoutes } from "./routes/posture.ts";
import { profileSourceRoutes } from "./routes/profile-sources.ts";
import { profileRoutes } from "./routes/profiles.ts";
import { recallRoutes } from "./routes/recalls.ts";
import { redecodeRoutes } from "./routes/redecode.ts";
import { reportRoutes } from "./routes/reports.ts";
import { areaRuleRoutes } from "./routes/area-rules.ts";
import { ruleRoutes } from "./routes/rules.ts";
import { streamRoute } from "./routes/stream.ts";
import { targetRoutes } from "./routes/targets.ts";
import { ticketRoutes } from "./routes/tickets.ts";
import { vesselRoutes } from "./routes/vessels.ts";
import { visionRoutes } from "./routes/vision.ts";
import { warningRoutes } from "./routes/warnings.ts";
import { Reports } from "./reports.ts";
import { Scopes } from "./scope.ts";
import { securityHeaders } from "./security-headers.ts";
import { StoredRate } from "./stored-rate.ts";
import { API_VERSION, Stream } from "./stream.ts";
import { Tally } from "./tally.ts";

export interface Api {
  /** e.g. `http://127.0.0.1:8080` */
  readonly address: string;
  /** feeds the stream; to be told of every committed batch */
  readonly observer: CommitObserver;
  close(): Promise<void>;
}

const ROUTES = [
  logInRoutes,
  overviewRoutes,
  mapRoutes,
  gridRoutes,
  areaRoutes,
  membershipRoutes,
  deviceRoutes,
  eventRoutes,
  eventCodeRoutes,
  eventQuietRoutes,
  vesselRoutes,
  fleetTrackRoutes,
  recallRoutes,
  visionRoutes,
  calibrationRoutes,
  clipRoutes,
  edgeRoutes,
  deadLetterRoutes,
  callbackRoutes,
  targetRoutes,
  onboardingRoutes,
  adapterRoutes,
  profileRoutes,
  profileSourceRoutes,
  redecodeRoutes,
  auditRoutes,
  ruleRoutes,
  areaRuleRoutes,
  postureRoutes,
  warningRoutes,
  reportRoutes,
  nearbyRoutes,
  deviceHealthRoutes,
  ticketRoutes,
  mediaRoutes,
  streamRoute,
  operationRoutes,
];

/**
 * Console, API and stream on one address.
 * @throws HubError PORT_IN_USE, CONFIG_UNREADABLE (coast)
 */
export async function startApi(context: ApiContext): Promise<Api> {
  const scopes = new Scopes(context.grids);
  const events = new EventView(context);
  const tally = new Tally(context);
  const rate = new StoredRate();
  const stream = new Stream(context, events, tally, rate);
  const parts: Parts = { context, scopes, events, tally, rate, stream, reports: new Reports(context, events) };

  const app = createApp(context.log);
  try {
    await app.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: { title: "gridhub", version: API_VERSION, license: { name: "Apache-2.0" } },
        components: { securitySchemes: { session: { type: "http", scheme: "bearer" } } },
        security: [{ session: [] }],
      },
    });
    securityHeaders(app);
    guard(app, context.sessions, scopes);
    for (const routes of ROUTES) routes(app, parts);
    await consoleFiles(app, context.consoleDir);
    await listen(app, context);
  } catch (error) {
    await app.close();
    throw error;
  }
  expose(context, stream, tally);
  stream.start();
  return {
    address: addressOf(app, context.host),
    observer: stream,
    close: async () => {
      stream.close();
      await app.close();
    },
  };
}

async function listen(app: App, { host, port }: ApiContext): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    throw new HubError("PORT_IN_USE", `HTTP port ${port} on ${host} is in use`, { cause });
  }
}

function addressOf(app: App, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
