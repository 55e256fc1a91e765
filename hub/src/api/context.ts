import type { AdapterStatus } from "../adapters/gate.ts";
import type pg from "pg";
import type { AreaRuleKeeper } from "../area-rule-keeper.ts";
import type { Broker } from "../broker/broker.ts";
import type { Clock } from "../clock.ts";
import type { CallbackDesk } from "../dispatch/callback-desk.ts";
import type { EventPolicyKeeper } from "../event-policy-keeper.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { EventBook } from "../events/event-book.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { RecallBook } from "../fleet/recall/recall-book.ts";
import type { AreaDesk } from "../area-desk.ts";
import type { GridKeeper } from "../grid-keeper.ts";
import type { GridSet } from "../grids/grid-set.ts";
import type { HealthMonitor } from "../health/health-monitor.ts";
import type { IngestCounters } from "../ingest/ingest.ts";
import type { Log } from "../log.ts";
import type { Message } from "../message.ts";
import type { Metrics } from "../metrics.ts";
import type { ProfileLibrary } from "../onboarding/profile-library.ts";
import type { ProfileVersions } from "../onboarding/profile-versions.ts";
import type { ProfileSources } from "../onboarding/profile-sources.ts";
import type { Redecoder } from "../onboarding/redecoder.ts";
import type { PostureDesk } from "../posture-desk.ts";
import type { Quarantine } from "../onboarding/quarantine.ts";
import type { Registry } from "../registry/registry.ts";
import type { AreaFlag } from "../rules/area/area-flags.ts";
import type { AreaRules } from "../rules/area/area-rules.ts";
import type { DryRunRequest, DryRunResult } from "../rules/dry-run.ts";
import type { RuleEngine } from "../rules/rule-engine.ts";
import type { Vision } from "../vision/vision.ts";
import type { Sessions } from "./sessions.ts";

/** What the API needs of the pipeline. */
export interface Flow {
  /** runs `change` between two batches and resolves after its effects are stored */
  submit<T>(change: (now: number) => T): Promise<T>;
  /** resolves once the message is stored, or is a dead letter again */
  replay(message: Message): Promise<void>;
  readonly pending: { readonly messages: number; readonly bytes: number };
  readonly stats: {
    readonly turns: number;
    readonly retries: number;
    readonly poisoned: number;
    readonly overloaded: number;
    readonly inserted: number;
  };
}

/** Rules as the API sees them. */
export interface RuleDesk {
  readonly engine: RuleEngine;
  readonly area: AreaRules;
  readonly sources: AreaRuleKeeper;
  /** between two batches: call it from `pipeline.submit` */
  setFlag(flag: AreaFlag, now: number): void;
  dryRun(request: DryRunRequest): Promise<DryRunResult>;
}

/** Everything that the API shows or asks; joined by the composition root. */
export interface ApiContext {
  readonly host: string;
  /** 0 = any free port */
  readonly port: number;
  /** the built console; it need not exist */
  readonly consoleDir: string;
  /** GeoJSON of land; "" = none */
  readonly coastFile: string;
  readonly timeZone: string;
  readonly pool: pg.Pool;
  readonly sessions: Sessions;
  readonly pipeline: Flow;
  readonly registry: Registry;
  readonly rules: RuleDesk;
  /** formats of others that come in, with what their devices say of themselves */
  readonly adapters?: () => readonly AdapterStatus[];
  /** where events go; absent = nowhere */
  readonly dispatcher?: Dispatcher;
  /** what governance platforms say back; absent = nobody may */
  readonly callbacks?: CallbackDesk;
  readonly posture: PostureDesk;
  readonly quarantine: Quarantine;
  readonly profiles: ProfileLibrary;
  readonly versions: ProfileVersions;
  readonly sources: ProfileSources;
  readonly redecoder: Redecoder;
  /** those in force: `gridKeeper.current` */
  readonly grids: () => GridSet;
  readonly gridKeeper: GridKeeper;
  readonly areas: AreaDesk;
  readonly health: HealthMonitor;
  readonly fleet: Fleet;
  readonly recalls: RecallBook;
  readonly events: EventBook;
  /** codes, mutes, windows and settings of events */
  readonly eventPolicy: EventPolicyKeeper;
  readonly vision: Vision;
  readonly ingest: IngestCounters;
  readonly broker: Broker;
  readonly metrics: Metrics;
  /** edge key -> program and version that it announced */
  readonly agents: ReadonlyMap<string, string>;
  /** titles that profiles give to kinds of events, for those that the catalogue does not know */
  readonly eventTitles: ReadonlyMap<string, { readonly zh: string; readonly en: string }>;
  readonly ready: () => { readonly ok: boolean; readonly detail: string };
  readonly clock: Clock;
  readonly log: Log;
  /** open streams; default 5,000 */
  readonly maxStreams?: number;
}
