import { parseExposition, type Sample } from "./exposition.ts";
import type { SeenEvent } from "./report.ts";

export interface Credential {
  readonly username: string;
  readonly token: string;
}

export interface OverviewNumbers {
  readonly health: Readonly<Record<string, number>>;
  readonly devices: number;
  readonly active: Readonly<Record<string, number>>;
  readonly vessels: number;
  readonly rate: number;
}

/** The few calls of the hub's API that the demo makes; it has no other way to know what the hub thinks. */
export class HubApi {
  readonly url: string;
  private token = "";

  constructor(url: string) {
    this.url = url;
  }

  async login(username: string, password: string): Promise<void> {
    const { token } = await this.call<{ token: string }>("POST", "/api/login", { username, password });
    this.token = token;
  }

  /** Creates an edge; one that a kept folder already knows gets a new token. */
  createEdge(site: string, edge: string, title: string): Promise<Credential> {
    return this.call("POST", "/api/edges", { site, edge, title, renew: true });
  }

  /** Keys (`<site>/<edge>`) of the edges that are online. */
  async onlineEdges(): Promise<Set<string>> {
    const { items } = await this.call<{ items: { key: string; health: string }[] }>("GET", "/api/edges");
    return new Set(items.filter((edge) => edge.health === "online").map((edge) => edge.key));
  }

  overview(): Promise<OverviewNumbers> {
    return this.call("GET", "/api/overview");
  }

  /** All events, newest first; the demo makes some hundred at most. */
  async events(): Promise<SeenEvent[]> {
    const all: SeenEvent[] = [];
    for (let cursor = ""; ;) {
      const query = `limit=200${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
      const page = await this.call<{ items: SeenEvent[]; next: string | null }>("GET", `/api/events?${query}`);
      all.push(...page.items);
      if (page.next === null || all.length > 5000) return all;
      cursor = page.next;
    }
  }

  async metrics(): Promise<Sample[]> {
    const response = await fetch(`${this.url}/metrics`, { headers: this.headers(), signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`GET /metrics: ${response.status}`);
    return parseExposition(await response.text());
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.headers(), ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  private headers(): Record<string, string> {
    return this.token === "" ? {} : { authorization: `Bearer ${this.token}` };
  }
}
