import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SceneCamera } from "../camera/scene.ts";
import type { StallScene } from "../scenario.ts";
import type { Placement } from "./plan.ts";

/** A street that is empty until a stall is put up. Both pictures are painted from the same seed, so only the stall changes. */
class Street implements StallScene {
  private readonly empty: SceneCamera;
  private readonly stall: SceneCamera;
  private selling = false;

  constructor(seed: number) {
    this.empty = new SceneCamera({ seed, script: [] });
    this.stall = new SceneCamera({ seed, script: [{ at: 0, scene: "stall" }] });
  }

  putUpStall(): void {
    this.selling = true;
  }

  clearStall(): void {
    this.selling = false;
  }

  frame(ms: number): Promise<Buffer> {
    return (this.selling ? this.stall : this.empty).frame(ms);
  }
}

/** Snapshot server of all simulated cameras: `GET /<name>.jpg`. */
export class DemoCameras {
  private readonly streets = new Map<string, Street>();
  private readonly names = new Map<string, Street>();
  private readonly server: Server;
  private startedAt = 0;

  constructor(cameras: readonly Placement[]) {
    cameras.forEach((camera, i) => {
      const street = new Street(i + 1);
      this.streets.set(camera.uid, street);
      this.names.set(`/${camera.site}-${camera.name}.jpg`, street);
    });
    this.server = createServer((request, response) => void this.answer(request.url ?? "", response));
  }

  async start(): Promise<void> {
    this.startedAt = Date.now();
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(0, "127.0.0.1", resolve);
    });
  }

  url(camera: Placement): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${camera.site}-${camera.name}.jpg`;
  }

  scene(uid: string): StallScene {
    const street = this.streets.get(uid);
    if (street === undefined) throw new RangeError(`no camera ${uid}`);
    return street;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(path: string, response: ServerResponse): Promise<void> {
    const street = this.names.get(path);
    if (street === undefined) {
      response.writeHead(404).end();
      return;
    }
    try {
      const jpeg = await street.frame(Date.now() - this.startedAt);
      response.writeHead(200, { "content-type": "image/jpeg", "content-length": jpeg.length }).end(jpeg);
    } catch {
      response.writeHead(500).end();
    }
  }
}
