import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { EmbeddedBroker } from "../../../hub/src/broker/embedded.ts";
import { silentLog } from "../../../hub/src/log.ts";
import type { Message, Settle } from "../../../hub/src/message.ts";
import { seriesColumn, timeColumn, valueColumn } from "../../../hub/src/store/binary.ts";
import { startEmbedded } from "../../../hub/src/store/embedded.ts";

// The bare ceiling: the same broker hook and the same group commit, JSON.parse and plain insertion of the three readings.
// No profile, validation, identity, duplicates, rules or events. A process of its own; stops when its parent hangs up.

/** "binary": columns in the hub's own format instead of the driver's plain arrays */
const binary = process.argv[2] === "binary";
const dir = mkdtempSync(join(tmpdir(), "gridhub-bare-"));
const server = await startEmbedded({ dataDir: dir, log: silentLog });
const client = new pg.Client(server.connection);
await client.connect();
await client.query("set synchronous_commit = on");
await client.query("create table reading (time timestamptz not null, value float8, series_id int not null)");
await client.query("create unique index on reading (series_id, time desc)");

const ids = new Map<string, number>();
let pending: { message: Message; settle: Settle }[] = [];
let busy = false;

/** Plain arrays, as the driver writes them. */
function inText(series: number[], time: number[], value: number[]): pg.QueryConfig {
  return {
    name: "text",
    text: `insert into reading (series_id, time, value)
      select s, to_timestamp(t / 1000.0), v from unnest($1::int[], $2::float8[], $3::float8[]) as x (s, t, v) on conflict do nothing`,
    values: [series, time, value],
  };
}

/** The hub's own column format, so that what is compared is everything but the wire. */
function inBinary(series: number[], time: number[], value: number[]): pg.QueryConfig {
  const n = series.length;
  return {
    name: "binary",
    text: `insert into reading (series_id, time, value)
      select unnest($1::int4[]), unnest($2::timestamptz[]), unnest($3::float8[]) on conflict do nothing`,
    values: [
      seriesColumn(Int32Array.from(series), n),
      timeColumn(Float64Array.from(time), n),
      valueColumn(Float64Array.from(value), n),
    ],
  };
}

async function commit(): Promise<void> {
  busy = true;
  while (pending.length > 0) {
    const batch = pending;
    pending = [];
    const series: number[] = [];
    const time: number[] = [];
    const value: number[] = [];
    for (const { message } of batch) {
      const body = JSON.parse(message.payload.toString()) as { r: { ts: number; m: Record<string, number> }[] };
      for (const { ts, m } of body.r) {
        for (const metric in m) {
          const key = `${message.edge}/${metric}`;
          let id = ids.get(key);
          if (id === undefined) ids.set(key, (id = ids.size + 1));
          series.push(id);
          time.push(ts);
          value.push(m[metric]);
        }
      }
    }
    await client.query(binary ? inBinary(series, time, value) : inText(series, time, value));
    for (const { settle } of batch) settle();
  }
  busy = false;
}

const broker = new EmbeddedBroker({
  host: "127.0.0.1",
  port: 0,
  root: "gridhub/v1",
  maxConnections: 1000,
  connectTimeoutMs: 10_000,
  authenticate: (username) => ({ site: username.split("/")[0], edge: username.split("/")[1] }),
  clock: Date.now,
});
await broker.start({
  accept(message, settle) {
    pending.push({ message, settle });
    // One pass of the event loop gathers what the sockets hold.
    if (!busy) {
      busy = true;
      setImmediate(() => void commit());
    }
  },
  refuse() {},
});
process.send!({ port: Number(new URL(broker.address).port), postgres: server.pid });

process.on("message", (ask) => {
  if (ask === "count")
    void client
      .query("select count(*)::int as n from reading")
      .then(({ rows }) => process.send!({ rows: (rows as { n: number }[])[0].n }));
});
process.on("disconnect", () => void stop());
async function stop(): Promise<void> {
  await broker.close();
  await client.end();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
}
