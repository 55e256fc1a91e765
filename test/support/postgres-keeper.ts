import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { startEmbedded } from "../../hub/src/store/embedded.ts";
import { lockFolder } from "../../hub/src/store/embedded/lock.ts";
import { stopOrphan } from "../../hub/src/store/embedded/postmaster.ts";
import { silentLog } from "../../hub/src/log.ts";

// Keeps one PostgreSQL for all test files of a checkout while a socket to it is open (see postgres.ts), and `LINGER_MS` longer:
// the next file need not start another. Leaves nothing behind.
const LINGER_MS = 4000;
const folder = process.argv[2];

mkdirSync(folder, { recursive: true });
chmodSync(folder, 0o755);
const unlock = take();
const data = join(folder, "data");
await stopOrphan(join(data, "postgres/cluster"), silentLog);
rmSync(data, { recursive: true, force: true });
const server = await startEmbedded({
  dataDir: data,
  log: silentLog,
  // throw-away data: a power cut may lose it; everything else as in production
  settings: { fsync: "off", full_page_writes: "off", max_connections: "200", shared_buffers: "128MB" },
});

let users = 0;
let timer = setTimeout(finish, LINGER_MS * 3);
const door = createServer((socket) => {
  users++;
  clearTimeout(timer);
  socket.on("error", () => {});
  socket.on("close", () => {
    if (--users === 0) timer = setTimeout(finish, LINGER_MS);
  });
  socket.resume();
  socket.write(JSON.stringify({ ...server.connection, database: "postgres" }) + "\n");
});
const sock = join(folder, "keeper.sock");
rmSync(sock, { force: true });
door.listen(sock);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, finish);

function take(): () => void {
  try {
    return lockFolder(folder);
  } catch {
    process.exit(0); // another keeper is there, or is just leaving: the caller knocks again
  }
}

function finish(): void {
  door.close();
  rmSync(sock, { force: true });
  server
    .stop()
    .then(() => {
      rmSync(folder, { recursive: true, force: true });
      unlock();
      process.exit(0);
    })
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
}
