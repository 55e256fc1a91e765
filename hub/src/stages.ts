import type { HeartbeatMessage, MetaMessage, StateMessage } from "@gridhub/device-profiles/envelope.ts";
import type { Position, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { causedAt } from "./caused-at.ts";
import type { Device, Edge } from "./device.ts";
import type { GridEvent } from "./event.ts";
import type { EventBook } from "./events/event-book.ts";
import type { Finding } from "./finding.ts";
import type { Fleet } from "./fleet/fleet.ts";
import type { HealthMonitor } from "./health/health-monitor.ts";
import type { Cursors } from "./ingest/cursor.ts";
import type { DerivedMetrics } from "./ingest/derived-metrics.ts";
import type { IngestObserver } from "./ingest/ingest-observer.ts";
import type { Message } from "./message.ts";
import type { Stages } from "./pipeline.ts";
import type { Registry } from "./registry/registry.ts";
import type { AreaFlag } from "./rules/area/area-flags.ts";
import type { AreaRule } from "./rules/area/area-rule.ts";
import type { AreaRules } from "./rules/area/area-rules.ts";
import type { RuleEngine } from "./rules/rule-engine.ts";
import type { CommitBatch, FoldStateRow } from "./store/batch.ts";
import type { Snapshot } from "./store/store.ts";
import type { Vision } from "./vision/vision.ts";

export interface Rooms {
  readonly registry: Registry;
  readonly cursors: Cursors;
  /** absent = no profile derives anything */
  readonly derived?: DerivedMetrics;
  readonly rules: RuleEngine;
  /** absent = no rules that join devices */
  readonly area?: AreaRules;
  readonly health: HealthMonitor;
  readonly fleet: Fleet;
  readonly vision: Vision;
  readonly events: EventBook;
  /** further durable state of the rooms before these: identities of foreign messages, what adapters learned */
  readonly folds?: readonly Fold[];
}

/** Durable state that needs no more than to be loaded and written. */
export interface Fold {
  load(rows: readonly FoldStateRow[]): void;
  drain(out: FoldStateRow[]): void;
  /** what time alone brings; before the findings of the turn are folded */
  tick?(now: number, out: Finding[]): void;
}

/** Who watches the committed batches: stream, metrics, acknowledgements, dispatcher. Never in the path. */
export interface CommitObserver {
  committed(batch: CommitBatch, events: readonly GridEvent[], now: number, announced: readonly Edge[]): void;
}

/** What a person does that lets go of a latched alarm. */
const LETS_GO: ReadonlySet<string> = new Set(["acknowledge", "accept", "done", "close", "false_alarm"]);

interface Changed {
  readonly events: readonly GridEvent[];
  /** when the records that made findings of this turn were sampled; arrival, for late ones and times of whole seconds; ms UTC */
  readonly rx: readonly number[];
  /** edges that announced themselves or sent a heartbeat */
  readonly announced: readonly Edge[];
}

/**
 * ingest -> rules / fleet / health / vision -> findings -> events -> batch. Joins the rooms for the pipeline; everything here
 * runs between two commits and is a plain call.
 */
export class RoomStages implements Stages, IngestObserver {
  readonly #rooms: Rooms;
  readonly #clock: () => number;
  readonly #birth: (edge: Edge, meta: MetaMessage) => void;
  #findings: Finding[] = [];
  #rx: number[] = [];
  #announced: Edge[] = [];
  readonly #changed = new WeakMap<CommitBatch, Changed>();
  readonly observers: CommitObserver[] = [];
  /** called when all state was replaced from the database */
  onLoad: ((snapshot: Snapshot) => void) | null = null;
  readonly agents = new Map<string, string>();
  /** what an edge says it runs, `twin/reported` */
  onReported: ((edge: Edge, document: unknown) => void) | null = null;
  /** event latency, from the sample that caused it (see `causedAt`) to the commit, ms */
  onLatency: ((ms: number) => void) | null = null;

  constructor(rooms: Rooms, clock: () => number, birth: (edge: Edge, meta: MetaMessage) => void) {
    this.#rooms = rooms;
    this.#clock = clock;
    this.#birth = birth;
    rooms.events.onAct = (event, action, now) => {
      if (!LETS_GO.has(action)) return;
      for (const { kind, deviceId } of event.life.parts ?? [event]) {
        const device = deviceId === null ? undefined : rooms.registry.deviceById(deviceId);
        if (device !== undefined) rooms.rules.release(kind, device, now, this.#findings);
      }
    };
    rooms.health.onEdgeChange = (edgeKey, online, now, out) => rooms.rules.edgeChanged(edgeKey, online, now, out);
  }

  async load(snapshot: Snapshot): Promise<void> {
    const { registry, cursors, rules, health, fleet, vision, events } = this.#rooms;
    this.#findings = [];
    this.#rx = [];
    this.#announced = [];
    await registry.load(snapshot);
    cursors.load(snapshot.cursors);
    for (const fold of this.#rooms.folds ?? []) fold.load(snapshot.foldState);
    this.#rooms.derived?.load(snapshot.foldState, registry.devices());
    rules.load(snapshot.foldState, registry.devices());
    this.#rooms.area?.load(snapshot.foldState);
    health.load(snapshot.health, snapshot.foldState, registry.devices(), this.#clock());
    fleet.load(snapshot.foldState);
    vision.load(snapshot.foldState);
    events.load(snapshot.openEvents);
    this.onLoad?.(snapshot);
  }

  record(device: Device, ts: number, rx: number, record: RecordBuffer, late: boolean, backfill: boolean): void {
    this.#rooms.health.heard(device, ts, rx, late, backfill);
    const before = this.#findings.length;
    // The rules judge lateness on the live lane themselves: a device whose clock runs behind is not a late one.
    this.#rooms.rules.observe(device, ts, record, backfill, this.#findings);
    this.#rooms.area?.observe(device, ts, record, late, this.#findings);
    if (this.#findings.length > before) this.#rx.push(late ? rx : causedAt(ts, rx));
  }

  position(device: Device, position: Position, rx: number, late: boolean, batch: CommitBatch, backfill = late): void {
    this.#rooms.health.heard(device, position.ts, rx, late, backfill);
    const before = this.#findings.length;
    this.#rooms.fleet.observe(position, device, late, rx, batch, this.#findings);
    if (this.#findings.length > before) this.#rx.push(late ? rx : causedAt(position.ts, rx));
  }

  frame(device: Device, payload: Buffer, rx: number): Rejection | null {
    const problem = this.#rooms.vision.offer(device, payload, rx);
    if (problem === null) this.#rooms.health.heard(device, rx, rx, false);
    return problem;
  }

  heard(edge: Edge, rx: number): void {
    this.#rooms.health.edgeHeard(edge, rx);
  }

  state(edge: Edge, state: StateMessage, rx: number): void {
    this.#rooms.health.edgeState(edge, state.s === "on", state.b, state.why ?? "", rx, this.#findings);
    if (state.s !== "on") return;
    this.#announced.push(edge);
    this.#rooms.vision.clips?.announced(edge);
  }

  result(edge: Edge, answer: unknown, rx: number): void {
    this.#rooms.vision.clips?.result(edge, answer, rx);
  }

  meta(edge: Edge, meta: MetaMessage, _message: Message): void {
    this.agents.set(edge.key, meta.agent);
    this.#birth(edge, meta);
  }

  reported(edge: Edge, document: unknown): void {
    this.#rooms.vision.edgeReports.reported(edge, document);
    this.onReported?.(edge, document);
  }

  heartbeat(edge: Edge, beat: HeartbeatMessage, rx: number): void {
    this.#rooms.health.heartbeat(edge, beat, rx, this.#findings);
    this.#announced.push(edge);
  }

  async declare(edge: Edge, meta: MetaMessage, batch: CommitBatch): Promise<void> {
    const { registry, rules } = this.#rooms;
    const { changed, refused } = await registry.declare(edge, meta);
    const now = this.#clock();
    for (const device of changed) this.bound(device, now);
    for (const device of registry.devicesOf(edge.key).values()) rules.attributesChanged(device, now, this.#findings);
    for (const { reason, detail } of refused.slice(0, 100)) {
      batch.deadLetters.push({
        rx: now,
        topic: `meta of ${edge.key}`,
        edge: edge.key,
        reason,
        detail,
        payload: Buffer.alloc(0),
      });
    }
  }

  /** A device is new or has another profile. */
  bound(device: Device, now: number): void {
    this.#rooms.rules.register(device, now);
    this.#rooms.health.register(device, now);
  }

  /** Weather, posture: a word that area rules ask for; to be called between two batches. */
  setFlag(flag: AreaFlag, now: number): void {
    this.#rooms.area?.setFlag(flag, now, this.#findings);
  }

  /** Other rules of areas from now on, between two batches; they know at once of what goes on. */
  setAreaRules(rules: readonly AreaRule[], now: number): void {
    const { area, events } = this.#rooms;
    area?.setRules(rules, raisesOf(events.active(), now), now, this.#findings);
  }

  /** Findings from outside the flow (a target that does not answer); folded with the next turn. */
  inject(finding: Finding): void {
    this.#findings.push(finding);
  }

  /**
   * Other grids from now on, between two batches. What was found until now is placed by the grids that it was found with; what the
   * rooms find while they take the new ones (areas that ended) follows after.
   */
  regrid(now: number, swap: (out: Finding[]) => void): void {
    this.#join(this.#findings, now);
    this.#rooms.events.fold(this.#findings, now);
    this.#findings = [];
    swap(this.#findings);
  }

  finish(now: number, batch: CommitBatch): void {
    const { cursors, rules, health, fleet, vision, events } = this.#rooms;
    const findings = this.#findings;
    health.tick(now, findings);
    rules.tick(now, findings);
    fleet.tick(now, findings);
    vision.collect(batch, findings, now);
    for (const fold of this.#rooms.folds ?? []) fold.tick?.(now, findings);
    this.#join(findings, now);
    events.fold(findings, now);
    this.#rooms.derived?.drain(batch.foldState);
    rules.drain(batch.foldState);
    this.#rooms.area?.drain(batch.foldState);
    health.drain(batch.health, batch.foldState);
    fleet.drain(batch.foldState);
    for (const row of cursors.drain()) batch.cursors.push(row);
    for (const fold of this.#rooms.folds ?? []) fold.drain(batch.foldState);
    const changed = events.drain(batch);
    for (const event of changed)
      if (event.handling === "false_alarm" && event.source.startsWith("vision:"))
        vision.falseAlarm(event, now, batch.foldState);
    this.#changed.set(batch, { events: changed, rx: this.#rx, announced: this.#announced });
    this.#findings = [];
    this.#rx = [];
    this.#announced = [];
  }

  /** Rules of areas see what the other rooms found, and their findings become events with those. */
  #join(findings: Finding[], now: number): void {
    const { area } = this.#rooms;
    if (area === undefined) return;
    const joined: Finding[] = [];
    area.tick(now, joined);
    area.found(findings, joined);
    for (const finding of joined) findings.push(finding);
  }

  committed(batch: CommitBatch, now: number): void {
    const changed = this.#changed.get(batch);
    if (changed === undefined) return;
    for (const rx of changed.rx) this.onLatency?.(now - rx);
    for (const observer of this.observers) observer.committed(batch, changed.events, now, changed.announced);
  }
}

/** What is active as its rooms would raise it now. */
function raisesOf(active: Iterable<Readonly<GridEvent>>, ts: number): Finding[] {
  const raises: Finding[] = [];
  for (const event of active) {
    if (event.late) continue;
    const { gridId, lon, lat, severity, source } = event;
    for (const { kind, subject } of event.life.parts?.filter((part) => part.active) ?? [event])
      raises.push({ kind, subject, gridId, lon, lat, severity, source, ts, phase: "raise", device: null, evidence: {}, late: false }); // prettier-ignore
  }
  return raises;
}
