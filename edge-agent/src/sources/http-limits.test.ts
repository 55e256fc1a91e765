import { once } from "node:events";
import { request } from "node:http";
import { createConnection } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HttpSource } from "./http.ts";
import { SourceScene } from "./source-scene.ts";

const sources: HttpSource[] = [];
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.stop()));
});

async function listen(scene: SourceScene, token?: string): Promise<HttpSource> {
  const source = new HttpSource({ kind: "http", host: "127.0.0.1", port: 0, token });
  sources.push(source);
  await source.start(scene);
  return source;
}

/** Speaks HTTP by hand; resolves with all that came until the other side closed. */
async function raw(port: number, ...pieces: string[]): Promise<string> {
  const socket = createConnection(port, "127.0.0.1");
  let heard = "";
  socket.on("data", (chunk) => (heard += chunk.toString()));
  socket.on("error", () => {});
  for (const piece of pieces) socket.write(piece);
  await once(socket, "close");
  return heard;
}

const HEAD = "POST /devices/gauge/readings HTTP/1.1\r\nhost: x\r\n";

describe("http source at its limits", () => {
  it("answers 413 and closes, whether the length is announced or not", async () => {
    const scene = new SourceScene("gauge");
    const { port } = await listen(scene);
    const announced = await raw(port, `${HEAD}content-length: 1000000000\r\n\r\n`);
    expect(announced).toMatch(/^HTTP\/1\.1 413 /);
    expect(announced).toContain("payload_too_large");
    const piece = `4000\r\n${"x".repeat(0x4000)}\r\n`;
    const chunked = await raw(port, `${HEAD}transfer-encoding: chunked\r\n\r\n`, ...Array<string>(8).fill(piece));
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    expect(scene.emitted).toEqual([]);
  });

  it("answers 413 to one record that no envelope takes, and 503 with a time to come back while the disk is full", async () => {
    const scene = new SourceScene("gauge");
    const { port } = await listen(scene);
    const post = (body: string) => fetch(`http://127.0.0.1:${port}/devices/gauge/readings`, { method: "POST", body });
    scene.full = true;
    const full = await post('{"values":{"a":1}}');
    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(await full.json()).toMatchObject({ code: "spool" });
    scene.full = false;
    expect((await post('{"values":{"a":1}}')).status).toBe(202);
  });

  it("says how to authenticate and which method is meant, before it reads a body", async () => {
    const scene = new SourceScene("gauge");
    const { port } = await listen(scene, "a-long-token");
    const refused = await raw(port, `${HEAD}content-length: 60000\r\n\r\n`);
    expect(refused).toMatch(/^HTTP\/1\.1 401 /);
    expect(refused.toLowerCase()).toContain("www-authenticate: bearer");
    const put = await raw(port, "PUT /readings HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n");
    expect(put).toMatch(/^HTTP\/1\.1 405 /);
    expect(put.toLowerCase()).toContain("allow: post");
  });

  it("survives who speaks no HTTP, goes away in the middle, or sends endless headers", async () => {
    const scene = new SourceScene("gauge");
    const { port } = await listen(scene);
    expect(await raw(port, "\x16\x03\x01\x00\xa5\x01\x00\x00 not http\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(port, `${HEAD}x: ${"y".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    const gone = createConnection(port, "127.0.0.1");
    gone.write(`${HEAD}content-length: 5000\r\n\r\n{"values`);
    await once(gone, "connect");
    gone.destroy();
    const url = `http://127.0.0.1:${port}/devices/gauge/readings`;
    expect((await fetch(url, { method: "POST", body: '{"values":{"a":1}}' })).status).toBe(202);
    expect(scene.emitted).toHaveLength(1);
  });

  it("answers only what is durable, and on a stop finishes what it has begun", async () => {
    const scene = new SourceScene("gauge");
    let store: () => void = () => {};
    const stored = new Promise<void>((resolve) => (store = resolve));
    scene.emit = (lane, device, records) => stored.then(() => void scene.emitted.push({ lane, device, records }));
    const source = await listen(scene);
    let status = 0;
    const call = request({ port: source.port, host: "127.0.0.1", path: "/devices/gauge/readings", method: "POST" });
    const answered = once(call, "response").then(([response]) => {
      status = (response as { statusCode: number }).statusCode;
      (response as NodeJS.ReadableStream).resume();
    });
    let asked = false;
    const append = scene.emit;
    scene.emit = (...args) => {
      asked = true;
      return append.apply(scene, args);
    };
    call.end('{"values":{"a":1}}');
    await vi.waitFor(() => expect(asked).toBe(true));
    const stopping = source.stop();
    expect([status, scene.emitted.length]).toEqual([0, 0]);
    store();
    await Promise.all([answered, stopping]);
    expect([status, scene.emitted.length]).toEqual([202, 1]);
  });
});
