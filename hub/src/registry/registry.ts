import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { DeclaredDevice, MetaMessage } from "@gridhub/device-profiles/envelope.ts";
import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import { NAME_PATTERN } from "@gridhub/device-profiles/topic.ts";
import type { Principal } from "../broker/broker.ts";
import type { Device, Edge } from "../device.ts";
import type { DeviceRow, EdgeRow, Snapshot, Store } from "../store/store.ts";
import { hashToken, newToken, tokenMatches } from "./credential.ts";
import { attributesProblem, metricsOf, rowOf, unchanged } from "./declaration.ts";
import { missingProfile } from "./missing-profile.ts";
import { PlaceRevisions } from "./place-revisions.ts";

/** Finds a compiled profile by `maker/model@semver`, or by `maker/model` the newest. */
export interface ProfileSource {
  get(id: string): CompiledProfile | undefined;
  /** for a device that is declared again: the version it stays on; without this method the one that is named */
  declared?(id: string, bound: string | undefined): CompiledProfile | undefined;
}

/** Position -> grid, for devices that are not bound to one. */
export interface DeviceLocator {
  locate(lon: number, lat: number): { readonly gridId: string | null };
  get(gridId: string): unknown;
}

export interface RegistryOptions {
  readonly store: Store;
  readonly profiles: ProfileSource;
  /** `relocate` brings another one */
  readonly locator: DeviceLocator;
  /** edges may declare devices by their birth message */
  readonly autoRegister: boolean;
  /** devices that one edge may declare */
  readonly maxDevicesPerEdge: number;
  /** called with the version whenever a device is found or made to be bound to one */
  readonly onUse?: (profile: string) => void;
  /** called the moment a device is bound to a profile by other means than a birth message */
  readonly onBound?: (device: Device) => void;
}

interface EdgeEntry {
  readonly edge: Edge;
  tokenHash: Buffer | null;
  disabled: boolean;
  readonly devices: Map<string, Device>;
}

