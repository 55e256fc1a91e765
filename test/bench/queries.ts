import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { fill, gridsFile, type Size } from "./queries/fill.ts";
import { DAYS } from "./queries/fill-readings.ts";

const FULL: Size = { readings: 10_000_000, events: 100_000, devices: 10_000 };
const QUICK: Size = { readings: 300_000, events: 5000, devices: 1000 };
const DAY = 86_400_000;
/** ms at p95, as the console promises */
const BUDGET = { list: 300, chart: 600, statistics: 1000, export: 500 } as const;

/** a question is asked so often at least, and no longer than this unless it is slower, ms: the whole run is bounded */
const LEAST = 10;
const MOST_MS = 5000;

interface Question {
  readonly name: string;
  readonly budget: keyof typeof BUDGET;
  /** the path of the n-th request: no two alike, or what the hub keeps for a minute would be measured */
  readonly path: (n: number) => string;
  /** the answer is kept: what a person waits for is the first one */
  readonly kept?: boolean;
}

/**
 * What a person waits for, over HTTP at a hub whose database is full: p95 of each question against its budget. One request after
 * the other; the first of each is left out (plans, caches) and told as `first`, and counts where the hub keeps the answer. Progress goes to stderr.
 * BENCH_READINGS = fewer readings than 10 M; BENCH_KEEP = a folder that keeps the filled database for the next run.
 */
export async function queriesBench(quick: boolean): Promise<object> {
  const { BENCH_READINGS, BENCH_KEEP } = process.env;
  const dir = BENCH_KEEP ?? mkdtempSync(join(tmpdir(), "gridhub-bench-"));
  const size = quick ? QUICK : { ...FULL, readings: Number(BENCH_READINGS ?? FULL.readings) };
  let hub: HubProcess | null = null;
  try {
    const { now, ...filled } = await filledDatabase(dir, size);
    writeFileSync(join(dir, "grids.geojson"), JSON.stringify(gridsFile()));
    hub = await startHubProcess({
      dataDir: dir,
      settings: {
        profiles: [join(import.meta.dirname, "profiles")],
        grids: [join(dir, "grids.geojson")],
        vision_workers: 0,
        log_level: "error",
      },
    });
    const { items } = await hub.api<{ items: { id: string }[] }>("/api/events?limit=500");
    const results: Record<string, object> = {};
    let within = true;
    for (const question of questions(
      now,
      items.map(({ id }) => id),
      size,
    )) {
      const measured = await measure(hub, question, quick ? 10 : 40);
      within &&= measured.within;
      results[question.name] = measured;
      const { first, p50, p95, budget } = measured;
      say(
        `${measured.within ? "ok  " : "SLOW"} first ${first} p50 ${p50} p95 ${p95} of ${budget} ms  ${question.name}`,
      );
    }
    return { ...size, ...filled, within, questions: results };
  } finally {
    await hub?.stop();
    if (BENCH_KEEP === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Filled now, or found as an earlier run left it: then `now` is the one of that run. */
async function filledDatabase(dir: string, size: Size): Promise<Record<string, number> & { now: number }> {
  const note = join(dir, "filled.json");
  if (existsSync(note)) return JSON.parse(readFileSync(note, "utf8"));
  mkdirSync(dir, { recursive: true });
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  const filled = { now, ...(await fill(dir, size, now, say)) };
  writeFileSync(note, JSON.stringify(filled));
  return filled;
}

function questions(now: number, events: readonly string[], size: Size): Question[] {
  const series = (n: number, days: number) => `/api/devices/t${n % 8}/d${n % 100}/series?metric=temperature&from=${now - days * DAY - n}&to=${now - n}`; // prettier-ignore
  const period = (n: number, days: number) => `from=${now - days * DAY - n * 1000}&to=${now - n * 1000}`;
  return [
    { name: "list: newest events", budget: "list", path: () => "/api/events?limit=50" },
    { name: "list: events of a town", budget: "list", path: (n) => `/api/events?limit=50&grid=t${n % 8}` },
    { name: "list: by severity and handling", budget: "list", path: (n) => `/api/events?limit=50&handling=new&severity=${1 + (n % 4)}` },
    { name: "list: a page further on", budget: "list", path: (n) => `/api/events?limit=50&cursor=${events[n % events.length]}` },
    { name: "list: words in titles", budget: "list", path: (n) => `/api/events?limit=50&q=${["hydrant", "flood", "d77", "t3-g7"][n % 4]}` },
    { name: "list: devices of a town", budget: "list", path: (n) => `/api/devices?limit=100&grid=t${n % 8}` },
    { name: "chart: a day", budget: "chart", path: (n) => series(n, 1) },
    { name: "chart: a week", budget: "chart", path: (n) => series(n, 7) },
    { name: "chart: 30 days", budget: "chart", path: (n) => series(n, DAYS) },
    { name: "statistics: overview", budget: "statistics", path: () => "/api/overview" },
    { name: "statistics: events of 30 days by kind", budget: "statistics", path: (n) => `/api/reports/events?by=kind&${period(n, 30)}` },
    { name: "statistics: events of a year by town", budget: "statistics", path: (n) => `/api/reports/events?by=town&${period(n, 365)}` },
    { name: "statistics: events of a year by day", budget: "statistics", path: (n) => `/api/reports/events?by=day&limit=400&${period(n, 365)}` },
    { name: "report: availability, every device, 30 days", budget: "statistics", path: (n) => `/api/reports/availability?by=device&${period(n, 29)}` },
    { name: "report: availability by town, a week", budget: "statistics", path: (n) => `/api/reports/availability?by=town&${period(n, 7)}` },
    { name: "report: depth of a device", budget: "statistics", path: (n) => `/api/devices/t${n % 8}/d${n % size.devices}/health` },
    { name: "export: devices of a town, 30 days", budget: "export", path: (n) => `/api/reports/availability.csv?grid=t${n % 8}&${period(n, 29)}` },
    { name: "export: events of a year by grid", budget: "export", path: (n) => `/api/reports/events.csv?by=grid&${period(n, 365)}` },
    { name: "nearby: 2 km around an event", budget: "list", path: (n) => `/api/events/${events[n % events.length]}/nearby?radius=2000` },
    { name: "batteries (kept ten minutes)", budget: "statistics", path: () => "/api/reports/batteries", kept: true },
  ]; // prettier-ignore
}

async function measure(hub: HubProcess, { path, budget, kept = false }: Question, times: number) {
  const ask = async (n: number) => {
    const began = performance.now();
    const text = await hub.text(path(n));
    if (text.length < 2) throw new Error(`${path(n)} answered nothing`);
    return performance.now() - began;
  };
  const first = await ask(0);
  const took: number[] = [];
  const until = performance.now() + MOST_MS;
  for (let n = 1; n <= times && (n <= LEAST || performance.now() < until); n++) took.push(await ask(n));
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round(took[Math.min(took.length - 1, Math.ceil(took.length * share) - 1)]);
  const p95 = at(0.95);
  const waited = kept ? Math.max(first, p95) : p95;
  return {
    p50: at(0.5),
    p95,
    asked: took.length,
    first: Math.round(first),
    budget: BUDGET[budget],
    within: waited <= BUDGET[budget],
  };
}
