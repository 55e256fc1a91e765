import type { Clock } from "../clock.ts";
import type { Finding } from "../finding.ts";
import type { Log } from "../log.ts";
import { createTransport, type TransportDeps } from "./create-transport.ts";
import type { OutboxPort } from "./outbox.ts";
import { type TargetConfig, targetSubject } from "./target.ts";
import { DEFAULT_RETRY, type RetryPolicy, TargetWorker } from "./target-worker.ts";
import { testMessage } from "./test-message.ts";
import type { Outcome, Transport } from "./transport.ts";

export interface DispatcherOptions {
  readonly targets: readonly TargetConfig[];
  readonly port: OutboxPort;
  readonly clock: Clock;
  readonly log: Log;
  /** what transports need beside their target; absent = only webhooks by the global fetch */
  readonly transports?: Partial<TransportDeps>;
  readonly retry?: Partial<RetryPolicy>;
  /** jitter; 0 <= x < 1 */
  readonly random?: () => number;
  /** a target went down (raise) or answers (clear; also the first time after the start): to be folded like any finding */
  readonly onFinding?: (finding: Finding) => void;
  /** a row was delivered or given up: a line for the event's timeline */
  readonly onDelivery?: (eventId: string, target: string, ok: boolean, note: string, now: number) => void;
}

export interface TargetStatus {
  readonly name: string;
  readonly kind: string;
  readonly origin: string;
  readonly deliver: string;
  readonly down: boolean;
  /** in a row */
  readonly failures: number;
  /** ms until it is tried again; 0 = at any time */
  readonly pauseMs: number;
  readonly callbacks: boolean;
  /** rows since the start; failed = an attempt that is made again */
  readonly counts: { readonly delivered: number; readonly failed: number; readonly parked: number };
}

/**
 * Takes rows from the outbox to their targets, at least once, in the order of revisions per event and target. Observes the
 * pipeline and is never in its path: a target that hangs delays nobody else.
 */
export class Dispatcher {
  readonly #workers = new Map<string, TargetWorker>();
  readonly #port: OutboxPort;
  readonly #clock: Clock;
  readonly #about: { readonly target: TargetConfig; readonly origin: string; readonly worker: TargetWorker }[] = [];

  constructor(options: DispatcherOptions) {
    const { targets, port, clock, log } = options;
    this.#port = port;
    this.#clock = clock;
    const policy = { ...DEFAULT_RETRY, ...options.retry };
    for (const target of targets) {
      const transport = createTransport(target, { clock, ...options.transports });
      const worker = new TargetWorker({
        target,
        port,
        policy,
        clock,
        log,
        transport,
        random: options.random ?? Math.random,
        events: {
          turned: (down, failures, error) => {
            if (down) log.warn({ target: target.name, failures, error }, "target is down; its events wait");
            else if (failures > 0) log.info({ target: target.name }, "target answers again");
            options.onFinding?.(downFinding(target, transport, down, failures, error, clock()));
          },
          settled: (item, ok, note) => options.onDelivery?.(item.eventId, target.name, ok, note, clock()),
        },
      });
      this.#workers.set(target.name, worker);
      this.#about.push({ target, origin: transport.origin, worker });
    }
  }

  start(): void {
    for (const worker of this.#workers.values()) worker.start();
  }

  /** After a commit that wrote outbox rows. */
  wake(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  /** Every target, as it stands; nothing secret. */
  status(): TargetStatus[] {
    return this.#about.map(({ target, origin, worker }) => ({
      name: target.name,
      kind: target.kind ?? "webhook",
      origin,
      deliver: target.deliver ?? "all",
      down: worker.down,
      failures: worker.failures,
      pauseMs: worker.pauseMs,
      callbacks: (target.callbackSecrets ?? []).length > 0,
      counts: { ...worker.counts },
    }));
  }

  /** Rows by target and outcome since the start: delivered, failed (and tried again), parked. */
  *outcomes(): Generator<readonly [key: readonly [target: string, outcome: string], rows: number]> {
    for (const [name, { counts }] of this.#workers)
      for (const [outcome, rows] of Object.entries(counts)) yield [[name, outcome], rows];
  }

  /** Names of the targets that are down. */
  get down(): string[] {
    return [...this.#workers].filter(([, worker]) => worker.down).map(([name]) => name);
  }

  /**
   * Sends parked rows again, and tries their targets at once.
   * @returns rows that wait again
   */
  async replay(filter: { readonly target?: string; readonly eventId?: string } = {}): Promise<number> {
    const rows = await this.#port.replay(filter);
    for (const [name, worker] of this.#workers) {
      if (filter.target !== undefined && filter.target !== name) continue;
      await this.#port.hasten(name);
      worker.resume();
    }
    return rows;
  }

  /**
   * Whether the way to a target works, by a message that says that it is a test; nothing of it is stored.
   * @param who asked for it  @returns null = not now, see `TargetWorker.probe`
   */
  async test(target: string, who: string): Promise<(Outcome & { readonly ms: number }) | null> {
    const began = performance.now();
    const outcome = await this.#workers.get(target)?.probe(testMessage(target, who, this.#clock()));
    if (outcome === undefined || outcome === null) return null;
    return { ...outcome, ms: Math.round(performance.now() - began) };
  }

  /**
   * A target asks for events again that it was given (it lost them, or said 2xx too early).
   * @returns those of which there is something to send
   */
  async resend(target: string, eventIds: readonly string[]): Promise<readonly string[]> {
    const found = await this.#port.resend(target, eventIds);
    this.#workers.get(target)?.resume();
    return found;
  }

  /** Hangs up; what was under way is sent again after the next start. */
  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
  }
}

function downFinding(
  target: TargetConfig,
  { origin }: Transport,
  down: boolean,
  failures: number,
  error: string,
  now: number,
): Finding {
  return {
    kind: "dispatch.target_down",
    phase: down ? "raise" : "clear",
    severity: 2,
    ts: now,
    subject: targetSubject(target.name),
    device: null,
    gridId: null,
    lon: null,
    lat: null,
    source: "dispatch",
    // Only the origin: a path or query may hold a token.
    evidence: { target: target.name, origin, failures, error },
    late: false,
  };
}
