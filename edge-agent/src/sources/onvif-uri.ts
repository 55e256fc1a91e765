import { createRequire } from "node:module";
import { SnapshotError } from "./snapshot.ts";

interface OnvifCam {
  connect(done: (error: Error | null) => void): void;
  getSnapshotUri(options: object, done: (error: Error | null, result?: { uri?: string }) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  readonly profiles?: readonly unknown[];
  on(event: "rawResponse", listener: (xml: string, status: number) => void): void;
}
interface OnvifModule {
  readonly Cam: new (options: object) => OnvifCam;
}

/** A call is at most this many requests, each with its own timeout. */
const ROUNDS = 3;

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
  let refused = false;
  // The library's errors carry no code. ONVIF Core section 5.9.2: a wrong user is the SOAP fault code ter:NotAuthorized.
  cam.on("rawResponse", (xml, status) => (refused = status === 401 || status === 403 || /:NotAuthorized\b/.test(xml)));
  const uri = await new Promise<string | undefined>((resolve, reject) => {
    // The library waits for each reply anew; a device that answers byte by byte must not hold the camera for ever.
    const late = setTimeout(
      () => reject(new SnapshotError("timeout", "the camera does not answer ONVIF in time")),
      camera.timeoutMs * ROUNDS,
    );
    const settle = (error: Error | null, found?: string) => {
      clearTimeout(late);
      if (error) reject(error instanceof SnapshotError ? error : classify(error, refused));
      else resolve(found);
    };
    // Where the library swallows its callback it emits the error instead.
    cam.on("error", settle);
    cam.connect((error) => {
      if (error) settle(error);
      // A device that refuses the account answers the connection all the same, and then has no profiles.
      else if (cam.profiles === undefined || cam.profiles.length === 0)
        settle(new SnapshotError("auth", "the camera shows no profiles to this account"));
      else cam.getSnapshotUri({}, (problem, result) => settle(problem, result?.uri));
    });
  });
  if (uri === undefined || !/^https?:\/\//.test(uri) || !URL.canParse(uri))
    throw new SnapshotError("http", "the camera names no snapshot address");
  const address = new URL(uri);
  address.hostname = camera.host;
  return address.toString();
}

function classify(error: Error, refused: boolean): SnapshotError {
  const text = error.message.slice(0, 200);
  // Where the library gives up on HTTP Digest it emits no response, and its own two sentences are all there is.
  if (refused || /^Digest authentication|\b401$/.test(text)) return new SnapshotError("auth", text);
  if (text === "Network timeout") return new SnapshotError("timeout", text);
  return new SnapshotError("code" in error ? "unreachable" : "http", text);
}
