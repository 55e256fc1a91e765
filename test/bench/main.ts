import { parseArgs } from "node:util";

// `npm run bench -- NAME [--json] [--quick]`: figures are ratios against a baseline measured in the same run.

const BENCHES: Readonly<
  Record<string, { readonly summary: string; readonly run: (quick: boolean) => Promise<object> }>
> = {
  ingest: {
    summary: "200 MQTT connections through the whole hub, against the bare ceiling",
    run: async () => (await import("./ingest.ts")).ingestBench(),
  },
  locate: {
    summary: "point -> grid over 706 and 20,000 polygons",
    run: async () => (await import("./locate.ts")).locateBench(),
  },
  codec: {
    summary: "decodes a second of each technique, against a hand-written function",
    run: async () => (await import("./codec.ts")).codecBench(),
  },
  ais: { summary: "AIS sentences a second", run: async () => (await import("./ais.ts")).aisBench() },
  rules: { summary: "readings a second through the rules", run: async () => (await import("./rules.ts")).rulesBench() },
  fleet: {
    summary: "AIS reports a second through decode, tracks, areas and formations; approach tick at 100,000 vessels",
    run: async () => (await import("./fleet.ts")).fleetBench(),
  },
  "fleet-day": {
    summary: "ten hours of the fleet on nine seeds: incidents found, everything else found; --quick: three",
    run: async (quick) => (await import("./fleet-day.ts")).fleetDayBench(quick),
  },
  store: {
    summary: "rows a second through the store's commit",
    run: async () => (await import("./store.ts")).storeBench(),
  },
  queries: {
    summary: "what a person waits for, at 10 M readings, 100,000 events and 10,000 devices; --quick: a tenth and less",
    run: async (quick) => (await import("./queries.ts")).queriesBench(quick),
  },
  edge: {
    summary: "records a second through the edge agent's spool",
    run: async () => (await import("./edge.ts")).edgeBench(),
  },
  vision: {
    summary: "frames a second a core from JPEG to detections",
    run: async () => (await import("./vision.ts")).visionBench(),
  },
  cameras: {
    summary: "what the heartbeats and patrol frames of 3,000 cameras cost the hub; --quick: 300",
    run: async (quick) => (await import("./cameras.ts")).camerasBench(quick),
  },
  events: {
    summary: "scripted scenes with ground truth through models and chain: precision, recall, delay",
    run: async () => (await import("./events.ts")).eventsBench(),
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, quick: { type: "boolean" }, help: { type: "boolean", short: "h" } },
});
const names = positionals.length > 0 ? positionals : values.help === true ? [] : Object.keys(BENCHES);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));

if (values.help === true || unknown.length > 0) {
  if (unknown.length > 0) console.error(`bench: no benchmark "${unknown.join(", ")}"`);
  console.log("usage: npm run bench -- [NAME...] [--json] [--quick]\n");
  for (const [name, { summary }] of Object.entries(BENCHES)) console.log(`  ${name.padEnd(8)} ${summary}`);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  for (const name of names) {
    const result = await BENCHES[name].run(values.quick === true);
    if (values.json === true) console.log(JSON.stringify({ bench: name, ...result }));
    else {
      console.log(`\n${name}`);
      print(result, "  ");
    }
  }
}

function print(value: object, indent: string): void {
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) {
      console.log(`${indent}${key}`);
      print(entry as object, `${indent}  `);
    } else
      console.log(
        `${indent}${key.padEnd(28 - Math.min(20, indent.length))} ${typeof entry === "number" ? entry.toLocaleString("en") : JSON.stringify(entry)}`,
      );
  }
}
