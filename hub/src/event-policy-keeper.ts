import type { Pool } from "pg";
import { Value } from "typebox/value";
import { catalogueRows, type CodeRow } from "./events/code-book.ts";
import { DEFAULT_SETTINGS, EventPolicy, type PolicyData } from "./events/event-policy.ts";
import { SETTING_SCHEMAS, type SettingName } from "./events/policy-schema.ts";
import type { Clock } from "./clock.ts";
import { eventSettings, listCodes, listQuiet, setEventSetting, upsertCodes } from "./store/queries/event-policy.ts";

export interface KeeperOptions {
  readonly pool: Pool;
  /** of weekly windows */
  readonly timeZone: string;
  readonly clock: Clock;
  /** the event book takes the new policy */
  readonly apply: (policy: EventPolicy) => void;
}

/** Whether what a person looked at is what counts now; asked when it is this edit's turn. */
type Unchanged = (data: PolicyData) => boolean;

/**
 * Brings the tables of codes, quiet and settings to the event book: at the start and after every edit. Edits go one after the
 * other, so that of two people who looked at the same only one can be first.
 */
export class EventPolicyKeeper {
  readonly #options: KeeperOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #data: PolicyData = { ...DEFAULT_SETTINGS, quiet: [], codes: [] };

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get data(): PolicyData {
    return this.#data;
  }

  /** Codes that came with this release are written first; rows that somebody edited stay. */
  async start(): Promise<void> {
    await upsertCodes(this.#options.pool, catalogueRows(), false);
    await this.reload();
  }

  /** Reads the tables again; a later call never ends with older rows than an earlier one. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#load());
  }

  /** @returns false = somebody changed it meanwhile; nothing is written */
  importCodes(rows: readonly CodeRow[], unchanged: Unchanged): Promise<boolean> {
    return this.#edit(unchanged, () => upsertCodes(this.#options.pool, rows, true));
  }

  /**
   * @param value checked by the caller; null = the defaults of the release
   * @returns false = somebody changed it meanwhile; nothing is written
   */
  set(name: SettingName, value: unknown, unchanged: Unchanged): Promise<boolean> {
    return this.#edit(unchanged, () => setEventSetting(this.#options.pool, name, value));
  }

  #edit(unchanged: Unchanged, write: () => Promise<void>): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!unchanged(this.#data)) return false;
      await write();
      await this.#load();
      return true;
    });
  }

  async #load(): Promise<void> {
    const { pool, clock, timeZone, apply } = this.#options;
    const [codes, quiet, settings] = await Promise.all([
      listCodes(pool),
      listQuiet(pool, clock()),
      eventSettings(pool),
    ]);
    const setting = <K extends SettingName>(name: K): (typeof DEFAULT_SETTINGS)[K] => {
      const value = settings.get(name);
      // What an older or newer release wrote, and this one does not understand, does not stop the hub.
      return Value.Check(SETTING_SCHEMAS[name], value)
        ? (value as (typeof DEFAULT_SETTINGS)[K])
        : DEFAULT_SETTINGS[name];
    };
    this.#data = {
      fusion: setting("fusion"),
      parents: setting("parents"),
      ladder: setting("ladder"),
      quiet,
      codes: codes as unknown as CodeRow[],
    };
    apply(new EventPolicy(this.#data, timeZone));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}
