import type {
  NewRecallRequest,
  RecallBoardInfo,
  RecallInfo,
  RecallOptionsInfo,
  RecallVessel,
} from "../../../src/api/recall-schema.ts";

type Send = <T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown) => Promise<T>;
export type Said = NonNullable<RecallVessel["ack"]>["said"];

/** Typhoon recalls. */
export class RecallApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  list(): Promise<{ items: RecallInfo[] }> {
    return this.#send("GET", "/api/recalls");
  }
  options(): Promise<RecallOptionsInfo> {
    return this.#send("GET", "/api/recalls/options");
  }
  board(id: string): Promise<RecallBoardInfo> {
    return this.#send("GET", `/api/recalls/${id}`);
  }
  open(plan: NewRecallRequest): Promise<RecallBoardInfo> {
    return this.#send("POST", "/api/recalls", plan);
  }
  extend(id: string, deadline: number, note: string): Promise<RecallBoardInfo> {
    return this.#send("POST", `/api/recalls/${id}/deadline`, { deadline, note });
  }
  end(id: string, what: "close" | "cancel", note: string): Promise<RecallBoardInfo> {
    return this.#send("POST", `/api/recalls/${id}/end`, { what, note });
  }
  /** @param said null = takes it back */
  say(id: string, mmsi: number, said: Said | null, note: string): Promise<RecallBoardInfo> {
    return this.#send("PUT", `/api/recalls/${id}/vessels/${mmsi}`, { said, note });
  }
}

export const printUrl = (id: string) => `/api/recalls/${id}/print`;
export const csvUrl = (id: string) => `/api/recalls/${id}/board.csv`;
