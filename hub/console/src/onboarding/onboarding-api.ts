import type {
  AdoptionInfo,
  MovedInfo,
  ProfileList,
  QuarantineDetailInfo,
  QuarantineItem,
  ShadowInfo,
} from "../../../src/api/onboarding-schema.ts";
import type {
  DecodeInfo,
  LintInfo,
  RedecodeDetail,
  RedecodeList,
  UploadInfo,
  VersionInfo,
} from "../../../src/api/redecode-schema.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";
export type Send = <T>(method: Method, path: string, body?: unknown, signal?: AbortSignal) => Promise<T>;

export interface Adoption {
  readonly profile: string;
  readonly title?: string;
  readonly lon?: number;
  readonly lat?: number;
  readonly grid?: string;
}

/** The routes of quarantine and profiles. Every method rejects with `ApiFailure`. */
export class OnboardingApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  quarantine(): Promise<{ items: QuarantineItem[] }> {
    return this.#send("GET", "/api/quarantine");
  }
  /** @param edge `<site>/<name>` */
  unknownDevice(edge: string, device: string): Promise<QuarantineDetailInfo> {
    return this.#send("GET", unknown(edge, device));
  }
  adopt(edge: string, device: string, adoption: Adoption): Promise<AdoptionInfo> {
    return this.#send("POST", `${unknown(edge, device)}/adopt`, adoption);
  }
  ignore(edge: string, device: string, ignored: boolean): Promise<unknown> {
    return this.#send("POST", `${unknown(edge, device)}/ignore`, { ignored });
  }

  profiles(): Promise<ProfileList> {
    return this.#send("GET", "/api/profiles");
  }
  /** @param model `maker/model` */
  versions(model: string): Promise<VersionInfo[]> {
    return this.#send("GET", `/api/profiles/${encodeURIComponent(model)}/versions`);
  }
  shadow(from: string, to: string, limit: number): Promise<ShadowInfo> {
    return this.#send("POST", "/api/profiles/shadow", { from, to, limit });
  }
  promote(from: string, to: string): Promise<MovedInfo> {
    return this.#send("POST", "/api/profiles/promote", { from, to });
  }
  rollback(profile: string): Promise<MovedInfo> {
    return this.#send("POST", "/api/profiles/rollback", { profile });
  }
  save(text: string): Promise<UploadInfo> {
    return this.#send("PUT", "/api/profiles", { text });
  }
  lint(text: string, signal?: AbortSignal): Promise<LintInfo> {
    return this.#send("POST", "/api/profiles/lint", { text }, signal);
  }
  decode(ask: { profile: string; hex?: string; text?: string; port: number }): Promise<DecodeInfo> {
    return this.#send("POST", "/api/profiles/decode", ask);
  }
  redecodes(): Promise<RedecodeList> {
    return this.#send("GET", "/api/profiles/redecode");
  }
  redecode(id: number): Promise<RedecodeDetail> {
    return this.#send("GET", `/api/profiles/redecode/${id}`);
  }
  startRedecode(ask: {
    profile: string;
    devices?: string[];
    from: number;
    to: number;
    dry_run: boolean;
  }): Promise<{ id: number }> {
    return this.#send("POST", "/api/profiles/redecode", ask);
  }
  cancelRedecode(id: number): Promise<{ cancelled: boolean }> {
    return this.#send("POST", `/api/profiles/redecode/${id}/cancel`, {});
  }
}

function unknown(edge: string, device: string): string {
  return `/api/quarantine/${[...edge.split("/"), device].map(encodeURIComponent).join("/")}`;
}
