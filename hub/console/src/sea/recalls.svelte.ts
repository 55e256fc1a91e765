import type { RecallBoardInfo, RecallInfo } from "../../../src/api/recall-schema.ts";
import { Loading } from "../stores/loading.svelte.ts";
import type { RecallApi } from "./recall-api.ts";

/** changes of a board that come together are loaded once, ms */
const TOGETHER_MS = 400;

/** The recalls, and the board of the one that is looked at. */
export class Recalls {
  readonly loading = new Loading();
  list = $state.raw<RecallInfo[]>([]);
  board = $state.raw<RecallBoardInfo | null>(null);
  readonly #api: RecallApi;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: RecallApi) {
    this.#api = api;
  }

  /** @param id null = the one that is shown, else the newest open one, else the newest */
  load(id: string | null = null): Promise<boolean> {
    return this.loading.run(async () => {
      const { items } = await this.#api.list();
      this.list = items;
      const shown = id ?? this.board?.recall.id;
      const next = items.find((r) => r.id === shown) ?? items.find((r) => r.state === "open") ?? items[0];
      this.board = next === undefined ? null : await this.#api.board(next.id);
    });
  }

  /** What an action answered. */
  take(board: RecallBoardInfo): void {
    this.board = board;
    void this.load(board.recall.id);
  }

  /** The stream says that a board changed; of no interest before the page was open. */
  changed(_id: string): void {
    if (this.loading.state === "idle") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), TOGETHER_MS);
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.list = [];
    this.board = null;
    this.loading.state = "idle";
  }
}
