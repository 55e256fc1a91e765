import type { PostureChangeInfo, PostureInfo, TownPostureInfo, WarningInfo } from "../../../src/api/posture-schema.ts";

type Send = <T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown) => Promise<T>;
export type Level = TownPostureInfo["level"];
export type Colour = WarningInfo["colour"];

export interface PostureWish {
  readonly level: Level;
  /** ms UTC; null = normal */
  readonly until: number | null;
  readonly reason: string;
}

/** Posture of towns, and weather warnings. */
export class PostureApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  posture(): Promise<PostureInfo> {
    return this.#send("GET", "/api/posture");
  }
  history(town: string): Promise<{ items: PostureChangeInfo[] }> {
    return this.#send("GET", `/api/posture/${encodeURIComponent(town)}/history`);
  }
  set(town: string, wish: PostureWish): Promise<TownPostureInfo> {
    return this.#send("PUT", `/api/posture/${encodeURIComponent(town)}`, wish);
  }
  warnings(): Promise<{ items: WarningInfo[] }> {
    return this.#send("GET", "/api/warnings");
  }
  /** @param cap a CAP 1.2 alert, XML or JSON */
  warn(cap: string): Promise<{ taken: boolean; warning: WarningInfo }> {
    return this.#send("POST", "/api/warnings", { cap });
  }
}
