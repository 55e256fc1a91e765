import { createRequire } from "node:module";
import { SnapshotError } from "./snapshot.ts";

interface OnvifCam {
  connect(done: (error: Error | null) => void): void;
  getSnapshotUri(options: object, done: (error: Error | null, result?: { uri?: string }) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}
interface OnvifModule {
  readonly Cam: new (options: object) => OnvifCam;
}

/**
 * Asks an ONVIF device for the address of its snapshot (Media service, GetSnapshotUri of the first profile). The host of the
 * answer is replaced by the configured one: cameras behind address translation name themselves wrongly.
 * @throws SnapshotError
 */
export async function onvifSnapshotUri(camera: {
  host: string;
  port: number;
  username: string;
  password: string;
  timeoutMs: number;
}): Promise<string> {
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
  cam.on("error", () => {});
  const uri = await new Promise<string | undefined>((resolve, reject) => {
    cam.connect((error) => {
      if (error) reject(classify(error));
      else cam.getSnapshotUri({}, (problem, result) => (problem ? reject(classify(problem)) : resolve(result?.uri)));
    });
  });
  if (uri === undefined || !/^https?:\/\//.test(uri))
    throw new SnapshotError("http", "the camera names no snapshot address");
  const address = new URL(uri);
  address.hostname = camera.host;
  return address.toString();
}

function classify(error: Error): SnapshotError {
  if (/authori[sz]ed|401|403|credential|password/i.test(error.message)) return new SnapshotError("auth", error.message);
  if (/timeout/i.test(error.message)) return new SnapshotError("timeout", error.message);
  if ("code" in error) return new SnapshotError("unreachable", error.message);
  return new SnapshotError("http", error.message.slice(0, 200));
}
