import { execFile, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

// A namespace with a loopback that knows multicast. As root of a container `-n` may be allowed where `-r` is not, or the other way.
const SET_UP = "ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo";
const NAMESPACE = [["-rn"], ["-n"]].find(
  (how) => spawnSync("unshare", [...how, "sh", "-c", SET_UP], { stdio: "ignore" }).status === 0,
);
/** Where no namespace can be had, the same runs over the loopback of this one, on a port that nobody else uses. */
const where =
  NAMESPACE === undefined ? "over loopback: no network namespace here" : `in a namespace, unshare ${NAMESPACE}`;

async function scene(...args: readonly string[]): Promise<string> {
  const node = [process.execPath, join(import.meta.dirname, "discovery-scene.ts"), "--seconds", "1", ...args];
  const [program, ...rest] =
    NAMESPACE === undefined
      ? [...node, "--interface", "127.0.0.1", "--port", String(await freePort())]
      : ["unshare", ...NAMESPACE, "sh", "-c", `${SET_UP} && exec "$@"`, "sh", ...node];
  return (await promisify(execFile)(program, rest)).stdout;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

describe(`discover by multicast (${where})`, () => {
  it("finds the cameras of the network, as JSON and as a table", async () => {
    const found = JSON.parse(await scene("--json")) as { name: string; services: string[] }[];
    expect(found.map(({ name }) => name).sort()).toEqual(["Quay east", "Quay west"]);
    expect(found.map(({ services }) => services).sort()).toEqual([
      ["http://192.0.2.1/onvif/device_service"],
      ["http://192.0.2.2/onvif/device_service"],
    ]);
    const table = await scene();
    expect(table).toMatch(/^ADDRESS\s+NAME\s+HARDWARE\s+LOCATION\s+DEVICE SERVICE\n/);
    expect(table).toMatch(/Quay west\s+IPC-1\s+quay\s+http:/);
  });

  it("goes through the interface that it is told", async () => {
    const found = JSON.parse(await scene("--json", "--interface", "127.0.0.1")) as object[];
    expect(found).toHaveLength(2);
  });
});
