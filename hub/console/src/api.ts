import type { ApiError } from "../../src/api/error-schema.ts";
import type { NewQuiet, QuietInfo } from "../../src/api/event-policy-schema.ts";
import type { DeviceHealthReport } from "../../src/api/reports-schema.ts";
import type {
  DeadLetterInfo,
  DeviceDetail,
  DeviceInfo,
  EdgeCredential,
  EdgeInfo,
  EventAction,
  EventDetail,
  EventInfo,
  FleetRollUp,
  FormationInfo,
  GridInfo,
  Overview,
  PortVisitInfo,
  ReceiverInfo,
  Series,
  User,
  VesselInfo,
} from "../../src/api/schema.ts";
import type { NewTicket, TicketMade } from "../../src/api/ticket-schema.ts";
import { CalibrationApi } from "./calibration/calibration-api.ts";
import { ClipsApi } from "./clips/clips-api.ts";
import { type Method, OnboardingApi } from "./onboarding/onboarding-api.ts";
import { PostureApi } from "./posture/posture-api.ts";
import { GridApi } from "./sea/grid-api.ts";
import { RecallApi } from "./sea/recall-api.ts";
import { ReportsApi } from "./reports/reports-api.ts";
import { SettingsApi } from "./settings/settings-api.ts";
import { VisionApi } from "./vision/vision-api.ts";

export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
  readonly total?: number;
}
export type Query = Readonly<Record<string, string | number | null | undefined>>;
export interface Coast {
  readonly type: "FeatureCollection";
  readonly attribution?: string;
  readonly features: { properties?: { name?: string } | null; geometry: unknown }[];
}
/** [ts, lon, lat, sog, cog] */
export type TrackRow = [number, number, number, number | null, number | null];

/** An answer that is not 2xx, or none at all (`status` 0). `code` is the hub's stable error code. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string;
  /** what is wrong where, when one sentence is not enough */
  readonly problems: NonNullable<ApiError["problems"]>;

  constructor(status: number, error: ApiError) {
    super(error.message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = error.code;
    this.advice = error.advice ?? "";
    this.problems = error.problems ?? [];
  }
}

export interface ApiOptions {
  readonly fetch?: typeof fetch;
  /** called when the session is gone (401 anywhere but at login) */
  readonly onLoggedOut?: () => void;
}

