import { collectDefaultMetrics } from "prom-client";
import { outboxCounts } from "../store/queries/outbox.ts";
import type { ApiContext } from "./context.ts";
import type { Stream } from "./stream.ts";
import type { Tally } from "./tally.ts";
import { Scope } from "./scope.ts";

/** Puts what the rooms count on `/metrics`; every value is read from its owner when it is asked for. */
export function expose(context: ApiContext, stream: Stream, tally: Tally): void {
  const { metrics, ingest, pipeline, broker, vision, fleet } = context;
  const { stats } = pipeline;
  const counter = (name: string, help: string, read: () => number) => metrics.observe(name, help, "counter", read);
  const gauge = (name: string, help: string, read: () => number) => metrics.observe(name, help, "gauge", read);
  const labelled = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    label: string,
    read: () => Iterable<readonly [string, number]>,
  ) => metrics.observe(name, help, kind, read, label);

  counter("gridhub_messages_total", "Messages taken from the broker", () => ingest.messages);
  counter("gridhub_readings_total", "Readings decoded", () => ingest.readings);
  counter("gridhub_readings_stored_total", "Readings stored, each once", () => stats.inserted);
  counter("gridhub_frames_total", "Camera frames received", () => ingest.frames);
  counter("gridhub_positions_total", "Vessel positions and static reports decoded", () => ingest.positions);
  counter("gridhub_duplicates_total", "Messages that were stored already", () => ingest.duplicates);
  labelled("counter", "gridhub_rejected_total", "Refused input by reason", "reason", () => ingest.rejected);
  counter(
    "gridhub_positions_duplicate_total",
    "Positions that another receiver had brought",
    () => fleet.counts.duplicates,
  );
  counter(
    "gridhub_positions_implausible_total",
    "Positions that no vessel could reach",
    () => fleet.counts.implausible,
  );

  gauge("gridhub_pending_messages", "Messages that wait to be decoded", () => pipeline.pending.messages);
  gauge("gridhub_pending_bytes", "Payload bytes that are not committed yet", () => pipeline.pending.bytes);
  counter("gridhub_turns_total", "Transactions committed", () => stats.turns);
  counter("gridhub_commit_retries_total", "Transactions that failed and were done again", () => stats.retries);
  counter("gridhub_poisoned_total", "Messages whose content the database refused", () => stats.poisoned);
  counter("gridhub_overloaded_total", "Messages turned away because too many waited", () => stats.overloaded);

  gauge("gridhub_mqtt_clients", "Open MQTT connections", () => broker.stats().clients);
  labelled("counter", "gridhub_mqtt_refused_total", "What the broker refused, by guard", "guard", () =>
    Object.entries(broker.stats().refused),
  );

  const { counters } = context.rules.engine;
  labelled("counter", "gridhub_rule_evaluated_total", "Records judged, by rule", "rule", () =>
    counters.read("evaluated"),
  );
  labelled("counter", "gridhub_rule_raised_total", "Alarms raised, by rule", "rule", () => counters.read("raised"));
  labelled("counter", "gridhub_rule_cleared_total", "Alarms cleared, by rule", "rule", () => counters.read("cleared"));
  labelled("counter", "gridhub_rule_suppressed_total", "Alarms held back by another one, by rule", "rule", () =>
    counters.read("suppressed"),
  );
  labelled("counter", "gridhub_rule_late_total", "Alarms found in history, by rule", "rule", () =>
    counters.read("late"),
  );

  const everything = new Scope([], context.grids());
  labelled("gauge", "gridhub_devices", "Devices by health", "state", () => Object.entries(context.health.counts()));
  labelled("gauge", "gridhub_events_active", "Active events by severity, 1 the highest", "severity", () =>
    Object.entries(tally.of(everything).active),
  );
  gauge("gridhub_vessels", "Vessels in memory", () => fleet.size);

  receivers(context);

  counter("gridhub_vision_frames_total", "Frames that a detector has looked at", () => vision.stats().inferred);
  labelled("counter", "gridhub_vision_dropped_total", "Frames not looked at, by reason", "reason", () =>
    Object.entries(vision.stats().dropped),
  );
  gauge("gridhub_vision_waiting", "Frames that wait for a detector", () => vision.stats().waiting);

  handOver(context);

  gauge("gridhub_sse_clients", "Open streams of the console", () => stream.size);
  counter("gridhub_sse_dropped_total", "Streams closed because the client read too slowly", () => stream.dropped);

  collectDefaultMetrics({ register: metrics.registry });
}

/** What every AIS station hears, by its positions here and by the counts of its edge. */
function receivers({ metrics, fleet, health, clock }: ApiContext): void {
  const heard = [
    { name: "gridhub_receiver_messages_per_minute", help: "Messages of an AIS receiver, mean of ten minutes" },
    { name: "gridhub_receiver_vessels", help: "Different vessels that an AIS receiver heard in ten minutes" },
    { name: "gridhub_receiver_range_nm", help: "Farthest vessel of one to two hours, nautical miles; 0 = not known" },
  ];
  metrics.observeTogether(heard, "receiver", () =>
    Promise.resolve(
      fleet
        .coverage(clock())
        .map(({ uid, messagesPerMin, vessels, rangeNm }) => [uid, [messagesPerMin, vessels, rangeNm ?? 0]] as const),
    ),
  );
  for (const [field, help] of [
    ["sentences", "Sentences that reached the agent of an AIS receiver, refused ones included"],
    ["refused", "Sentences of an AIS receiver that its agent refused: checksum, parts without their others"],
    ["lost", "Messages of an AIS receiver that its agent's spool could not take"],
  ] as const)
    metrics.observe(
      `gridhub_receiver_${field}_total`,
      help,
      "counter",
      () => Array.from(health.receivers(), ([uid, report]) => [uid, report[field]] as const),
      "receiver",
    );
}

/** What goes to other platforms, and what they say back. */
function handOver({ metrics, dispatcher, callbacks, pool }: ApiContext): void {
  if (callbacks !== undefined)
    metrics.observe(
      "gridhub_callbacks_total",
      "Callbacks of platforms, by outcome or by the code of the refusal",
      "counter",
      () => Object.entries(callbacks.counts),
      "outcome",
    );
  if (dispatcher === undefined) return;
  metrics.observe(
    "gridhub_deliveries_total",
    "Rows of the outbox by outcome: delivered, failed (tried again), parked (given up)",
    "counter",
    () => dispatcher.outcomes(),
    "target",
    "outcome",
  );
  metrics.observe(
    "gridhub_target_down",
    "1 where a target has failed several times in a row",
    "gauge",
    () => dispatcher.status().map(({ name, down }) => [name, down ? 1 : 0]),
    "target",
  );
  metrics.observeTogether(
    [
      { name: "gridhub_outbox_waiting", help: "Rows that wait for their target" },
      { name: "gridhub_outbox_parked", help: "Rows given up, until a person replays them" },
      { name: "gridhub_outbox_oldest_seconds", help: "Age of the row that has waited longest; 0 = none waits" },
    ],
    "target",
    async () => {
      const none = dispatcher.status().map(({ name }) => [name, [0, 0, 0]] as const);
      // also of targets that are no longer configured: their rows wait for ever
      const rows = await outboxCounts(pool);
      const found = rows.map((row) => [row.target, [row.waiting, row.parked, (row.oldestMs ?? 0) / 1000]] as const);
      return [...none, ...found];
    },
  );
}
