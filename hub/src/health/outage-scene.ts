import type { Device, Edge } from "../device.ts";
import type { Finding } from "../finding.ts";
import { deviceOf, edgeOf, HealthScene, MINUTE } from "./health-scene.ts";

/**
 * A town of gateways `g1`..`gN`, each with two devices behind it, that heartbeat while they have power, and of modems `m1`..`mN`,
 * devices that are their own edge and report every 30 s.
 */
export class OutageScene {
  readonly edges: Edge[] = [];
  readonly modems: Edge[];
  readonly dead = new Set<Edge>();
  readonly scene: HealthScene;
  /** every finding so far */
  readonly found: Finding[] = [];
  readonly #own: ReadonlyMap<Edge, Device>;
  #boot = 1;

  constructor(gateways: number, site = "town", more: readonly Edge[] = [], modems = 0) {
    this.modems = Array.from({ length: modems }, (_, i) => edgeOf(`m${i + 1}`, site));
    this.edges.push(...Array.from({ length: gateways }, (_, i) => edgeOf(`g${i + 1}`, site)), ...more);
    const devices = this.edges.flatMap((edge, i) => [
      deviceOf(edge, `${edge.name}-a`, 2 * i + 1, null),
      deviceOf(edge, `${edge.name}-b`, 2 * i + 2, null),
    ]);
    this.#own = new Map(this.modems.map((edge, i) => [edge, deviceOf(edge, edge.name, 1000 + i, MINUTE)]));
    const all = [...devices, ...this.#own.values()];
    this.scene = new HealthScene(this.edges[0] ?? this.modems[0], all);
    for (const edge of this.#all) this.#state(edge, true);
    this.pass(60);
  }

  /** Lets time pass; `each` runs every second, with the seconds since this began. */
  pass(seconds: number, each?: (second: number) => void): Finding[] {
    const from = this.scene.at;
    const out = this.scene.pass(seconds, () => {
      each?.(this.scene.at - from);
      for (const [i, edge] of this.#all.entries()) if ((this.scene.at + i) % 30 === 0) this.#beat(edge);
    });
    this.found.push(...out);
    return out;
  }

  /** Power or line fails: the broker says so by the last will, or (`will` = false) nobody says anything. */
  kill(edges: readonly Edge[], will = true): void {
    for (const edge of edges) {
      this.dead.add(edge);
      if (will) this.#state(edge, false);
    }
  }

  revive(edges: readonly Edge[]): void {
    this.#boot++;
    for (const edge of edges) {
      this.dead.delete(edge);
      this.#state(edge, true);
    }
  }

  stop(edge: Edge): void {
    this.dead.add(edge);
    this.scene.monitor.edgeState(edge, false, this.#boot, "stop", this.scene.now, this.found);
  }

  get #all(): Edge[] {
    return [...this.edges, ...this.modems];
  }

  /** Kinds and subjects of what is out, by all findings so far. */
  active(): string[] {
    const out = new Set<string>();
    for (const { kind, subject, phase } of this.found) {
      if (phase === "clear") out.delete(`${kind} ${subject}`);
      else out.add(`${kind} ${subject}`);
    }
    return [...out].sort();
  }

  raised(kind: string): number {
    return this.found.filter((f) => f.kind === kind && f.phase === "raise").length;
  }

  #state(edge: Edge, on: boolean): void {
    this.scene.monitor.edgeState(edge, on, this.#boot, on ? "" : "lwt", this.scene.now, this.found);
  }

  #beat(edge: Edge): void {
    if (this.dead.has(edge)) return;
    const { monitor, now } = this.scene;
    const own = this.#own.get(edge);
    if (own !== undefined) {
      monitor.edgeHeard(edge, now);
      monitor.heard(own, now, now, false);
      return;
    }
    monitor.heartbeat(edge, { b: this.#boot, ts: now, queue: 0, bytes: 0 }, now, this.found);
  }
}
