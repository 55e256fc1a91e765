import type { CameraPage, VisionModels } from "../../../src/api/vision-schema.ts";
import type { Query } from "../reports/reports-api.ts";

type Get = <T>(path: string, query?: Query) => Promise<T>;

/** How cameras and models are doing. */
export class VisionApi {
  readonly #get: Get;

  constructor(get: Get) {
    this.#get = get;
  }

  cameras(query: Query): Promise<CameraPage> {
    return this.#get("/api/vision/cameras", query);
  }
  models(days: number): Promise<VisionModels> {
    return this.#get("/api/vision/models", { days });
  }
}

/** A small picture of what the camera saw last. @param uid `site/name`  @param ts of the picture: a new one has a new address */
export function thumbnailUrl(uid: string, ts: number): string {
  return `/api/cameras/${uid.split("/").map(encodeURIComponent).join("/")}/thumbnail?ts=${ts}`;
}
