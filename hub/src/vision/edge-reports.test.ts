import { expect, it } from "vitest";
import type { Device, Edge } from "../device.ts";
import { EdgeReports } from "./edge-reports.ts";

const edge = (id: number) => ({ id, key: `town/e${id}` }) as Edge;
const camera = (name: string, at = edge(1)) => ({ name, edge: at }) as Device;

it("knows what an edge said last: the periods of its cameras and what it keeps, of its own cameras alone", () => {
  const reports = new EdgeReports();
  expect([reports.pace(camera("cam")), reports.evidence(edge(1))]).toEqual([null, undefined]);
  const evidence = { keep_ms: 600_000, upload: true, url: "https://192.0.2.1:8090/" };
  reports.reported(edge(1), { devices: { cam: { interval_ms: 500, patrol_ms: 3000, else: 1 } }, evidence });
  expect(reports.pace(camera("cam"))).toEqual({ interval_ms: 500, patrol_ms: 3000 });
  expect(reports.pace(camera("cam", edge(2)))).toBeNull();
  expect(reports.evidence(edge(1))).toEqual({ keepMs: 600_000, upload: true, url: evidence.url });
  reports.reported(edge(1), { devices: {} });
  expect([reports.pace(camera("cam")), reports.evidence(edge(1))]).toEqual([null, null]);
});

it("takes nothing that is no report, and of one only what is sound", () => {
  const reports = new EdgeReports();
  for (const junk of [null, 7, "x", [], undefined]) reports.reported(edge(1), junk);
  expect(reports.evidence(edge(1))).toBeUndefined();
  const periods = { a: 0, b: -1, c: Number.POSITIVE_INFINITY, d: "500", e: 1e300, f: 604_800_000 };
  const said = Object.entries(periods).map(([name, interval_ms]) => [name, { interval_ms, patrol_ms: null }]);
  const devices = { ...Object.fromEntries(said), g: null, h: [], ["__proto__"]: { interval_ms: 1 } };
  reports.reported(edge(1), { devices, evidence: { keep_ms: "long" } });
  for (const name of ["a", "b", "c", "d", "e"]) expect(reports.pace(camera(name))).toEqual({});
  expect(reports.pace(camera("f"))).toEqual({ interval_ms: 604_800_000 });
  for (const name of ["g", "h", "constructor"]) expect(reports.pace(camera(name))).toBeNull();
  expect(reports.evidence(edge(1))).toBeNull();
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`c${i}`, { interval_ms: 500 }]));
  reports.reported(edge(1), { devices: many });
  expect([reports.pace(camera("c999")), reports.pace(camera("c1000"))]).toEqual([{ interval_ms: 500 }, null]);
});

it("links to addresses of the web alone, and to none with a password in it", () => {
  const reports = new EdgeReports();
  const long = `https://192.0.2.1/${"a".repeat(300)}`;
  for (const url of [
    "javascript:alert(1)",
    "ftp://192.0.2.1/",
    "https://u:secret@192.0.2.1/",
    "http://u@h/",
    "no",
    7,
    long,
  ]) {
    reports.reported(edge(1), { evidence: { keep_ms: 1000, upload: "yes", url } });
    expect(reports.evidence(edge(1)), String(url)).toEqual({ keepMs: 1000, upload: false, url: null });
  }
});
