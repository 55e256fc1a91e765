import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";

/** A publisher: an edge agent, or a device that speaks MQTT itself. */
export interface Edge {
  /** the store's dictionary key */
  readonly id: number;
  /** `<site>/<name>` */
  readonly key: string;
  readonly site: string;
  readonly name: string;
  title: string;
}

/** A registered device, as every stage sees it. One object a device for the life of the process. */
export interface Device {
  /** the store's dictionary key */
  readonly id: number;
  /** `<site>/<name>`, unique */
  readonly uid: string;
  readonly site: string;
  readonly name: string;
  readonly edge: Edge;
  title: string;
  profile: CompiledProfile;
  /** degrees WGS84 */
  lon: number | null;
  lat: number | null;
  /** bound grid, or the one its position lies in; null = unmatched */
  gridId: string | null;
  attributes: Readonly<Record<string, number | string | boolean>>;
  /** profile metric index -> series id of the store; 0 = not created yet */
  series: Int32Array;
}
