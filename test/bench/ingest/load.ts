import { createConnection, type Socket } from "node:net";

// The load generator, a process of its own: plain sockets and hand-made MQTT packets, so that it takes as little as possible
// of the two cores. Started by ingest.ts with the job as JSON in argv; answers with one JSON line.

export interface LoadJob {
  readonly port: number;
  readonly seconds: number;
  /** messages a second over all connections; 0 = as fast as the window allows */
  readonly pace: number;
  readonly window: number;
  readonly edges: readonly { readonly username: string; readonly token: string }[];
  readonly meta: boolean;
}

export interface LoadResult {
  readonly sent: number;
  readonly acknowledged: number;
  readonly seconds: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
}

const job = JSON.parse(process.argv[2]) as LoadJob;
const TEXT = new TextEncoder();

function packet(type: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let n = body.length; ;) {
    const byte = n & 127;
    n >>= 7;
    length.push(n > 0 ? byte | 128 : byte);
    if (n === 0) break;
  }
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

function text(value: string): Buffer {
  const bytes = TEXT.encode(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

const boot = Math.floor(Date.now() / 1000);
const began = Date.now();
const latencies = new Float64Array(4_000_000);
let measured = 0;
let bytesOut = 0;

class Connection {
  readonly socket: Socket;
  readonly prefix: string;
  readonly topic: Buffer;
  readonly device: string;
  readonly ready: Promise<void>;
  readonly sentAt: Float64Array;
  readonly free: number[];
  seq = 0;
  sent = 0;
  acknowledged = 0;
  running = false;
  #rest = Buffer.alloc(0);

  constructor(edge: LoadJob["edges"][number]) {
    this.prefix = `gridhub/v1/${edge.username}`;
    this.device = `sensor-${edge.username.split("-").pop()}`;
    this.topic = text(`${this.prefix}/d/${this.device}/t`);
    this.sentAt = new Float64Array(job.window + 3);
    this.free = Array.from({ length: job.window }, (_, i) => i + 1);
    this.socket = createConnection({ port: job.port, host: "127.0.0.1", noDelay: true });
    this.socket.on("error", (error) => {
      console.error(`load: ${error.message}`);
      process.exit(1);
    });
    this.ready = new Promise((resolve) => this.socket.on("data", (data) => this.#data(data, resolve)));
    this.socket.write(
      packet(
        0x10,
        text("MQTT"),
        Buffer.from([4, 0xc2, 0, 0]),
        text(edge.username),
        text(edge.username),
        text(edge.token),
      ),
    );
  }

  #data(data: Buffer, ready: () => void): void {
    let buffer = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    while (buffer.length >= 4) {
      if (buffer[0] === 0x20) {
        if (buffer[3] !== 0) {
          console.error(`load: CONNECT refused (${buffer[3]})`);
          process.exit(1);
        }
        if (job.meta) this.announce();
        else ready();
      } else if (buffer[0] === 0x40) {
        const id = buffer.readUInt16BE(2);
        if (id > job.window) {
          if (id === job.window + 2) ready();
        } else {
          this.acknowledged++;
          if (measured < latencies.length) latencies[measured++] = performance.now() - this.sentAt[id];
          this.free.push(id);
          if (this.running && job.pace === 0) this.publish();
        }
      }
      buffer = buffer.subarray(4);
    }
    this.#rest = Buffer.from(buffer);
  }

  announce(): void {
    const state = JSON.stringify({ s: "on", b: boot, q: 1 });
    const meta = JSON.stringify({
      agent: "bench",
      devices: [{ id: this.device, profile: "bench/three-metrics@1.0.0" }],
    });
    const id = (n: number) => Buffer.from([n >> 8, n & 255]);
    this.socket.write(packet(0x32, text(`${this.prefix}/state`), id(job.window + 1), Buffer.from(state)));
    this.socket.write(packet(0x32, text(`${this.prefix}/meta`), id(job.window + 2), Buffer.from(meta)));
  }

  publish(): boolean {
    const id = this.free.pop();
    if (id === undefined) return false;
    const q = ++this.seq;
    const t = (20 + (q % 97) / 10).toFixed(3);
    const h = (40 + (q % 53) / 10).toFixed(3);
    let body = `{"v":1,"b":${boot},"q":${q},"r":[{"ts":${began + q},"m":{"temperature":${t},"humidity":${h},"battery":3.${600 + (q % 9)}}}],"tq":"ntp"`;
    body += `,"pad":"${"x".repeat(Math.max(0, 200 - body.length - 9))}"}`;
    const payload = Buffer.from(body, "latin1");
    const length = this.topic.length + 2 + payload.length;
    const out = Buffer.allocUnsafe(3 + length);
    out[0] = 0x32;
    out[1] = (length & 127) | 128;
    out[2] = length >> 7;
    this.topic.copy(out, 3);
    out.writeUInt16BE(id, 3 + this.topic.length);
    payload.copy(out, 5 + this.topic.length);
    this.sentAt[id] = performance.now();
    this.sent++;
    bytesOut += payload.length;
    this.socket.write(out);
    return true;
  }
}

const connections = job.edges.map((edge) => new Connection(edge));
await Promise.all(connections.map((c) => c.ready));
const start = performance.now();
for (const c of connections) c.running = true;
if (job.pace === 0) for (const c of connections) while (c.publish());

await new Promise<void>((resolve) => {
  let owed = 0;
  let next = 0;
  let last = start;
  const timer = setInterval(() => {
    const now = performance.now();
    if (job.pace > 0) {
      owed += ((now - last) / 1000) * job.pace;
      last = now;
      for (let tries = 0; owed >= 1 && tries < connections.length; tries++) {
        if (connections[next++ % connections.length].publish()) {
          owed--;
          tries = 0;
        }
      }
    }
    if (now - start >= job.seconds * 1000) {
      clearInterval(timer);
      for (const c of connections) c.running = false;
      resolve();
    }
  }, 5);
});
const elapsed = (performance.now() - start) / 1000;
const total = () => connections.reduce((sum, c) => sum + c.acknowledged, 0);
const atEnd = total();
const deadline = performance.now() + 20_000;
const sent = connections.reduce((sum, c) => sum + c.sent, 0);
while (total() < sent && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
const sorted = latencies.subarray(0, measured).sort();
const at = (p: number) => Math.round((sorted[Math.min(measured - 1, Math.floor(measured * p))] ?? 0) * 10) / 10;
const result: LoadResult = {
  sent,
  acknowledged: total(),
  seconds: Math.round(elapsed * 100) / 100,
  rate: Math.round(atEnd / elapsed),
  p50: at(0.5),
  p99: at(0.99),
  bytes: Math.round(bytesOut / sent),
};
console.log(JSON.stringify(result));
for (const c of connections) c.socket.destroy();
