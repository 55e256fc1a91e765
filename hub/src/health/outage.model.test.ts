import fc from "fast-check";
import { expect, it } from "vitest";
import { T0 } from "./health-scene.ts";
import { OutageScene } from "./outage-scene.ts";

const GATEWAYS = 8;
const MODEMS = 4;
const EDGES = GATEWAYS + MODEMS;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("kill" as const), edges: fc.nat(2 ** EDGES - 1), will: fc.boolean() }) }, // prettier-ignore
  { weight: 4, arbitrary: fc.record({ do: fc.constant("revive" as const), edges: fc.nat(2 ** EDGES - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("stop" as const), edges: fc.nat(EDGES - 1).map((i) => 2 ** i) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(1, 5, 16, 40, 130, 700) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), seconds: fc.constantFrom(0, 30, 7200) }) },
);

it("whatever comes and goes: every absence is told once, and nothing is left when all are back", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => {
      const s = new OutageScene(GATEWAYS, "town", [], MODEMS);
      const all = [...s.edges, ...s.modems];
      const stopped = new Set<string>();
      /** second since which an edge is dead */
      const since = new Map<string, number>();
      let restarted = 0;
      for (const each of steps) {
        const bits = "edges" in each ? all.filter((_, i) => (each.edges >> i) & 1) : [];
        if (each.do === "kill") {
          const alive = bits.filter((e) => !s.dead.has(e));
          s.kill(alive, each.will);
          for (const e of alive) since.set(e.key, s.scene.at);
        } else if (each.do === "revive") {
          s.revive(bits.filter((e) => s.dead.has(e)));
          for (const e of bits) {
            since.delete(e.key);
            stopped.delete(e.key);
          }
        } else if (each.do === "stop") {
          for (const e of bits.filter((edge) => !s.dead.has(edge))) {
            s.stop(e);
            stopped.add(e.key);
            since.set(e.key, s.scene.at);
          }
        } else if (each.do === "pass") s.pass(each.seconds);
        else {
          s.pass(1); // what is in flight is committed with the tick
          s.scene.restart(each.seconds);
          restarted = s.scene.at;
        }
        check(s, stopped, since, restarted);
      }
      s.revive(all.filter((e) => s.dead.has(e)));
      s.pass(3600);
      expect(s.active()).toEqual([]);
    }),
    { numRuns: 60, seed: 11 },
  );
});

function check(s: OutageScene, stopped: Set<string>, since: Map<string, number>, restarted: number): void {
  // raises and clears alternate
  const out = new Set<string>();
  /** second of the last end of an outage: who was in it may still return */
  let ended = -Infinity;
  for (const { kind, subject, phase, ts } of s.found) {
    const key = `${kind} ${subject}`;
    expect(out.has(key), `${phase} ${key}`).toBe(phase !== "raise");
    if (phase === "clear" && kind === "network.outage") ended = (ts - T0) / 1000;
    if (phase === "clear") out.delete(key);
    else out.add(key);
  }
  const outage = out.has("network.outage site:town");
  s.scene.commit();
  for (const e of [...s.edges, ...s.modems]) {
    const isModem = s.modems.includes(e);
    const member = (s.scene.rows.get(`#edge ${e.key}`) as { outage?: true } | undefined)?.outage === true;
    const own = out.has(isModem ? `device.offline device:${e.key}` : `edge.offline edge:${e.key}`);
    expect(member && (own || !outage), `${e.key} is told twice, or by nobody`).toBe(false);
    const dead = since.get(e.key);
    if (
      dead === undefined ||
      s.scene.at - Math.max(dead, restarted) < 600 ||
      s.scene.at - ended < (isModem ? 605 : 125)
    )
      continue;
    expect(own || member, `${e.key} is dead for long and nothing tells it`).toBe(true);
    if (stopped.has(e.key) && s.scene.at - dead < 290) expect(own).toBe(false);
  }
}
