import { nearbyAnswer, reportAnswer } from "./reports.ts";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { extname, join, normalize } from "node:path";
import type { NewQuiet, QuietInfo } from "../../src/api/event-policy-schema.ts";
import type { EventDetail, EventInfo, User } from "../../src/api/schema.ts";
import { makeCalibration } from "./calibration.ts";
import { makeClips } from "./clips.ts";
import { deadLetters, deviceDetail, overviewOf, seriesOf } from "./answers.ts";
import { makeSeaGrids } from "./sea-grids.ts";
import { fleetAnswer } from "./fleet.ts";
import { makeIncidents } from "./incidents.ts";
import { makeOnboarding } from "./onboarding.ts";
import { makePosture } from "./posture.ts";
import { makeRecalls } from "./recalls.ts";
import { makeSettings } from "./settings.ts";
import { firmwareAnswer, healthAnswer, makeTickets } from "./upkeep.ts";
import { makeVision } from "./vision.ts";
import { makeStream } from "./stream.ts";
import { makeWorld } from "./world.ts";
import type { NewTicket } from "../../src/api/ticket-schema.ts";
import { type EventAction, nextHandling } from "../../src/events/handling.ts";

// A stand-in for the hub's API: generated data, same routes. For development and the console's browser test only.

export const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
export const DEV_PASSWORD = "development-only";
const USERS: Record<string, User> = {
  admin: { username: "admin", role: "admin", grids: [] },
  operator: { username: "operator", role: "operator", grids: [] },
  viewer: { username: "viewer", role: "viewer", grids: ["330922100"] },
};
const MIME: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

export interface MockOptions {
  readonly port?: number;
  /** built console to serve at `/` */
  readonly dist?: string;
  /** false = nothing changes by itself except vessels and statistics */
  readonly lively?: boolean;
}
export interface Mock {
  readonly url: string;
  readonly stream: ReturnType<typeof makeStream>;
  readonly posture: ReturnType<typeof makePosture>;
  /** changes an event as the hub would and tells the stream */
  openEvent(): EventDetail;
  /** a beacon in the water calls for help */
  callForHelp(): EventDetail;
  close(): Promise<void>;
}

