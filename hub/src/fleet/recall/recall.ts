// What a typhoon recall is (防台召回): shapes that the book keeps, the board shows and the API speaks. Times are ms UTC.

export type RecallState = "open" | "closed" | "cancelled";
/** at the deadline: one event a vessel, or one a formation with its vessels in the evidence */
export type RaiseBy = "vessel" | "formation";

/**
 * Where a vessel stands. `in_port` = in a shelter of the recall, by AIS or by word; `staying` = neither comes nor goes, a harbour
 * that is no shelter included; `exempt` = needs no shelter (ashore, laid up) and is not counted.
 */
export type Standing = "in_port" | "heading_in" | "staying" | "heading_out" | "silent" | "exempt";
export const STANDINGS = ["in_port", "heading_in", "staying", "heading_out", "silent", "exempt"] as const;

/** What the radio room heard: it comes; it says that it lies safe; it needs no shelter. */
export type Said = "coming" | "in_port" | "exempt";

export interface RecallAck {
  readonly said: Said;
  readonly ts: number;
  readonly who: string;
  readonly note: string;
}

export interface RecallChange {
  readonly ts: number;
  readonly who: string;
  readonly what: "open" | "extend" | "close" | "cancel";
  /** that holds from here on */
  readonly deadline: number;
  readonly note: string;
}

export interface Recall {
  readonly id: string;
  readonly title: string;
  /** roots: every formation below one of them is called */
  readonly grids: readonly string[];
  /** harbour grids; empty = every harbour */
  readonly shelters: readonly string[];
  readonly deadline: number;
  readonly raiseBy: RaiseBy;
  /** minutes before the deadline, most first */
  readonly remindMin: readonly number[];
  readonly state: RecallState;
  readonly openedAt: number;
  readonly endedAt: number | null;
  readonly changes: readonly RecallChange[];
}

export type Counts = Readonly<Record<Standing, number>> & {
  /** all that are called, without the exempt ones */
  readonly total: number;
  /** reached by the radio room, of those not in port */
  readonly acknowledged: number;
};

export interface VesselStanding {
  readonly mmsi: number;
  readonly name: string;
  readonly formationId: string;
  readonly standing: Standing;
  /** in port because somebody said so, not by AIS */
  readonly byWord: boolean;
  readonly ack: RecallAck | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly sog: number | null;
  readonly cog: number | null;
  /** last position; null = never heard */
  readonly heardAt: number | null;
  /** harbour grid that it lies in, whether a shelter or not */
  readonly harbour: string | null;
  /** nearest shelter, and how far by sea: great circle times `detour`, NM */
  readonly shelter: string | null;
  readonly distanceNm: number | null;
  /** heading in: when it arrives at its speed; else when it could, if it turned now at `cruiseKn`; null = unknown */
  readonly etaAt: number | null;
}

export interface FormationStanding {
  readonly gridId: string;
  readonly counts: Counts;
  /** the last arrival of those heading in */
  readonly lastEtaAt: number | null;
  readonly vessels: readonly VesselStanding[];
}

/** [time, in port, heading in, others, silent, total] */
export type TrendPoint = readonly [number, number, number, number, number, number];

export interface RecallBoard {
  readonly recall: Recall;
  readonly now: number;
  readonly counts: Counts;
  readonly formations: readonly FormationStanding[];
  readonly trend: readonly TrendPoint[];
}

export interface RecallProblem {
  readonly code:
    | "RECALL_UNKNOWN"
    | "RECALL_ENDED"
    | "RECALL_OVERLAPS"
    | "NO_FORMATIONS"
    | "NO_SHELTERS"
    | "DEADLINE_PAST"
    | "TOO_MANY";
  readonly message: string;
}
