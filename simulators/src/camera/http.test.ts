import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import sharp from "sharp";
import { afterEach, describe, expect, it } from "vitest";
import { CameraServer, type CameraServerOptions } from "./http.ts";
import { SceneCamera } from "./scene.ts";

interface OnvifCam {
  readonly profiles: readonly object[];
  getSnapshotUri(callback: (error: Error | null, answer: { uri: string }) => void): void;
}
const { Cam } = createRequire(import.meta.url)("onvif") as {
  Cam: new (options: object, callback: (this: OnvifCam, error: Error | null) => void) => OnvifCam;
};

const account = { user: "admin", password: "sea-breeze" };
const camera = new SceneCamera({ seed: 1, width: 320, height: 180 });
const md5 = (s: string): string => createHash("md5").update(s).digest("hex");

describe("camera server", { timeout: 120_000 }, () => {
  let server: CameraServer;
  const start = (options: Partial<CameraServerOptions> = {}) => {
    server = new CameraServer({ camera, ...options });
    return server.start();
  };
  afterEach(() => server.close());

  const connect = (origin: string, password: string) =>
    new Promise<OnvifCam>((resolve, reject) => {
      const { hostname, port } = new URL(origin);
      new Cam({ hostname, port: Number(port), username: account.user, password, timeout: 20_000 }, function (error) {
        if (error) reject(error);
        else resolve(this);
      });
    });

  it("gives an ONVIF client its snapshot URI, and Digest protects what is behind it", async () => {
    const origin = await start({ account });
    const client = await connect(origin, account.password);
    const uri = await new Promise<string>((resolve, reject) => {
      client.getSnapshotUri((error, answer) => (error ? reject(error) : resolve(answer.uri)));
    });
    expect(uri).toBe(`${origin}/snapshot.jpg`);

    const refused = await fetch(uri);
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get("www-authenticate") ?? "";
    const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1];
    const digest = (password: string) => {
      const response = md5(
        `${md5(`admin:scene camera:${password}`)}:${nonce}:00000001:abc:auth:${md5("GET:/snapshot.jpg")}`,
      );
      return `Digest username="admin", realm="scene camera", nonce="${nonce}", uri="/snapshot.jpg", qop=auth, nc=00000001, cnonce="abc", response="${response}"`;
    };
    expect((await fetch(uri, { headers: { authorization: digest("wrong") } })).status).toBe(401);
    const good = await fetch(uri, { headers: { authorization: digest(account.password) } });
    expect(good.status).toBe(200);
    expect(await sharp(await good.arrayBuffer()).metadata()).toMatchObject({ format: "jpeg", width: 320, height: 180 });
  });

  it("does not hand its profiles to a client with the wrong password", async () => {
    const origin = await start({ account });
    // the client connects all the same, because services may be asked for without credentials, and is left without profiles
    const client = await connect(origin, "wrong");
    expect(client.profiles).toEqual([]);
    expect((await connect(origin, account.password)).profiles).toHaveLength(1);
  });

  it("takes Basic where it is configured so, until the password is changed", async () => {
    const origin = await start({ account, scheme: "basic" });
    const authorization = `Basic ${Buffer.from("admin:sea-breeze").toString("base64")}`;
    expect((await fetch(`${origin}/snapshot.jpg`, { headers: { authorization } })).status).toBe(200);
    server.changeAccount({ user: "admin", password: "other" });
    expect((await fetch(`${origin}/snapshot.jpg`, { headers: { authorization } })).status).toBe(401);
  });

  it("freezes, goes black, sends half a picture, fails and stalls on demand", async () => {
    let now = 0;
    const origin = await start({ clock: () => now });
    const get = async () => {
      now += 1000;
      return Buffer.from(await (await fetch(`${origin}/snapshot.jpg`)).arrayBuffer());
    };
    const whole = await get();
    expect((await get()).equals(whole)).toBe(false);
    server.fault = "freeze";
    const frozen = await get();
    expect((await get()).equals(frozen)).toBe(true);
    server.fault = "black";
    expect((await sharp(await get()).stats()).channels.every((c) => c.max === 0)).toBe(true);
    server.fault = "truncated";
    await expect(
      sharp(await get(), { failOn: "truncated" })
        .raw()
        .toBuffer(),
    ).rejects.toThrow();
    server.fault = "error";
    expect((await fetch(`${origin}/snapshot.jpg`)).status).toBe(503);
    server.fault = "stall";
    await expect(fetch(`${origin}/snapshot.jpg`, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
  });
});

describe("scene camera", { timeout: 120_000 }, () => {
  it("paints the same bytes for the same seed and time, within the contract's limit", async () => {
    const script = [{ at: 0, scene: "stall" as const }];
    const one = await new SceneCamera({ seed: 9, script }).frame(4200);
    const two = await new SceneCamera({ seed: 9, script }).frame(4200);
    expect(one.equals(two)).toBe(true);
    expect(one.length).toBeLessThan(120_000);
    expect((await new SceneCamera({ seed: 10, script }).frame(4200)).equals(one)).toBe(false);
  });

  it("follows its script and says what is in the picture", () => {
    const scene = new SceneCamera({
      seed: 1,
      script: [
        { at: 0, scene: "empty" },
        { at: 5000, scene: "stall" },
        { at: 9000, scene: "walker", light: 0.4 },
      ],
    });
    expect(scene.truth(4999)).toEqual({ scene: "empty", light: 1, infrared: false, objects: [] });
    expect(scene.truth(5000).objects.map((o) => o.label)).toEqual([
      "umbrella",
      "bicycle",
      "dining table",
      "chair",
      "person",
    ]);
    const [early, late] = [scene.truth(10_000), scene.truth(12_000)];
    expect(early.light).toBe(0.4);
    expect(late.objects[0].box[0] - early.objects[0].box[0]).toBeCloseTo(296, 0);
  });
});
