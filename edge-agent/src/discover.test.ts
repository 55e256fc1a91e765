import { afterEach, describe, expect, it } from "vitest";
import { DiscoveryResponder } from "../../simulators/src/camera/discovery.ts";
import { discover, type FoundDevice, type ProbeOptions } from "./discover.ts";

const cameras: DiscoveryResponder[] = [];
afterEach(async () => {
  await Promise.all(cameras.splice(0).map((camera) => camera.close()));
});

const told = {
  name: "码头 west",
  hardware: "IPC-1",
  location: "quay",
  endpoint: "urn:uuid:1",
  services: "http://192.0.2.7/onvif/device_service javascript:alert(1) http://[fe80::1]/onvif/device_service",
};

async function camera(change: object = {}): Promise<DiscoveryResponder> {
  const responder = new DiscoveryResponder({ ...told, ...change });
  cameras.push(responder);
  return responder;
}

/** A busy machine may answer late: who waited too short asks once more, and waits longer. */
async function answered(asked: Omit<ProbeOptions, "waitMs">): Promise<{ found: FoundDevice[]; times: number }> {
  for (let times = 1, waitMs = 300; ; times++, waitMs *= 3) {
    const found = await discover({ ...asked, waitMs });
    if (found.length > 0 || waitMs > 10_000) return { found, times };
  }
}

describe("discovery by directed probes", () => {
  it("hears a camera once, with what it says about itself", async () => {
    const one = await camera();
    const port = await one.start();
    const { found, times } = await answered({ addresses: ["127.0.0.1"], port, interface: "127.0.0.1" });
    expect(found).toEqual([
      {
        address: "127.0.0.1",
        endpoint: "urn:uuid:1",
        name: "码头 west",
        hardware: "IPC-1",
        location: "quay",
        services: ["http://192.0.2.7/onvif/device_service", "http://[fe80::1]/onvif/device_service"],
      },
    ]);
    expect(one.heard).toBe(2 * times);
  });

  it("lets no control character of a stranger reach the terminal", async () => {
    const port = await (await camera({ name: "a\u001b[2Jb", endpoint: "urn:\u0007x" })).start();
    const { found } = await answered({ addresses: ["127.0.0.1"], port });
    expect(JSON.stringify(found)).not.toMatch(/\\u00/);
    expect(found[0].name).toBe("a [2Jb");
  });

  it("ends empty where nobody answers, and tells an interface that is not there", async () => {
    const probe = { addresses: ["127.0.0.1"], port: 9, waitMs: 50 };
    expect(await discover(probe)).toEqual([]);
    await expect(discover({ ...probe, interface: "192.0.2.254" })).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });
});
