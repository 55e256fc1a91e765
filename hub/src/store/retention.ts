/** How long each kind of row is kept, days. Events, their timelines and the audit are kept for good. */
export interface Retention {
  /** readings, their roll-up, and detections */
  readonly telemetryDays: number;
  readonly rawDays: number;
  readonly positionDays: number;
  /** positions at full rate; older ones are thinned to one in five minutes */
  readonly positionFullDays: number;
  readonly deadLetterDays: number;
  readonly healthDays: number;
}

export const DEFAULT_RETENTION: Retention = {
  telemetryDays: 400,
  rawDays: 7,
  positionDays: 30,
  positionFullDays: 7,
  deadLetterDays: 30,
  healthDays: 400,
};

export const DAY_MS = 86_400_000;

/** Relations that are stored by day: hypertables, or partitioned tables on plain PostgreSQL. */
export const DAILY = {
  telemetry: { column: "time", keep: "telemetryDays" },
  telemetry_text: { column: "time", keep: "telemetryDays" },
  raw_frame: { column: "rx", keep: "rawDays" },
  vessel_position: { column: "time", keep: "positionDays" },
  telemetry_5m_data: { column: "bucket", keep: "telemetryDays" },
} as const satisfies Readonly<Record<string, { column: string; keep: keyof Retention }>>;

export type DailyTable = keyof typeof DAILY;
export const DAILY_TABLES = Object.keys(DAILY) as DailyTable[];

/** Small tables: deleted from, a few thousand rows a statement. */
export const TRIMMED = {
  dead_letter: { column: "rx", keep: "deadLetterDays" },
  health_change: { column: "ts", keep: "healthDays" },
  detection: { column: "ts", keep: "telemetryDays" },
} as const satisfies Readonly<Record<string, { column: string; keep: keyof Retention }>>;
