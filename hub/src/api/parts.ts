import type { ApiContext } from "./context.ts";
import type { EventView } from "./event-view.ts";
import type { Reports } from "./reports.ts";
import type { Scopes } from "./scope.ts";
import type { StoredRate } from "./stored-rate.ts";
import type { Stream } from "./stream.ts";
import type { Tally } from "./tally.ts";

/** What the routes share. */
export interface Parts {
  readonly context: ApiContext;
  readonly scopes: Scopes;
  readonly events: EventView;
  readonly tally: Tally;
  readonly rate: StoredRate;
  readonly stream: Stream;
  readonly reports: Reports;
}
