import type { LoadedModel } from "../vision/card.ts";
import type { VisionModel } from "./vision-schema.ts";

/** What people must know of a model before they trust it. */
export function cardInfo({ card, bytes }: LoadedModel): NonNullable<VisionModel["card"]> {
  const { version, title, sha256, licence, attribution, provenance, limits, input, decoder, measured } = card;
  return {
    version,
    title,
    sha256,
    bytes: bytes.length,
    licence,
    attribution,
    provenance,
    limits,
    input: { width: input.width, height: input.height },
    decoder: decoder.kind,
    labels: card.labels.map((label) => ({
      label,
      threshold: card.thresholds[label] ?? card.threshold,
      kind: card.classes[label] ?? null,
    })),
    measured,
  };
}
