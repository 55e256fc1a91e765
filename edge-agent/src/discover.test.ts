import { afterEach, describe, expect, it } from "vitest";
import { DiscoveryResponder } from "../../simulators/src/camera/discovery.ts";
import { discover } from "./discover.ts";

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

describe("discovery by directed probes", () => {
  it("hears a camera once, with what it says about itself", async () => {
    const one = await camera();
    const port = await one.start();
    const found = await discover({ addresses: ["127.0.0.1"], port, interface: "127.0.0.1", waitMs: 300 });
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
    expect(one.heard).toBe(2);
  });

  it("lets no control character of a stranger reach the terminal", async () => {
    const port = await (await camera({ name: "a\u001b[2Jb", endpoint: "urn:\u0007x" })).start();
    const [found] = await discover({ addresses: ["127.0.0.1"], port, waitMs: 300 });
    expect(JSON.stringify(found)).not.toMatch(/\\u00/);
    expect(found.name).toBe("a [2Jb");
  });

  it("ends empty where nobody answers, and tells an interface that is not there", async () => {
    const probe = { addresses: ["127.0.0.1"], port: 9, waitMs: 50 };
    expect(await discover(probe)).toEqual([]);
    await expect(discover({ ...probe, interface: "192.0.2.254" })).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });
});
