import { createSocket } from "node:dgram";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HttpSource } from "./http.ts";
import { SourceScene } from "./source-scene.ts";
import { UdpSource } from "./udp.ts";

const sources: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.stop()));
});

async function http(scene: SourceScene, token?: string): Promise<string> {
  const source = new HttpSource({ kind: "http", host: "127.0.0.1", port: 0, token });
  sources.push(source);
  await source.start(scene);
  return `http://127.0.0.1:${source.port}`;
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), headers });

describe("http source", () => {
  it("keeps a reading before it says 202", async () => {
    const scene = new SourceScene("gauge");
    const url = await http(scene);
    const response = await post(`${url}/devices/gauge/readings`, {
      ts: 1_763_776_800_123,
      values: { water_level: 1.5 },
    });
    expect(response.status).toBe(202);
    expect(scene.emitted).toEqual([
      { lane: "t", device: "gauge", records: [{ ts: 1_763_776_800_123, m: { water_level: 1.5 } }] },
    ]);
    scene.full = true;
    expect((await post(`${url}/readings`, { device: "gauge", values: { water_level: 1 } })).status).toBe(503);
  });

  it("takes raw frames as hex, several records at once, and its own time where none is given", async () => {
    const scene = new SourceScene("hydrant");
    const url = await http(scene);
    await post(`${url}/readings`, { device: "hydrant", hex: "68 01:0f", port: 2 });
    await post(`${url}/readings`, {
      device: "hydrant",
      records: [{ values: { a: 1 } }, { ts: 1_763_776_800_999, values: { a: 2 } }],
    });
    expect(scene.emitted[0]).toEqual({
      lane: "raw",
      device: "hydrant",
      records: [{ ts: scene.time, x: Buffer.from([0x68, 1, 15]).toString("base64"), p: 2 }],
    });
    expect(scene.emitted[1].records.map((r) => r.ts)).toEqual([scene.time, 1_763_776_800_999]);
  });

  it.each([
    ["not json", 400, "json_invalid"],
    [[], 400, "json_invalid"],
    [{ values: { a: 1 } }, 400, "device_unknown"],
    [{ device: "ghost", values: { a: 1 } }, 400, "device_unknown"],
    [{ device: "gauge" }, 400, "envelope_invalid"],
    [{ device: "gauge", values: [1] }, 400, "envelope_invalid"],
    [{ device: "gauge", hex: "6" }, 400, "envelope_invalid"],
    [{ device: "gauge", hex: "zz" }, 400, "envelope_invalid"],
    [{ device: "gauge", hex: "68", port: 999 }, 400, "envelope_invalid"],
    [{ device: "gauge", ts: "yesterday", values: {} }, 400, "time_invalid"],
    [{ device: "gauge", records: [] }, 400, "envelope_invalid"],
    [{ device: "gauge", records: [{ values: {} }, { hex: "68" }] }, 400, "envelope_invalid"],
    ["x".repeat(70_000), 413, "payload_too_large"],
  ])("refuses %j with a reason and keeps nothing", async (body, status, code) => {
    const scene = new SourceScene("gauge");
    const response = await post(`${await http(scene)}/readings`, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(scene.emitted).toEqual([]);
  });

  it("asks for its token, and knows no other path or method", async () => {
    const scene = new SourceScene("gauge");
    const url = await http(scene, "a-long-token");
    const body = { device: "gauge", values: { a: 1 } };
    expect((await post(`${url}/readings`, body)).status).toBe(401);
    expect((await post(`${url}/readings`, body, { authorization: "Bearer wrong-token!" })).status).toBe(401);
    expect((await post(`${url}/readings`, body, { authorization: "Bearer a-long-token" })).status).toBe(202);
    expect((await post(`${url}/devices/../readings`, body)).status).not.toBe(202);
    expect((await fetch(`${url}/readings`)).status).toBe(405);
    expect((await fetch(url)).status).toBe(404);
  });
});

describe("udp source", () => {
  it("takes one post a datagram and survives what is none", async () => {
    const scene = new SourceScene("gauge");
    const source = new UdpSource({ kind: "udp", host: "127.0.0.1", port: 0 });
    sources.push(source);
    await source.start(scene);
    const socket = createSocket("udp4");
    const send = (text: string) => new Promise((resolve) => socket.send(text, source.port, "127.0.0.1", resolve));
    await send("garbage");
    await send('{"device":"ghost","values":{"a":1}}');
    await send('{"device":"gauge","values":{"a":1}}');
    await vi.waitFor(() => expect(scene.emitted).toHaveLength(1));
    socket.close();
  });
});
