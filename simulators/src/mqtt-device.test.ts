import {
  checkEnvelope,
  type Envelope,
  type MetaMessage,
  type StateMessage,
} from "@gridhub/device-profiles/envelope.ts";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import { parseUplink } from "@gridhub/device-profiles/topic.ts";
import { Aedes } from "aedes";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MqttDevice, type MqttDeviceOptions } from "./mqtt-device.ts";

interface Seen {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

let broker: Aedes;
let server: Server;
let url: string;
let seen: Seen[];
/** acknowledgements are held back while this is set, as by a hub whose database is away */
let held: (() => void)[] | null;
const sockets = new Set<Socket>();
const devices: MqttDevice[] = [];

beforeEach(async () => {
  seen = [];
  held = null;
  broker = await Aedes.createBroker({
    authenticate: (_client, username, password, done) =>
      done(null, username === "330922200/hyd-01" && password?.toString() === "secret"),
    authorizePublish: (_client, packet, done) => {
      const { topic, payload, qos, retain } = packet;
      seen.push({ topic, payload: payload.toString(), qos, retain });
      if (held !== null && parseUplink(topic)?.device !== "") held.push(() => done(null));
      else done(null);
    },
  });
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const release of held ?? []) release();
  await Promise.all(devices.splice(0).map((device) => device.close()));
  await new Promise<void>((resolve) => broker.close(resolve));
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const create = (over: Partial<MqttDeviceOptions> = {}): MqttDevice => {
  const device = new MqttDevice({
    url,
    site: "330922200",
    name: "hyd-01",
    token: "secret",
    profile: "generic/hydrant-nb",
    lon: 122.5,
    lat: 30.7,
    boot: 7,
    ...over,
  });
  devices.push(device);
  return device;
};
const lane = (name: string): Seen[] => seen.filter((s) => parseUplink(s.topic)?.lane === name);
const envelopes = (): Envelope[] =>
  [...lane("telemetry"), ...lane("raw")].map(({ payload }) => {
    const envelope = checkEnvelope(JSON.parse(payload));
    if (isRejection(envelope)) throw new Error(envelope.detail);
    return envelope;
  });

describe("a device that speaks the contract", () => {
  it("announces itself, numbers what it sends and says goodbye", async () => {
    const device = create();
    await device.start();
    device.raw(1_763_776_800_000, Buffer.from([0x68, 0x01]));
    device.telemetry(1_763_776_801_000, { pressure: 0.28 });
    await vi.waitFor(() => expect(device.counts.acknowledged).toBe(2));
    await device.close();

    const states = lane("state").map((s) => JSON.parse(s.payload) as StateMessage);
    expect(states[0]).toMatchObject({ s: "on", b: 7, q: 1 });
    await vi.waitFor(() => expect(sockets.size).toBe(0)); // a will would have come by now
    expect(lane("state").map((s) => (JSON.parse(s.payload) as StateMessage).why)).toEqual([undefined, "stop"]);
    expect(lane("state").every((s) => s.retain && s.qos === 1)).toBe(true);
    const meta = JSON.parse(lane("meta")[0].payload) as MetaMessage;
    expect(meta.devices).toMatchObject([{ id: "hyd-01", profile: "generic/hydrant-nb", lon: 122.5, lat: 30.7 }]);
    const sent = envelopes().sort((a, b) => (a.q ?? 0) - (b.q ?? 0));
    expect(sent.map((e) => [e.b, e.q])).toEqual([
      [7, 1],
      [7, 2],
    ]);
    expect(sent[0].r).toEqual([{ ts: 1_763_776_800_000, x: "aAE=" }]);
    expect(sent[1].r).toEqual([{ ts: 1_763_776_801_000, m: { pressure: 0.28 } }]);
  });

  it("leaves its will when it is cut off", async () => {
    const device = create();
    await device.start();
    await vi.waitFor(() => expect(lane("meta").length).toBe(1));
    device.cut();
    await vi.waitFor(() => expect(lane("state").map((s) => s.payload)).toContain('{"s":"off","b":7,"why":"lwt"}'));
  });

  it("is refused with a wrong token", async () => {
    await expect(create({ token: "wrong" }).start()).rejects.toThrow(/refused|authori[sz]ed/i);
  });

  it("waits for a broker that is not there yet", async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const started = create().start();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    await started;
    await vi.waitFor(() => expect(lane("state").length).toBe(1));
  });

  it("keeps a bounded number in flight and a bounded memory while nothing is acknowledged", async () => {
    const device = create({ inFlight: 3, memory: 10 });
    await device.start();
    held = [];
    const taken = Array.from({ length: 14 }, (_, i) => device.telemetry(1_763_776_800_000 + i, { n: i }));
    expect(taken.filter(Boolean).length).toBe(10);
    expect(device.counts).toMatchObject({ sent: 3, acknowledged: 0, refused: 4 });
    await vi.waitFor(() => expect(held?.length).toBeGreaterThan(0));
    const waiting = held;
    held = null;
    for (const release of waiting) release();
    await vi.waitFor(() => expect(device.counts.acknowledged).toBe(10));
    expect(device.pending).toBe(0);
    expect(new Set(envelopes().map((e) => e.q)).size).toBe(10); // refused samples never got a number: no gap
  });

  it("sends again what was not acknowledged when the connection broke", async () => {
    const device = create();
    await device.start();
    held = [];
    device.telemetry(1_763_776_800_000, { n: 1 });
    await vi.waitFor(() => expect(held?.length).toBe(1));
    held = null;
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(() => expect(device.counts.acknowledged).toBe(1), { timeout: 5000 });
    expect(new Set(envelopes().map((e) => e.q))).toEqual(new Set([1]));
    const states = () => lane("state").map((s) => JSON.parse(s.payload) as StateMessage);
    await vi.waitFor(() => expect(states().filter((each) => each.s === "on").length).toBe(2));
  });

  it("repeats envelopes on demand, with the same identity", async () => {
    const device = create({ repeat: () => true });
    await device.start();
    device.telemetry(1_763_776_800_000, { n: 1 });
    await vi.waitFor(() => expect(lane("telemetry").length).toBe(2));
    expect(envelopes().map((e) => e.q)).toEqual([1, 1]);
  });
});
