import { CameraError } from "./camera-error.ts";
import { type CameraAnswer, CameraHttp, type CameraTls } from "./camera-http.ts";
import type { Credentials } from "./digest.ts";
import type { FeedSignals, Picture, PictureFeed } from "./picture-feed.ts";

const MAX_PICTURE = 16_777_216;
const HEADERS = { accept: "image/jpeg, image/png" };

/** GETs pictures of one camera. */
export class SnapshotClient {
  readonly #http: CameraHttp;
  readonly #timeoutMs: number;

  constructor(who: Credentials, timeoutMs: number, tls: CameraTls = {}) {
    this.#http = new CameraHttp(who, tls);
    this.#timeoutMs = timeoutMs;
  }

  /** @throws CameraError */
  async fetch(url: string, stop?: AbortSignal): Promise<Picture> {
    const request = { method: "GET", url, headers: HEADERS, limit: MAX_PICTURE, timeoutMs: this.#timeoutMs } as const;
    return pictureOf(await this.#http.request({ ...request, stop }));
  }

  close(): void {
    this.#http.close();
  }
}

function pictureOf({ status, headers, body }: CameraAnswer): Picture {
  if (status === 403) throw new CameraError("auth", "the camera refused access");
  if (status !== 200) throw new CameraError("http", `status ${status}`);
  const isPicture = (body[0] === 0xff && body[1] === 0xd8) || (body[0] === 0x89 && body[1] === 0x50);
  if (!isPicture) throw new CameraError("not_a_picture", `${body.length} bytes that are neither JPEG nor PNG`);
  const time = Date.parse(headers.date ?? "");
  return { bytes: body, cameraTime: Number.isNaN(time) ? null : time };
}

/** Pictures from one address. */
export class SnapshotFeed implements PictureFeed {
  readonly #client: SnapshotClient;
  readonly #url: string;

  constructor(url: string, client: SnapshotClient) {
    this.#url = url;
    this.#client = client;
  }

  next({ stop }: FeedSignals): Promise<Picture> {
    return this.#client.fetch(this.#url, stop);
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }
}
