import type { ClipInfo, ClipPictures, NewClip } from "../../../src/api/clip-schema.ts";
import type { Send } from "../onboarding/onboarding-api.ts";

/** The routes of clips out of the edges' evidence rings. Every method rejects with `ApiFailure`. */
export class ClipsApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  of(event: string): Promise<{ items: ClipInfo[] }> {
    return this.#send("GET", `/api/events/${encodeURIComponent(event)}/clips`);
  }
  want(event: string, clip: NewClip): Promise<{ items: ClipInfo[] }> {
    return this.#send("POST", `/api/events/${encodeURIComponent(event)}/clips`, clip);
  }
  pictures(id: string): Promise<ClipPictures> {
    return this.#send("GET", `/api/clips/${encodeURIComponent(id)}`);
  }
}

/** One picture of a clip. @param n from 0 */
export function clipFrameUrl(id: string, n: number): string {
  return `/api/clips/${encodeURIComponent(id)}/frames/${n}`;
}
