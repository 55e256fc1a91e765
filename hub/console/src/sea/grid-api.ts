import type {
  AreaInfo,
  AreaPreview,
  GridDiff,
  GridReport,
  GridVersionInfo,
  MemberList,
  MembershipImported,
} from "../../../src/api/grid-schema.ts";

type Send = <T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown, etag?: string) => Promise<T>;
export type AreaBody = NonNullable<AreaInfo["area"]>;
export type AreaState = "draft" | "active";
export type GridProblem = GridReport["problems"][number];
export interface AreaChanged {
  readonly area: AreaInfo | null;
  readonly version: number;
}
export interface Imported {
  readonly version: number | null;
  readonly active: number;
  readonly report: GridReport;
  readonly diff: GridDiff;
}
export const CRS = ["wgs84", "cgcs2000", "gcj02", "bd09"] as const;
export type Crs = (typeof CRS)[number];
export interface ImportPlan {
  readonly geojson: unknown;
  readonly crs: Crs;
  readonly mode: "replace" | "merge";
  readonly accept_shapes?: boolean;
  readonly activate?: boolean;
  readonly note?: string;
}
export interface NewMember {
  readonly mmsi: number;
  readonly name?: string;
  readonly role?: string;
  readonly gear?: string;
  /** ms UTC */
  readonly from?: number;
  readonly to?: number;
  readonly move?: boolean;
}

const id = encodeURIComponent;

/** Areas at sea, memberships, versions of the grids. An etag goes with every change: two people cannot both win. */
export class GridApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  areas(): Promise<{ version: number; items: AreaInfo[] }> {
    return this.#send("GET", "/api/areas");
  }
  preview(area: AreaBody, of: string | null): Promise<AreaPreview> {
    return this.#send("POST", "/api/areas/preview", of === null ? { area } : { id: of, area });
  }
  createArea(area: AreaBody, state: AreaState, note: string): Promise<AreaChanged> {
    return this.#send("POST", "/api/areas", { area, state, note });
  }
  saveArea(of: AreaInfo, area: AreaBody, state: AreaState, note: string): Promise<AreaChanged> {
    return this.#send("PUT", `/api/areas/${id(of.id)}`, { area, state, note }, of.etag);
  }
  removeArea(of: AreaInfo, what: "draft" | "area", note: string): Promise<AreaChanged> {
    return this.#send("DELETE", `/api/areas/${id(of.id)}?${new URLSearchParams({ what, note })}`, undefined, of.etag);
  }

  /** @param at ms UTC */
  members(formation: string, at: number | null): Promise<MemberList> {
    return this.#send("GET", `/api/formations/${id(formation)}/members${at === null ? "" : `?at=${at}`}`);
  }
  addMember(list: MemberList, member: NewMember): Promise<MemberList> {
    return this.#send("POST", `/api/formations/${id(list.formation)}/members`, member, list.etag);
  }
  /** @param from of the term that is meant; @param at it ends then; null = as if it had never been */
  removeMember(list: MemberList, mmsi: number, from: number | null, at: number | null): Promise<MemberList> {
    const query = new URLSearchParams({ from: from === null ? "always" : String(from), ...(at !== null && { at: String(at) }) }); // prettier-ignore
    return this.#send("DELETE", `/api/formations/${id(list.formation)}/members/${mmsi}?${query}`, undefined, list.etag);
  }
  /** @param version that was in force when the dry run was looked at; absent = a dry run */
  importMembers(csv: string, mode: "merge" | "replace", version?: number): Promise<MembershipImported> {
    const dry_run = version === undefined;
    return this.#send("POST", "/api/memberships/import", { csv, mode, dry_run }, dry_run ? undefined : String(version));
  }

  versions(cursor: number | null): Promise<{ active: number; items: GridVersionInfo[]; next: number | null }> {
    return this.#send("GET", `/api/grids/versions${cursor === null ? "" : `?cursor=${cursor}`}`);
  }
  version(n: number): Promise<{ info: GridVersionInfo; diff: GridDiff }> {
    return this.#send("GET", `/api/grids/versions/${n}`);
  }
  /** The grids of a version as GeoJSON. */
  collection(n: number): Promise<unknown> {
    return this.#send("GET", versionUrl(n));
  }
  /** What an import would do; nothing is stored. */
  tryImport(plan: ImportPlan): Promise<Imported> {
    return this.#send("POST", "/api/grids/imports", { ...plan, dry_run: true });
  }
  /** @param active the version in force that the dry run was compared with */
  importGrids(plan: ImportPlan, active: number): Promise<Imported> {
    return this.#send("POST", "/api/grids/imports", plan, String(active));
  }
  activate(n: number, active: number, note: string): Promise<Imported> {
    return this.#send("POST", `/api/grids/versions/${n}/activate`, { note }, String(active));
  }
}

export const membersCsvUrl = (at: number | null) => `/api/memberships.csv${at === null ? "" : `?at=${at}`}`;
export const versionUrl = (n: number) => `/api/grids/versions/${n}/geojson`;
