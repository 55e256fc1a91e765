import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createRandom } from "../random.ts";
import { buildWorld, writeWorld } from "../world.ts";
import { harbours } from "./harbours.ts";
import type { DemoArguments } from "./arguments.ts";
import { Clockwork } from "./clockwork.ts";
import { Field } from "./field.ts";
import { startHub, type RunningHub } from "./hub-process.ts";
import { planDevices } from "./plan.ts";
import { oncePlay, play, playOn } from "./play.ts";
import { freePort } from "./ports.ts";
import type { Scenario } from "../scenario.ts";
import { GovernanceReceiver } from "./receiver.ts";
import { judge, ofThisRun, others, type SeenEvent } from "./report.ts";
import { statusLine } from "./status.ts";
import { troubleEvents } from "./troubles.ts";
import { publishedAt } from "./published-at.ts";
import { readCounters, summaryText, type Summary } from "./summary.ts";

const STATUS_EVERY_MS = 4000;

/** The whole demonstration from an empty folder to the last child's end. @returns the exit code */
export async function runDemo(args: DemoArguments): Promise<number> {
  const say = args.json ? (line: string) => console.error(line) : (line: string) => console.log(line);
  const dir = args.keep === null ? await mkdtemp(join(tmpdir(), "gridhub-demo-")) : resolve(args.keep);
  await mkdir(dir, { recursive: true });
  const clockwork = new Clockwork();
  let broken: string | null = null;
  const fail = (error: Error): void => onExit(error.stack ?? error.message);
  const onExit = (message: string): void => {
    broken ??= message;
    clockwork.stop();
  };
  const onSignal = (): void => {
    if (clockwork.stopped) process.exit(130); // asked twice: the children stop by themselves when we are gone
    clockwork.stop();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const world = buildWorld(args.seed);
    const files = await writeWorld(join(dir, "world"), { ...world, features: [...world.features, ...harbours(world)] });
    say(
      `${world.county.name}: ${world.features.length} grids of all levels, ${world.vessels.length} vessels (synthetic)`,
    );
    const secret = randomBytes(24).toString("hex");
    const receiver = new GovernanceReceiver(secret);
    await receiver.start();
    closing.push(() => receiver.close());
    const hub = await startHub(
      {
        dataDir: dir,
        httpPort: args.port ?? (await freePort(8080)),
        mqttPort: args.mqttPort ?? (await freePort(1883)),
        world: files,
        target: { url: receiver.url, secret },
        vision: args.vision,
        calledOff: clockwork.ended,
      },
      onExit,
    );
    closing.push(() => hub.child.stop(20_000));
    const plan = planDevices(world, args.vision);
    const field = new Field(world, plan, clockwork);
    closing.push(() => field.close());
    const connecting = Date.now();
    await field.start(hub, join(dir, "edges"), onExit);
    say(`${plan.devices.length} devices connected in ${((Date.now() - connecting) / 1000).toFixed(1)} s`);
    say(banner(hub, plan.devices.length, plan.agents.length + plan.gateways.length));
    const status = watch(hub, receiver, clockwork, say);
    const startedAt = Date.now();
    if (args.seconds === null) {
      field.run();
      const random = createRandom(`${args.seed}/incidents`);
      const announce = (s: Scenario): void => say(`         incident: ${s.name} (${s.subject ?? s.gridId})`);
      playOn(world, plan, field, random, announce).catch(fail);
      await clockwork.ended;
      await status;
      return finish(broken);
    }
    const left = (await hub.api.events()).filter((e) => e.sensing === "active").map((e) => e.subject);
    const scenarios = oncePlay(world, plan, field.fleet, startedAt, new Set(left));
    field.run();
    play(scenarios, field).catch(fail);
    await clockwork.sleep(args.seconds * 1000);
    const interrupted = clockwork.stopped;
    const events = ofThisRun(await hub.api.events(), startedAt);
    const results = judge(scenarios, events);
    const summary: Summary = {
      ok: results.every((r) => r.ok) && receiver.accepted > 0 && receiver.refused === 0 && !interrupted,
      seconds: Math.round((Date.now() - startedAt) / 1000),
      ...readCounters(await hub.api.metrics()),
      deliveries: receiver.accepted,
      refusedDeliveries: receiver.refused,
      publishToPlatformMs: toPlatform(events, field, receiver),
      scenarios: results,
      otherEvents: others(scenarios, troubleEvents(plan), events),
    };
    clockwork.stop();
    await status;
    console.log(args.json ? JSON.stringify(summary) : summaryText(summary));
    return Math.max(finish(broken), summary.ok ? 0 : 1);
  } catch (error) {
    console.error(`demo: ${broken ?? (error as Error).message}`);
    return 1;
  } finally {
    clockwork.stop();
    // The last started stops first: devices, then agents, then the hub, then the platform.
    for (const close of closing.reverse())
      await close().catch((error: Error) => console.error(`demo: ${error.message}`));
    if (args.keep === null) await rm(dir, { recursive: true, force: true });
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** The immediate scenario: no hold, no timer; the report that shows it is the whole cause. */
function toPlatform(events: readonly SeenEvent[], field: Field, receiver: GovernanceReceiver): number | null {
  const event = events.find((e) => e.kind === "hydrant.knocked_over" && e.deviceUid !== null);
  const sent = event === undefined ? null : publishedAt(event.openedAt, field.sentAt(event.deviceUid ?? ""));
  const arrived = receiver.arrivedAt(event?.id ?? "");
  return sent === null || arrived === null ? null : arrived - sent;
}

function finish(broken: string | null): number {
  if (broken === null) return 0;
  console.error(`demo: ${broken}`);
  return 1;
}

function banner(hub: RunningHub, devices: number, agents: number): string {
  const row = (name: string, value: string): string => `  ${name.padEnd(10)} ${value}`;
  return [
    "",
    row("console", hub.api.url),
    row("user", hub.username),
    row("password", hub.password),
    row("broker", hub.mqttUrl),
    row("field", `${devices} devices behind ${agents} edge agents and gateways; a hold of ten minutes takes 15 s here`),
    "",
  ].join("\n");
}

/** Prints the status line until the run ends. */
async function watch(
  hub: RunningHub,
  receiver: GovernanceReceiver,
  clockwork: Clockwork,
  say: (line: string) => void,
): Promise<void> {
  for (;;) {
    await clockwork.sleep(STATUS_EVERY_MS);
    if (clockwork.stopped) return;
    try {
      const [overview, samples] = await Promise.all([hub.api.overview(), hub.api.metrics()]);
      say(statusLine(new Date(), overview, readCounters(samples), receiver.accepted));
    } catch (error) {
      say(`         the hub did not answer: ${(error as Error).message}`);
    }
  }
}
