import type {
  AvailabilityReport,
  BatteryReport,
  EventReport,
  FirmwareReport,
  Nearby,
} from "../../../src/api/reports-schema.ts";

export type Query = Readonly<Record<string, string | number | null | undefined>>;
type Get = <T>(path: string, query?: Query) => Promise<T>;

/** Reports, and what is near an event. */
export class ReportsApi {
  readonly #get: Get;

  constructor(get: Get) {
    this.#get = get;
  }

  availability(query: Query): Promise<AvailabilityReport> {
    return this.#get("/api/reports/availability", query);
  }
  events(query: Query): Promise<EventReport> {
    return this.#get("/api/reports/events", query);
  }
  batteries(query: Query): Promise<BatteryReport> {
    return this.#get("/api/reports/batteries", query);
  }
  firmware(): Promise<FirmwareReport> {
    return this.#get("/api/reports/firmware");
  }
  nearby(id: string, radius: number): Promise<Nearby> {
    return this.#get(`/api/events/${encodeURIComponent(id)}/nearby`, { radius });
  }
}
