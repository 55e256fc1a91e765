import type { ProfileList } from "../../../src/api/onboarding-schema.ts";
import { byVersion, partsOf } from "./profile-id.ts";

type Info = ProfileList["items"][number];
export type FileProblem = ProfileList["problems"][number];

/** A profile with all its loaded versions, newest first. */
export interface Model {
  /** `maker/model` */
  readonly id: string;
  readonly kind: string;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly versions: readonly (Info & { readonly version: string })[];
  /** bound to any version */
  readonly devices: number;
  /** of the files that its versions come from */
  readonly problems: readonly FileProblem[];
}

/** Used ones first, then by name. Title and kind are those of the newest version. */
export function byModel({ items, problems }: ProfileList): Model[] {
  const models = new Map<string, (Info & { version: string })[]>();
  for (const item of items) {
    const { model, version } = partsOf(item.id);
    const versions = models.get(model) ?? [];
    versions.push({ ...item, version });
    models.set(model, versions);
  }
  return [...models]
    .map(([id, versions]) => {
      versions.sort((a, b) => byVersion(a.version, b.version));
      const [newest] = versions;
      const files = new Set(versions.map(({ file }) => file));
      return {
        id,
        kind: newest?.kind ?? "",
        titleZh: newest?.titleZh ?? id,
        titleEn: newest?.titleEn ?? id,
        versions,
        devices: versions.reduce((n, v) => n + v.devices, 0),
        problems: problems.filter(({ file }) => files.has(file)),
      };
    })
    .sort((a, b) => Number(b.devices > 0) - Number(a.devices > 0) || (a.id < b.id ? -1 : 1));
}
