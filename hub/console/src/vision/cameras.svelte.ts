import type { CameraInfo, CameraPage } from "../../../src/api/vision-schema.ts";
import type { Query } from "../reports/reports-api.ts";
import { Loading } from "../stores/loading.svelte.ts";
import type { VisionApi } from "./vision-api.ts";

const PAGE = 96;
/** of the API */
const MOST = 1000;

/** The cameras of the wall: of one query as many as were asked for, loaded again as a whole so that none moves. */
export class Cameras {
  readonly loading = new Loading();
  page = $state.raw<CameraPage | null>(null);
  readonly items = $derived<readonly CameraInfo[]>(this.page?.items ?? []);
  #limit = PAGE;
  #query: Query = {};
  readonly #api: VisionApi;

  constructor(api: VisionApi) {
    this.#api = api;
  }

  /** how many further ones a step shows; 0 = all are shown, or as many as may be */
  get further(): number {
    const rest = (this.page?.total ?? 0) - this.items.length;
    return this.#limit >= MOST ? 0 : Math.min(PAGE, rest);
  }

  ask(query: Query): Promise<boolean> {
    this.#query = query;
    this.#limit = PAGE;
    return this.load();
  }

  more(): Promise<boolean> {
    this.#limit = Math.min(MOST, this.#limit + PAGE);
    return this.load();
  }

  load(): Promise<boolean> {
    const [query, limit] = [this.#query, this.#limit];
    return this.loading.run(async () => {
      const page = await this.#api.cameras({ ...query, limit });
      // an answer to a query of before is no answer, nor is one with fewer cameras
      if (query === this.#query && limit === this.#limit) this.page = page;
    });
  }
}
