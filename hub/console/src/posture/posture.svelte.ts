import type { PostureInfo, WarningInfo } from "../../../src/api/posture-schema.ts";
import { ApiFailure } from "../api.ts";
import { Loading } from "../stores/loading.svelte.ts";
import type { PostureApi, PostureWish } from "./posture-api.ts";
import { type Dismissals, dismiss, keyOf } from "./warnings.ts";

const EMPTY: PostureInfo = { towns: [], effects: {}, longestHours: 0 };

/** Levels of the towns and the weather that suggests them, asked for again and again. */
export class Posture {
  readonly loading = new Loading();
  info = $state.raw<PostureInfo>(EMPTY);
  /** warnings that hold, or will */
  warnings = $state.raw<WarningInfo[]>([]);
  dismissed = $state.raw<Dismissals>({});
  readonly #api: PostureApi;
  #person = "";
  /** an answer that was asked for before an own change would show the past */
  #turn = 0;

  constructor(api: PostureApi) {
    this.#api = api;
  }

  /** Whose dismissals count: of this person in this browser. */
  enter(username: string): void {
    this.#person = username;
    this.dismissed = read(username);
  }

  leave(): void {
    this.#turn++;
    this.info = EMPTY;
    this.warnings = [];
    this.dismissed = {};
  }

  load(): Promise<boolean> {
    const turn = ++this.#turn;
    return this.loading.run(async () => {
      const [info, { items }] = await Promise.all([this.#api.posture(), this.#api.warnings()]);
      if (turn !== this.#turn) return;
      this.info = info;
      this.warnings = items;
    });
  }

  /**
   * Changes towns one after another and loads what has become of them.
   * @returns those that were refused, with the reason of the last; the others are changed
   */
  async set(towns: readonly string[], wish: PostureWish): Promise<{ refused: string[]; why: ApiFailure | null }> {
    const refused: string[] = [];
    let why: ApiFailure | null = null;
    for (const town of towns) {
      try {
        await this.#api.set(town, wish);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        refused.push(town);
        why = error;
      }
    }
    await this.load();
    return { refused, why };
  }

  async warn(cap: string): Promise<{ taken: boolean; warning: WarningInfo }> {
    const answer = await this.#api.warn(cap);
    await this.load();
    return answer;
  }

  dismiss(warning: WarningInfo): void {
    this.#remember(dismiss(warning, this.dismissed, this.warnings));
  }

  restore(warning: WarningInfo): void {
    const { [keyOf(warning)]: _, ...others } = this.dismissed;
    this.#remember(others);
  }

  #remember(dismissed: Dismissals): void {
    this.dismissed = dismissed;
    try {
      localStorage.setItem(`gridhub.dismissed.${this.#person}`, JSON.stringify(dismissed));
    } catch {
      // It is dismissed until the page is loaded anew.
    }
  }
}

function read(person: string): Dismissals {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(`gridhub.dismissed.${person}`) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Dismissals) : {};
  } catch {
    return {};
  }
}