/** The only place that knows routes. Every method rejects with {@link ApiFailure}. */
export class Api {
  readonly #fetch: typeof fetch;
  readonly #onLoggedOut: () => void;
  /** how a camera lies on the ground */
  readonly calibration = new CalibrationApi((method, path, body, signal) => this.#send(method, path, body, signal));
  /** what the edges' evidence rings hold of an event */
  readonly clips = new ClipsApi((method, path, body) => this.#send(method, path, body));
  /** quarantine and profiles */
  readonly onboarding = new OnboardingApi((method, path, body, signal) => this.#send(method, path, body, signal));

  readonly posture = new PostureApi((method, path, body) => this.#send(method, path, body));
  /** areas, memberships and versions of the grids */
  readonly sea = new GridApi((method, path, body, etag) => this.#send(method, path, body, undefined, etag));
  readonly recalls = new RecallApi((method, path, body) => this.#send(method, path, body));

  readonly reports = new ReportsApi((path, query) => this.#get(path, query));
  readonly settings = new SettingsApi((method, path, body, etag) => this.#send(method, path, body, undefined, etag));
  readonly vision = new VisionApi((path, query) => this.#get(path, query));

  constructor(options: ApiOptions = {}) {
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#onLoggedOut = options.onLoggedOut ?? (() => {});
  }

  /** @param etag of what was looked at: the hub refuses to change what somebody else changed since */
  async #send<T>(
    method: Method | "DELETE",
    path: string,
    body?: unknown,
    signal?: AbortSignal,
    etag?: string,
  ): Promise<T> {
    const init: RequestInit = { method, credentials: "same-origin", headers: { accept: "application/json" } };
    if (signal !== undefined) init.signal = signal;
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { accept: "application/json", "content-type": "application/json" };
    }
    if (etag !== undefined) init.headers = { ...init.headers, "if-match": `"${etag}"` };
    let response: Response;
    try {
      response = await this.#fetch(path, init);
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      throw new ApiFailure(0, { code: "UNREACHABLE", message: "the hub does not answer" });
    }
    const text = await response.text();
    const answer = parse(text);
    if (response.ok) return answer as T;
    if (response.status === 401 && path !== "/api/login") this.#onLoggedOut();
    throw new ApiFailure(
      response.status,
      isApiError(answer) ? answer : { code: `HTTP_${response.status}`, message: response.statusText },
    );
  }

  #get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.#send("GET", path + search(query), undefined, signal);
  }

  login(username: string, password: string): Promise<User> {
    return this.#send("POST", "/api/login", { username, password });
  }
  logout(): Promise<unknown> {
    return this.#send("POST", "/api/logout", {});
  }
  me(): Promise<User> {
    return this.#get("/api/me");
  }
  changePassword(current: string, next: string): Promise<{ sessionsEnded: number }> {
    return this.#send("POST", "/api/me/password", { current, next });
  }
  overview(): Promise<Overview> {
    return this.#get("/api/overview");
  }
  grids(): Promise<{ version: number; items: GridInfo[] }> {
    return this.#get("/api/grids");
  }
  coast(): Promise<Coast> {
    return this.#get("/api/coast");
  }
  devices(query: Query): Promise<Page<DeviceInfo>> {
    return this.#get("/api/devices", query);
  }
  device(uid: string): Promise<DeviceDetail> {
    return this.#get(`/api/devices/${path(uid)}`);
  }
  series(uid: string, query: { metric: string; from: number; to: number; points: number }): Promise<Series> {
    return this.#get(`/api/devices/${path(uid)}/series`, query);
  }
  deviceHealth(uid: string, days: number): Promise<DeviceHealthReport> {
    return this.#get(`/api/devices/${path(uid)}/health`, { days });
  }
  openTicket(uid: string, ticket: NewTicket): Promise<TicketMade> {
    return this.#send("POST", `/api/devices/${path(uid)}/tickets`, ticket);
  }
  events(query: Query, signal?: AbortSignal): Promise<Page<EventInfo>> {
    return this.#get("/api/events", query, signal);
  }
  event(id: string): Promise<EventDetail> {
    return this.#get(`/api/events/${encodeURIComponent(id)}`);
  }
  act(id: string, action: EventAction): Promise<EventDetail> {
    return this.#send("POST", `/api/events/${encodeURIComponent(id)}/actions`, action);
  }
  quiet(): Promise<{ items: QuietInfo[] }> {
    return this.#get("/api/event-quiet");
  }
  addQuiet(rule: NewQuiet): Promise<{ items: QuietInfo[] }> {
    return this.#send("POST", "/api/event-quiet", rule);
  }
  endQuiet(id: number): Promise<{ items: QuietInfo[] }> {
    return this.#send("POST", `/api/event-quiet/${id}/end`, {});
  }
  vessels(): Promise<{ items: VesselInfo[] }> {
    return this.#get("/api/vessels");
  }
  track(mmsi: number, from: number, to: number): Promise<{ rows: TrackRow[] }> {
    return this.#get(`/api/vessels/${mmsi}/track`, { from, to });
  }
  visits(mmsi: number): Promise<{ items: PortVisitInfo[] }> {
    return this.#get(`/api/vessels/${mmsi}/visits`);
  }
  hearing(mmsi: number): Promise<{ items: { uid: string; ts: number }[] }> {
    return this.#get(`/api/vessels/${mmsi}/receivers`);
  }
  receivers(): Promise<{ items: ReceiverInfo[] }> {
    return this.#get("/api/receivers");
  }
  heardBy(uid: string): Promise<{ items: { mmsi: number; ts: number }[] }> {
    return this.#get(`/api/receivers/${path(uid)}/vessels`);
  }
  formations(): Promise<{ items: FormationInfo[]; areas: FleetRollUp[] }> {
    return this.#get("/api/formations");
  }
  edges(): Promise<{ items: EdgeInfo[] }> {
    return this.#get("/api/edges");
  }
  createEdge(edge: { site: string; edge: string; title?: string }): Promise<EdgeCredential> {
    return this.#send("POST", "/api/edges", edge);
  }
  deadLetters(query: Query): Promise<Page<DeadLetterInfo>> {
    return this.#get("/api/dead-letters", query);
  }
  replay(id: number): Promise<{ outcome: string }> {
    return this.#send("POST", `/api/dead-letters/${id}/replay`, {});
  }
}

export function mediaUrl(hash: string): string {
  return `/api/media/${encodeURIComponent(hash)}`;
}

/** `site/name` as two path segments, each escaped. */
function path(uid: string): string {
  return uid.split("/").map(encodeURIComponent).join("/");
}

/** Query string without the empty fields. */
export function search(query: Query): string {
  const pairs = Object.entries(query).filter(([, v]) => v != null && v !== "");
  if (pairs.length === 0) return "";
  return `?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)]))}`;
}

function parse(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function isApiError(x: unknown): x is ApiError {
  return typeof x === "object" && x !== null && "code" in x && "message" in x;
}
