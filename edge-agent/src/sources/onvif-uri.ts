import { createRequire } from "node:module";
import { SnapshotError } from "./snapshot.ts";

interface OnvifCam {
  connect(done: (error: Error | null) => void): void;
  getSnapshotUri(options: object, done: (error: Error | null, result?: { uri?: string }) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  readonly profiles?: readonly unknown[];
}
interface OnvifModule {
  readonly Cam: new (options: object) => OnvifCam;
}

export interface OnvifCamera {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly timeoutMs: number;
}

/**
 * Asks an ONVIF device for the address of its snapshot (Media service, GetSnapshotUri of the first profile). The host of the
 * answer is replaced by the configured one: cameras behind address translation name themselves wrongly.
 * @throws SnapshotError
 */
export async function onvifSnapshotUri(camera: OnvifCamera): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  // The library may swallow an error and never call back; a camera must not hold its source for ever.
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new SnapshotError("timeout", "no answer from the camera's services")),
      camera.timeoutMs * 3,
    );
  });
  try {
    const uri = await Promise.race([ask(camera), timeout]);
    if (uri === undefined || !/^https?:\/\//.test(uri))
      throw new SnapshotError("http", "the camera names no snapshot address");
    const address = new URL(uri);
    address.hostname = camera.host;
    return address.toString();
  } finally {
    clearTimeout(timer);
  }
}

function ask(camera: OnvifCamera): Promise<string | undefined> {
  const { Cam } = createRequire(import.meta.url)("onvif") as OnvifModule;
  const cam = new Cam({
    hostname: camera.host,
    port: camera.port,
    username: camera.username === "" ? undefined : camera.username,
    password: camera.password === "" ? undefined : camera.password,
    timeout: camera.timeoutMs,
    autoconnect: false,
    preserveAddress: true,
  });
  return new Promise((resolve, reject) => {
    cam.on("error", (error) => reject(classify(error)));
    cam.connect((error) => {
      if (error) return reject(classify(error));
      // A device that refuses the account answers the connection all the same, and then has no profiles.
      if (cam.profiles === undefined || cam.profiles.length === 0) {
        return reject(new SnapshotError("auth", "the camera shows no profiles to this account"));
      }
      cam.getSnapshotUri({}, (problem, result) => (problem ? reject(classify(problem)) : resolve(result?.uri)));
    });
  });
}

function classify(error: Error): SnapshotError {
  if (/authori[sz]ed|401|403|credential|password/i.test(error.message)) return new SnapshotError("auth", error.message);
  if (/timeout/i.test(error.message)) return new SnapshotError("timeout", error.message);
  if ("code" in error) return new SnapshotError("unreachable", error.message);
  return new SnapshotError("http", error.message.slice(0, 200));
}