export async function startMock(options: MockOptions = {}): Promise<Mock> {
  const started = Date.now();
  const world = makeWorld(7, started);
  const incidents = makeIncidents(world, 7, started);
  const dead = deadLetters(world, started);
  const onboarding = makeOnboarding(world, started);
  const recalls = makeRecalls(world, started);
  const seaGrids = makeSeaGrids(world, started, (version) => stream.send("grids", { version }));
  const posture = makePosture(started);
  const calibration = makeCalibration(world);
  const settings = makeSettings(started);
  const vision = makeVision(world);
  const clips = makeClips(world, incidents.details);
  const sessions = new Map<string, User>();
  let quiet: QuietInfo[] = [];
  const events = () => [...incidents.details.values()].map((d) => d.event).sort((a, b) => b.openedAt - a.openedAt);
  const stream = makeStream(
    world,
    incidents,
    () => overviewOf(world, events(), dead, rate(), Date.now()),
    options.lively ?? false,
  );
  const tickets = makeTickets(incidents.details, ({ event }) => stream.send("event", event));
  const rate = () => 1240 + Math.round(90 * Math.sin(Date.now() / 9000));

  type Answer = [status: number, body: unknown];
  const fail = (status: number, code: string, message: string): Answer => [status, { code, message }];

  function userOf(req: IncomingMessage): User | undefined {
    const token = /gridhub_session=([\w-]+)/u.exec(req.headers.cookie ?? "")?.[1];
    return token === undefined ? undefined : sessions.get(token);
  }

  function login(body: Record<string, string>, res: ServerResponse): Answer {
    const user = USERS[body.username ?? ""];
    if (user === undefined || body.password !== DEV_PASSWORD)
      return fail(401, "LOGIN_FAILED", "unknown user or wrong password");
    const token = `${user.username}-${Math.random().toString(36).slice(2)}`;
    sessions.set(token, user);
    res.setHeader("set-cookie", `gridhub_session=${token}; HttpOnly; SameSite=Strict; Path=/`);
    return [200, { ...user, token }];
  }

  function pageOf<T>(items: T[], query: URLSearchParams): Answer {
    const start = Number(query.get("cursor") ?? 0);
    const limit = Number(query.get("limit") ?? 50);
    return [
      200,
      {
        items: items.slice(start, start + limit),
        next: start + limit < items.length ? String(start + limit) : null,
        total: items.length,
      },
    ];
  }

  /** the readings of a device tell the same story as its event */
  function jumpOf(uid: string, metric: string): { at: number; to: number } | null {
    for (const d of incidents.details.values())
      if (d.event.deviceUid === uid && d.event.sensing === "active" && d.evidence.metric === metric)
        return { at: d.event.openedAt, to: Number(d.evidence.value) };
    return null;
  }

  function listEvents(q: URLSearchParams): Answer {
    const has = (key: string, value: unknown) => !q.has(key) || q.get(key)!.split(",").includes(String(value));
    const text = q.get("q") ?? "";
    const within = (e: EventInfo) =>
      !q.has("grid") ||
      (e.gridId ?? "").startsWith(q.get("grid")!) ||
      e.gridPath.includes(world.grids.find((g) => g.id === q.get("grid"))?.name ?? "-");
    return pageOf(
      events().filter(
        (e) =>
          has("sensing", e.sensing) &&
          has("handling", e.handling) &&
          has("severity", e.severity) &&
          has("kind", e.kind) &&
          has("device", e.deviceUid) &&
          within(e) &&
          (!q.has("from") || e.openedAt >= Number(q.get("from"))) &&
          (text === "" || `${e.titleZh}${e.titleEn}${e.subjectTitle}${e.gridPath.join("")}`.includes(text)),
      ),
      q,
    );
  }

  function act(user: User, id: string, body: Record<string, string>): Answer {
    const detail = incidents.details.get(id);
    if (detail === undefined) return fail(404, "NOT_FOUND", "no such event");
    if (user.role === "viewer") return fail(403, "FORBIDDEN", "operators only");
    const action = body.action ?? "";
    const to = nextHandling(detail.event.handling, action as EventAction);
    if (to === null)
      return fail(409, "ILLEGAL_TRANSITION", `${action} is not possible in state ${detail.event.handling}`);
    detail.event.handling = to;
    detail.event.revision++;
    detail.event.updatedAt = Date.now();
    detail.timeline.push({
      ts: Date.now(),
      what: action,
      who: user.username,
      severity: detail.event.severity,
      note: body.note ?? "",
    });
    stream.send("event", detail.event);
    return [200, detail];
  }

  function get(path: string, q: URLSearchParams, user: User): Answer {
    const parts = path.split("/").slice(2).map(decodeURIComponent);
    const device = world.devices.find((d) => d.uid === `${parts[1]}/${parts[2]}`);
    switch (parts[0]) {
      case "me":
        return [200, user];
      case "overview":
        return [200, overviewOf(world, events(), dead, rate(), Date.now())];
      case "grids":
        return [200, { version: seaGrids.active(), items: world.grids }];
      case "coast":
        return [200, world.coast];
      case "devices":
        if (parts.length === 1) return pageOf(world.devices, q);
        if (device === undefined) return fail(404, "NOT_FOUND", "no such device");
        if (parts[3] === "series")
          return [
            200,
            seriesOf(
              device,
              q.get("metric") ?? "",
              Number(q.get("from")),
              Number(q.get("to")),
              Number(q.get("points") ?? 300),
              jumpOf(device.uid, q.get("metric") ?? ""),
            ),
          ];
        if (parts[3] === "health") return [200, healthAnswer(device, Date.now())];
        return [200, deviceDetail(device, Date.now())];
      case "events": {
        if (parts.length === 1) return listEvents(q);
        const detail = incidents.details.get(parts[1] ?? "");
        if (detail !== undefined && parts[2] === "nearby")
          return [200, nearbyAnswer(world, detail, Number(q.get("radius") ?? 1000))];
        return detail === undefined ? fail(404, "NOT_FOUND", "no such event") : [200, detail];
      }
      case "reports":
        if (parts[1] === "firmware") return [200, firmwareAnswer(world)];
        return [200, reportAnswer(world, events(), parts[1] ?? "", q)];
      case "posture":
      case "warnings":
        return posture.get(parts, user);
      case "event-quiet":
        return [200, { items: q.get("past") === "true" ? [...quiet, ...settings.quietOver()] : quiet }];
      case "vessels":
      case "formations":
      case "receivers":
        return fleetAnswer(world, parts, started);
      case "recalls":
        return recalls.get(parts);
      case "edges":
        return [200, { items: world.edges }];
      case "quarantine":
      case "profiles":
        return onboarding.get(parts, user);
      case "dead-letters":
        if (user.role === "viewer") return fail(403, "FORBIDDEN", "operators only");
        return pageOf(
          dead.filter((d) => !q.has("reason") || d.reason === q.get("reason")),
          q,
        );
      default:
        return fail(404, "NOT_FOUND", path);
    }
  }

  function post(path: string, body: Record<string, string>, user: User): Answer {
    const [, , room, id, verb] = path.split("/").map(decodeURIComponent);
    if (path === "/api/me/password") {
      if (body.current !== DEV_PASSWORD) return fail(403, "PASSWORD_WRONG", "the current password is not right");
      return [200, { sessionsEnded: 1 }];
    }
    if (room === "events" && verb === "actions") return act(user, id ?? "", body);
    if (room === "warnings") return posture.post(body, user);
    if (room === "event-quiet") {
      if (user.role === "viewer") return fail(403, "FORBIDDEN", "operators only");
      if (verb === "end") {
        quiet = quiet.filter((q) => q.id !== Number(id));
      } else {
        const { grid = null, kind = null, subject = null, weekly = null, ...rest } = body as unknown as NewQuiet;
        const gridName = world.grids.find((g) => g.id === grid)?.name ?? grid;
        const now = Date.now();
        const made = { from: now, ...rest, grid, gridName, kind, subject, weekly, who: user.username, createdAt: now };
        quiet = [...quiet, { ...made, id: quiet.length + 1, endedAt: null, open: true }];
      }
      return [200, { items: quiet }];
    }
    if (room === "recalls") return recalls.change(path.split("/").slice(2).map(decodeURIComponent), body, user);
    const device = world.devices.find((d) => d.uid === `${id}/${verb}`);
    if (path.endsWith("/tickets") && device !== undefined) return tickets(device, body as unknown as NewTicket, user);
    if (room === "edges") {
      if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
      const key = `${body.site}/${body.edge}`;
      if (world.edges.some((e) => e.key === key)) return fail(409, "EDGE_EXISTS", `edge ${key} exists already`);
      world.edges.push({
        key,
        title: body.title ?? key,
        health: "unknown",
        healthReason: "registered",
        healthSince: Date.now(),
        devices: 0,
        agent: "",
        queue: null,
        oldest: null,
        lostRecords: 0,
        solo: false,
      });
      return [
        201,
        {
          username: key,
          token: `ghe_${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`,
          address: "mqtt://127.0.0.1:1883",
        },
      ];
    }
    if (room === "dead-letters" && verb === "replay") {
      const letter = dead.find((d) => d.id === Number(id));
      if (letter === undefined) return fail(404, "NOT_FOUND", "no such dead letter");
      letter.replayed = letter.reason === "device_unknown";
      return [200, { outcome: letter.replayed ? "stored" : letter.reason }];
    }
    if (room === "quarantine" || room === "profiles")
      return onboarding.post(path.split("/").slice(2).map(decodeURIComponent), body, user);
    return fail(404, "NOT_FOUND", path);
  }

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "/", "http://local");
    res.setHeader("content-security-policy", CSP);
    if (!url.pathname.startsWith("/api/")) return file(url.pathname, res);
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = (chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {}) as Record<string, string>;
    const user = userOf(req);
    let answer: Answer;
    const room =
      user === undefined
        ? null
        : (settings.answer(req.method ?? "", url.pathname, url.searchParams, body, user, req.headers["if-match"]) ??
          vision.answer(url.pathname, url.searchParams) ??
          clips.answer(req.method ?? "", url.pathname, body, user) ??
          seaGrids.answer(req.method ?? "", url, body, user, req.headers["if-match"]));
    if (url.pathname === "/api/login") answer = login(body, res);
    else if (url.pathname === "/api/logout") answer = [200, {}];
    else if (user === undefined) answer = fail(401, "UNAUTHENTICATED", "log in first");
    else if (url.pathname === "/api/stream") return stream.attach(req, res);
    else if (recalls.page(url.pathname) !== null) {
      const { type, text } = recalls.page(url.pathname)!;
      res.writeHead(200, { "content-type": type }).end(text);
      return;
    } else if (url.pathname.startsWith("/api/media/")) {
      const svg = incidents.media.get(decodeURIComponent(url.pathname.slice(11)));
      res.writeHead(svg === undefined ? 404 : 200, { "content-type": "image/svg+xml" }).end(svg);
      return;
    } else if (/^\/api\/clips\/.*\/frames\//u.test(url.pathname)) {
      const svg = clips.picture(url.pathname);
      const headers = { "content-type": "image/svg+xml", "cache-control": "private, max-age=31536000, immutable" };
      res.writeHead(svg === undefined ? 404 : 200, headers).end(svg);
      return;
    } else if (url.pathname === "/api/event-codes/export") {
      res.writeHead(200, { "content-type": "text/csv; charset=utf-8" }).end(settings.csv());
      return;
    } else if (/^\/api\/cameras\/.*\/(?:frame|thumbnail)$/u.test(url.pathname)) {
      const svg = calibration.picture(url.pathname);
      res.writeHead(svg === undefined ? 404 : 200, { "content-type": "image/svg+xml" }).end(svg);
      return;
    } else if (url.pathname.startsWith("/api/cameras/"))
      answer = calibration.answer(req.method ?? "", url.pathname, body, user);
    else if (room !== null) answer = room;
    else if (req.method === "PUT" && url.pathname === "/api/profiles") answer = onboarding.put(body, user);
    else if (req.method === "PUT" && url.pathname.startsWith("/api/posture/"))
      answer = posture.put(decodeURIComponent(url.pathname.slice(13)), body, user);
    else if (req.method === "PUT" && url.pathname.startsWith("/api/recalls/")) answer = post(url.pathname, body, user);
    else answer = req.method === "POST" ? post(url.pathname, body, user) : get(url.pathname, url.searchParams, user);
    res.writeHead(answer[0], { "content-type": "application/json" }).end(JSON.stringify(answer[1]));
  }

  function file(path: string, res: ServerResponse): void {
    const root = options.dist ?? "";
    const at = join(root, normalize(path === "/" || path === "/screen" ? "/index.html" : path));
    if (root === "" || !existsSync(at) || !statSync(at).isFile()) return void res.writeHead(404).end();
    res.writeHead(200, { "content-type": MIME[extname(at)] ?? "application/octet-stream" });
    createReadStream(at).pipe(res);
  }

  const server = createServer((req, res) => {
    handle(req, res).catch((error: unknown) =>
      res.writeHead(500).end(JSON.stringify({ code: "BUG", message: String(error) })),
    );
  });
  const sockets = new Set<Socket>();
  server.on("connection", (s) => sockets.add(s.once("close", () => sockets.delete(s))));
  await new Promise<void>((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stream,
    posture,
    openEvent: () => {
      const detail = incidents.open(Date.now());
      stream.send("event", detail.event);
      return detail;
    },
    callForHelp: () => {
      const detail = incidents.callForHelp(Date.now());
      stream.send("event", detail.event);
      return detail;
    },
    close: async () => {
      stream.close();
      for (const s of sockets) s.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const mock = await startMock({
    port: Number(process.argv[2] ?? 5190),
    dist: join(import.meta.dirname, "../dist"),
    lively: true,
  });
  process.stdout.write(`mock API on ${mock.url} (user admin, operator or viewer; password ${DEV_PASSWORD})\n`);
}