/** Edges, their credentials and their devices. In memory, complete; the store is written first, then memory follows. */
export class Registry {
  readonly #options: RegistryOptions;
  #edges = new Map<string, EdgeEntry>();
  #devices = new Map<string, Device>();
  readonly #edgeById = new Map<number, Edge>();
  readonly #deviceById = new Map<number, Device>();
  /** the grid that a device was declared on, whatever its position says */
  readonly #boundGrid = new WeakMap<Device, string>();
  #locator: DeviceLocator;
  readonly places = new PlaceRevisions();

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#locator = options.locator;
  }

  /** Other grids from now on. @returns the devices that changed theirs */
  relocate(locator: DeviceLocator): Device[] {
    this.#locator = locator;
    const moved: Device[] = [];
    for (const device of this.#devices.values()) {
      const gridId = this.gridIn(device, locator);
      if (gridId === device.gridId) continue;
      device.gridId = gridId;
      moved.push(device);
    }
    return moved;
  }

  /** The grid that a device is declared on, where there is one of that name, else the one of its position. */
  readonly gridIn = (device: Device, locator: DeviceLocator): string | null => {
    const bound = this.#boundGrid.get(device);
    if (bound !== undefined && locator.get(bound) !== undefined) return bound;
    return device.lon === null || device.lat === null ? null : locator.locate(device.lon, device.lat).gridId;
  };

  /**
   * Takes over what the database holds. Objects of known devices stay the same: other rooms keep references to them.
   */
  async load(snapshot: Snapshot): Promise<void> {
    const edges = new Map<string, EdgeEntry>();
    const byId = new Map<number, EdgeEntry>();
    for (const row of snapshot.edges) {
      const known = this.#edges.get(`${row.site}/${row.name}`);
      const entry = this.#entry(row, known);
      edges.set(entry.edge.key, entry);
      byId.set(row.id, entry);
    }
    this.#edges = edges;
    const devices = new Map<string, Device>();
    const byDeviceId = new Map<number, Device>();
    for (const row of snapshot.devices) {
      const entry = byId.get(row.edgeId);
      if (entry === undefined) continue;
      const device = this.#device(row, entry, this.#devices.get(`${row.site}/${row.name}`));
      devices.set(device.uid, device);
      byDeviceId.set(device.id, device);
    }
    this.#devices = devices;
    this.places.changed();
    for (const { id, deviceId, metric } of snapshot.series) {
      const device = byDeviceId.get(deviceId);
      const index = device?.profile.metricIndex.get(metric);
      if (device !== undefined && index !== undefined) device.series[index] = id;
    }
    await this.#ensureSeries([...devices.values()].filter((device) => device.series.includes(0)));
  }

  #entry(row: EdgeRow, known: EdgeEntry | undefined): EdgeEntry {
    const key = `${row.site}/${row.name}`;
    const edge = known?.edge ?? { id: row.id, key, site: row.site, name: row.name, title: row.title };
    edge.title = row.title;
    this.#edgeById.set(row.id, edge);
    return { edge, tokenHash: row.tokenHash, disabled: row.disabled, devices: new Map() };
  }

  #device(row: DeviceRow, entry: EdgeEntry, known: Device | undefined): Device {
    const profile = this.#options.profiles.get(row.profile) ?? missingProfile(row.profile);
    const same = known !== undefined && known.edge === entry.edge;
    const device: Device = same
      ? known
      : {
          id: row.id,
          uid: `${row.site}/${row.name}`,
          site: row.site,
          name: row.name,
          edge: entry.edge,
          title: "",
          profile,
          lon: null,
          lat: null,
          gridId: null,
          attributes: {},
          series: new Int32Array(profile.metrics.length),
        };
    const before = { ...device };
    if (device.profile !== profile) device.series = new Int32Array(profile.metrics.length);
    if (!same || device.profile !== profile) this.#options.onUse?.(profile.id);
    device.profile = profile;
    device.title = row.title;
    device.lon = row.lon;
    device.lat = row.lat;
    if (row.gridId === null) this.#boundGrid.delete(device);
    else this.#boundGrid.set(device, row.gridId);
    device.gridId = this.gridIn(device, this.#locator);
    device.attributes = row.attributes;
    this.places.note(before, device);
    entry.devices.set(row.name, device);
    this.#devices.set(device.uid, device);
    this.#deviceById.set(device.id, device);
    return device;
  }

  /** Series of metrics that profiles gained while the hub was down: one question for all devices. */
  async #ensureSeries(devices: readonly Device[]): Promise<void> {
    if (devices.length === 0) return;
    const wanted = devices.flatMap(({ id, profile }) =>
      metricsOf(profile).map((metric) => ({ deviceId: id, ...metric })),
    );
    const ids = await this.#options.store.ensureSeries(wanted);
    let at = 0;
    for (const device of devices) {
      const { length } = device.profile.metrics;
      device.series = Int32Array.from(ids.slice(at, at + length));
      at += length;
    }
  }

  async #seriesOf(deviceId: number, profile: CompiledProfile): Promise<Int32Array> {
    const wanted = metricsOf(profile).map((metric) => ({ deviceId, ...metric }));
    return Int32Array.from(wanted.length === 0 ? [] : await this.#options.store.ensureSeries(wanted));
  }

  authenticate = (username: string, token: string): Principal | null => {
    const entry = this.#edges.get(username);
    if (entry === undefined || entry.disabled || entry.tokenHash === null) return null;
    return tokenMatches(token, entry.tokenHash) ? { site: entry.edge.site, edge: entry.edge.name } : null;
  };

  edge(site: string, name: string): Edge | undefined {
    return this.#edges.get(`${site}/${name}`)?.edge;
  }

  edgeById(id: number): Edge | undefined {
    return this.#edgeById.get(id);
  }

  edgeByKey(key: string): Edge | undefined {
    return this.#edges.get(key)?.edge;
  }

  edges(): Iterable<Edge> {
    return [...this.#edges.values()].map((entry) => entry.edge);
  }

  devicesOf(edgeKey: string): ReadonlyMap<string, Device> {
    return this.#edges.get(edgeKey)?.devices ?? NO_DEVICES;
  }

  device(uid: string): Device | undefined {
    return this.#devices.get(uid);
  }

  deviceById(id: number): Device | undefined {
    return this.#deviceById.get(id);
  }

  devices(): Iterable<Device> {
    return this.#devices.values();
  }

  /** Devices that are bound to this version. */
  boundTo(profile: string): Device[] {
    return [...this.#devices.values()].filter((device) => device.profile.id === profile);
  }

  get size(): number {
    return this.#devices.size;
  }

  /** Creates the edge or gives it a new credential. The token is returned this once; only its hash is kept. */
  async createEdge(site: string, name: string, title?: string): Promise<{ edge: Edge; token: string }> {
    const token = newToken();
    const row = await this.#options.store.upsertEdge({ site, name, title, tokenHash: hashToken(token) });
    const known = this.#edges.get(`${site}/${name}`);
    const entry = this.#entry(row, known);
    if (known !== undefined) for (const [device, value] of known.devices) entry.devices.set(device, value);
    this.#edges.set(entry.edge.key, entry);
    return { edge: entry.edge, token };
  }

  /** The edge of that name; made without a credential where there is none. */
  async ensureEdge(site: string, name: string): Promise<Edge> {
    const known = this.edge(site, name);
    if (known !== undefined) return known;
    const entry = this.#entry(await this.#options.store.upsertEdge({ site, name }), undefined);
    this.#edges.set(entry.edge.key, entry);
    return entry.edge;
  }

  hasCredential(edgeKey: string): boolean {
    return (this.#edges.get(edgeKey)?.tokenHash ?? null) !== null;
  }

  isDisabled(edgeKey: string): boolean {
    return this.#edges.get(edgeKey)?.disabled === true;
  }

  /**
   * Registers or updates the devices that an edge declares in its birth message.
   * @returns devices that are new or changed profile, and what was refused
   */
  async declare(edge: Edge, meta: MetaMessage): Promise<{ changed: Device[]; refused: Rejection[] }> {
    const changed: Device[] = [];
    const refused: Rejection[] = [];
    const entry = this.#edges.get(edge.key);
    if (entry === undefined) return { changed, refused };
    // by name: who declares a device twice means the last one
    const enrolments = new Map<string, { declared: DeclaredDevice; profile: CompiledProfile }>();
    for (const declared of meta.devices.slice(0, this.#options.maxDevicesPerEdge)) {
      const problem = this.#problemOf(declared, edge);
      if (problem !== null) {
        refused.push(problem);
        continue;
      }
      const { profiles } = this.#options;
      const bound = entry.devices.get(declared.id)?.profile.id;
      const profile = profiles.declared?.(declared.profile, bound) ?? profiles.get(declared.profile);
      if (profile === undefined) {
        refused.push(reject("profile_unknown", `device ${declared.id}: no profile ${declared.profile} is loaded`));
        continue;
      }
      const known = entry.devices.get(declared.id);
      if (known === undefined && !this.#options.autoRegister) {
        refused.push(
          reject("device_unknown", `device ${declared.id}: edges may not register devices (auto_register is off)`),
        );
        continue;
      }
      if (known !== undefined && unchanged(known, declared, profile)) enrolments.delete(declared.id);
      else enrolments.set(declared.id, { declared, profile });
    }
    for (const device of await this.#enrol(entry, [...enrolments.values()])) changed.push(device);
    if (meta.devices.length > this.#options.maxDevicesPerEdge) {
      refused.push(
        reject(
          "envelope_invalid",
          `${meta.devices.length} devices, at most ${this.#options.maxDevicesPerEdge} an edge`,
        ),
      );
    }
    return { changed, refused };
  }

  /**
   * Registers one device by hand, whatever `autoRegister` says. A device that the edge has already stays as it is where its
   * profile is the same.
   * @returns the device, or why not: profile_unknown, device_unknown (another edge's, or bound to another profile), envelope_invalid
   */
  async adopt(edge: Edge, declared: DeclaredDevice): Promise<Device | Rejection> {
    const { profiles, onBound } = this.#options;
    const problem = this.#problemOf(declared, edge);
    if (problem !== null) return problem;
    const known = this.devicesOf(edge.key).get(declared.id);
    const profile = profiles.declared?.(declared.profile, known?.profile.id) ?? profiles.get(declared.profile);
    if (profile === undefined) return reject("profile_unknown", `no profile ${declared.profile} is loaded`);
    if (known !== undefined) {
      if (known.profile === profile) return known;
      return reject("device_unknown", `device ${known.uid} is bound to ${known.profile.id}`);
    }
    const entry = this.#edges.get(edge.key);
    if (entry === undefined) return reject("device_unknown", `edge ${edge.key} is gone`);
    const [device] = await this.#enrol(entry, [{ declared, profile }]);
    onBound?.(device);
    return device;
  }

  /**
   * Moves devices to another version of their profile, all at one moment between two messages.
   * @param write makes it durable; memory follows once it resolves
   */
  async rebind(devices: readonly Device[], profile: CompiledProfile, write: () => Promise<void>): Promise<void> {
    const series: Int32Array[] = [];
    for (const device of devices) series.push(await this.#seriesOf(device.id, profile));
    await write();
    this.#options.onUse?.(profile.id);
    devices.forEach((device, i) => {
      device.profile = profile;
      device.series = series[i];
      this.#options.onBound?.(device);
    });
    this.places.changed();
  }

  #problemOf(declared: DeclaredDevice, edge: Edge): Rejection | null {
    const id = declared?.id;
    if (typeof id !== "string" || !NAME_PATTERN.test(id))
      return reject("envelope_invalid", `device id ${JSON.stringify(id)} is not a name`);
    if (typeof declared.profile !== "string") return reject("envelope_invalid", `device ${id}: profile must be text`);
    const owner = this.#devices.get(`${edge.site}/${id}`);
    if (owner !== undefined && owner.edge !== edge)
      return reject("device_unknown", `device ${id} belongs to edge ${owner.edge.key}`);
    for (const [key, bound] of [
      ["lon", 180],
      ["lat", 90],
    ] as const) {
      const value = declared[key];
      if (value !== undefined && !(typeof value === "number" && Math.abs(value) <= bound)) {
        return reject("envelope_invalid", `device ${id}: ${key} must be degrees within ±${bound}`);
      }
    }
    if ((declared.lon === undefined) !== (declared.lat === undefined))
      return reject("envelope_invalid", `device ${id}: lon and lat come together`);
    if (declared.grid !== undefined && this.#locator.get(declared.grid) === undefined) {
      return reject("envelope_invalid", `device ${id}: no grid ${String(declared.grid).slice(0, 64)}`);
    }
    return attributesProblem(id, declared.attributes);
  }

  /**
   * One round trip, however many devices; each has its series before it can be seen.
   * @returns those that are new or have another profile than before
   */
  async #enrol(
    entry: EdgeEntry,
    wanted: readonly { declared: DeclaredDevice; profile: CompiledProfile }[],
  ): Promise<Device[]> {
    const enrolled = await this.#options.store.enrolDevices(
      wanted.map(({ declared, profile }) => ({
        device: rowOf(entry.edge, declared, profile),
        metrics: metricsOf(profile),
      })),
    );
    const changed: Device[] = [];
    enrolled.forEach(({ row, series }, i) => {
      const known = entry.devices.get(row.name);
      const before = known?.profile;
      const device = this.#device(row, entry, known);
      // A database that lost nothing keeps the ids: holders of the array go on with it.
      if (device.series.length !== series.length || device.series.some((id, k) => id !== series[k]))
        device.series = Int32Array.from(series);
      if (before !== wanted[i].profile) changed.push(device);
    });
    return changed;
  }
}

const NO_DEVICES: ReadonlyMap<string, Device> = new Map();
