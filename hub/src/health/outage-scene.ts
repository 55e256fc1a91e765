import type { Edge } from "../device.ts";
import type { Finding } from "../finding.ts";
import { deviceOf, edgeOf, HealthScene } from "./health-scene.ts";

/** A town of gateways `g1`..`gN`, each with two devices behind it, that heartbeat while they have power. */
export class OutageScene {
  readonly edges: Edge[] = [];
  readonly dead = new Set<Edge>();
  readonly scene: HealthScene;
  /** every finding so far */
  readonly found: Finding[] = [];
  #boot = 1;

  constructor(gateways: number, site = "town", more: readonly Edge[] = []) {
    this.edges.push(...Array.from({ length: gateways }, (_, i) => edgeOf(`g${i + 1}`, site)), ...more);
    const devices = this.edges.flatMap((edge, i) => [
      deviceOf(edge, `${edge.name}-a`, 2 * i + 1, null),
      deviceOf(edge, `${edge.name}-b`, 2 * i + 2, null),
    ]);
    this.scene = new HealthScene(this.edges[0], devices);
    for (const edge of this.edges) this.#state(edge, true);
    this.pass(60);
  }

  /** Lets time pass; `each` runs every second, with the seconds since this began. */
  pass(seconds: number, each?: (second: number) => void): Finding[] {
    const from = this.scene.at;
    const out = this.scene.pass(seconds, () => {
      each?.(this.scene.at - from);
      for (const [i, edge] of this.edges.entries()) if ((this.scene.at + i) % 30 === 0) this.#beat(edge);
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
    const beat = { b: this.#boot, ts: this.scene.now, queue: 0, bytes: 0 };
    this.scene.monitor.heartbeat(edge, beat, this.scene.now, this.found);
  }
}
