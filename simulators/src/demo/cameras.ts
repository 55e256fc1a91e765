import { CameraServer } from "../camera/http.ts";
import { SceneCamera } from "../camera/scene.ts";
import type { StallScene } from "../scenario.ts";
import type { Placement } from "./plan.ts";

/** The account that the cameras expect, by digest. */
export const CAMERA_ACCOUNT = { user: "edge", password: "street-and-quay" } as const;

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

  frame(tMs: number): Promise<Buffer> {
    return (this.selling ? this.stall : this.empty).frame(tMs);
  }
}

/** One network camera a placement, each on its own port. */
export class DemoCameras {
  private readonly cameras = new Map<string, { readonly street: Street; readonly server: CameraServer }>();

  constructor(placements: readonly Placement[]) {
    placements.forEach(({ uid }, i) => {
      const street = new Street(i + 1);
      this.cameras.set(uid, { street, server: new CameraServer({ camera: street, account: CAMERA_ACCOUNT }) });
    });
  }

  async start(): Promise<void> {
    for (const { server } of this.cameras.values()) await server.start();
  }

  /** `http://host:port` */
  url({ uid }: Placement): string {
    return this.camera(uid).server.origin;
  }

  scene(uid: string): StallScene {
    return this.camera(uid).street;
  }

  async close(): Promise<void> {
    for (const { server } of this.cameras.values()) await server.close();
  }

  private camera(uid: string): { readonly street: Street; readonly server: CameraServer } {
    const camera = this.cameras.get(uid);
    if (camera === undefined) throw new RangeError(`no camera ${uid}`);
    return camera;
  }
}
