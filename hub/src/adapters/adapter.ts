import type { TopicTemplate } from "./topic-template.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Translation } from "./translation.ts";

/** A device that the foreign system describes: what helps to find or to write its profile. */
export interface DescribedDevice {
  /** as the foreign system calls it */
  readonly foreign: string;
  /** as it is called here */
  readonly device: string;
  readonly vendor: string;
  readonly model: string;
  /** a profile drafted from the description, YAML; null = nothing to draft from */
  readonly draft: () => string | null;
}

/** One foreign format. Keeps what its messages need of each other; never throws on what it is given. */
export interface Adapter {
  /** topics that it takes; first match wins */
  readonly topics: readonly TopicTemplate[];
  /** filters that its publisher may subscribe to */
  readonly downlinks: readonly string[];
  /** @returns why nothing of it could be used; parts that could not are refused on the translation */
  translate(out: Translation): Rejection | null;
  /** what must survive a restart; `key` is unique within the adapter */
  load?(rows: readonly { readonly key: string; readonly state: unknown }[]): void;
  drain?(): { readonly key: string; readonly state: unknown }[];
  /** marks everything for the next drain: the last one was not stored */
  redrain?(): void;
  describe?(): DescribedDevice[];
  /** published when the hub has started: asks the other side to introduce itself */
  readonly greetings?: readonly { readonly topic: string; readonly payload: string }[];
}
