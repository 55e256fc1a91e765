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

/** Brings the tables of codes, quiet and settings to the event book: at the start and after every edit. */
export class EventPolicyKeeper {
  readonly #options: KeeperOptions;
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

  async reload(): Promise<void> {
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

  async importCodes(rows: readonly CodeRow[]): Promise<void> {
    await upsertCodes(this.#options.pool, rows, true);
    await this.reload();
  }

  /** @param value checked by the caller; null = the defaults of the release */
  async set(name: SettingName, value: unknown): Promise<void> {
    await setEventSetting(this.#options.pool, name, value);
    await this.reload();
  }
}
