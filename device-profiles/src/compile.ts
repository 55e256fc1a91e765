import { checkSuppression, compileAlarm } from "./alarm.ts";
import { compileBitmap } from "./codec/bitmap.ts";
import { compileCayenne } from "./codec/cayenne.ts";
import { compileCbor } from "./codec/cbor.ts";
import { compileFixed } from "./codec/fixed.ts";
import type { FrameDecoder } from "./codec/frame.ts";
import { compileCanonical, compileJson, type JsonDecoder } from "./codec/json.ts";
import { compileScript } from "./codec/script.ts";
import { compileText } from "./codec/text.ts";
import { compileTlv } from "./codec/tlv.ts";
import type { CompileContext } from "./codec/value.ts";
import type { AlarmDef, CompiledProfile } from "./compiled.ts";
import { reportDeadParts } from "./dead-parts.ts";
import { compileDerived } from "./derived.ts";
import { parseDuration } from "./duration.ts";
import { MetricTable } from "./metric-table.ts";
import type { Report } from "./problem.ts";
import type { Profile, Titles } from "./profile.ts";
import { decodeAisFrame } from "./protocol/ais/frame.ts";
import { compileFieldProtocol } from "./protocol/field-protocol.ts";
import { FIELD_PROTOCOLS } from "./protocol/protocols.ts";
import { reject, REJECTION_REASONS } from "./rejection.ts";
import { TRAITS } from "./trait.ts";

export interface Compilation {
  readonly profile: CompiledProfile;
  /** event kind -> what people call it, for alarms that have a title */
  readonly alarmTitles: ReadonlyMap<string, Titles>;
}

const DEFAULT_GRACE = 2.2;
const FRAME_CODECS = ["fixed", "tlv", "bitmap", "script", "text", "cbor", "preset", "protocol"] as const;

/**
 * Compiles a profile whose shape was checked. Problems go to `report`; after an error the result must not be used.
 *
 * @param file where the profile stands; a script's file lies in the same folder
 */
export function compileProfile(source: Profile, report: Report, file = ""): Compilation {
  const metrics = new MetricTable(source, report);
  const ctx: CompileContext = { metrics, report, temporaries: new Map() };
  const { transport, codec = {} } = source;
  const frames = FRAME_CODECS.filter((kind) => codec[kind] !== undefined);
  if (frames.length > 1)
    report(["codec"], `expected at most one of ${FRAME_CODECS.join(", ")}; found ${frames.join(", ")}`);
  if (transport.uplink === "raw" && frames.length === 0)
    report(["transport", "uplink"], `raw frames need a codec: ${FRAME_CODECS.join(", ")}`);
  const positions = codec.protocol === "ais";

  let frame: FrameDecoder = (_b, _port, out) => {
    out.reset();
    return reject(
      "frame_unsupported",
      positions ? "frames of this profile are positions" : "this profile decodes no frames",
    );
  };
  if (codec.fixed !== undefined) frame = compileFixed(codec.fixed, ["codec", "fixed"], ctx);
  if (codec.tlv !== undefined) frame = compileTlv(codec.tlv, ["codec", "tlv"], ctx);
  if (codec.bitmap !== undefined) frame = compileBitmap(codec.bitmap, ["codec", "bitmap"], ctx);
  if (codec.script !== undefined) frame = compileScript(codec.script, ["codec", "script"], ctx, file);
  if (codec.text !== undefined) frame = compileText(codec.text, ["codec", "text"], ctx);
  if (codec.cbor !== undefined) frame = compileCbor(codec.cbor, ["codec", "cbor"], ctx);
  if (codec.preset !== undefined) frame = compileCayenne(codec.preset, ["codec", "preset"], ctx);
  if (codec.protocol !== undefined && codec.protocol !== "ais")
    frame = compileFieldProtocol(
      codec.protocol,
      FIELD_PROTOCOLS[codec.protocol],
      Object.keys(source.metrics ?? {}),
      ctx,
    );
  const byPath = codec.json === undefined ? null : compileJson(codec.json, ["codec", "json"], ctx);

  const byLayout = codec.fixed ?? codec.tlv ?? codec.bitmap ?? codec.text;
  const given = byLayout === undefined || codec.json !== undefined ? null : new Set(metrics.index.keys());
  for (const name of Object.keys(source.metrics ?? {})) metrics.use(name, ["metrics", name]);
  const derived = compileDerived(source, ctx.metrics, report);
  for (const { metric } of derived) given?.add(metrics.defs[metric].name);
  const yielded = new Set(metrics.index.keys());
  for (const trait of source.use ?? []) for (const name of TRAITS[trait].metrics) metrics.use(name, ["use"]);
  for (const name of Object.keys(source.quality ?? {})) metrics.existing(name, ["quality", name]);
  for (const name of Object.keys(source.simulate ?? {}))
    if (name !== "faults") metrics.existing(name, ["simulate", name]);

  const expectEveryMs = transport.expect_every === undefined ? null : parseDuration(transport.expect_every);
  const grace = transport.grace ?? DEFAULT_GRACE;
  const { alarms, alarmTitles } = compileAlarms(source, yielded, {
    metrics,
    report,
    expectedMs: expectEveryMs === null ? null : Math.round(expectEveryMs * grace),
  });
  reportDeadParts(source, metrics, given, ctx.temporaries, alarms, report);
  checkVectors(source, frames.length > 0 || codec.json !== undefined, report);

  // after the codec: only now every metric has its place and its range
  const defs: readonly CompiledProfile["metrics"][number][] = Object.freeze([...metrics.defs]);
  const decodeJson: JsonDecoder = byPath ?? compileCanonical(defs, metrics.index);
  return {
    alarmTitles,
    profile: {
      id: source.id,
      kind: source.kind,
      titleZh: source.title.zh,
      titleEn: source.title.en,
      metrics: defs,
      metricIndex: metrics.index,
      alarms,
      derived,
      expectEveryMs,
      grace,
      sequenced: transport.sequenced ?? true,
      keepRaw: transport.keep_raw ?? transport.uplink === "raw",
      uplink: transport.uplink,
      positions,
      decodeJson,
      decodeFrame: frame,
      decodePositions: positions
        ? decodeAisFrame
        : () => reject("frame_unsupported", "this profile gives readings, not positions"),
    },
  };
}

function compileAlarms(
  source: Profile,
  yielded: ReadonlySet<string>,
  ctx: { metrics: MetricTable; report: Report; expectedMs: number | null },
): { alarms: AlarmDef[]; alarmTitles: Map<string, Titles> } {
  const alarms: AlarmDef[] = [];
  const alarmTitles = new Map<string, Titles>();
  const own = source.alarms ?? {};
  const taken = new Set(Object.keys(own));
  for (const [name, alarm] of Object.entries(own)) {
    alarms.push(compileAlarm(name, alarm, ["alarms", name], ctx));
    if (alarm.title !== undefined) alarmTitles.set(alarm.event, alarm.title);
  }
  for (const trait of source.use ?? []) {
    for (const { name, needs, alarm } of TRAITS[trait].alarms) {
      if (taken.has(name) || !yielded.has(needs)) continue;
      taken.add(name);
      alarms.push(compileAlarm(name, alarm, ["use"], ctx));
      if (alarm.title !== undefined) alarmTitles.set(alarm.event, alarm.title);
    }
  }
  checkSuppression(alarms, ctx.report);
  return { alarms, alarmTitles };
}

function checkVectors(source: Profile, decodes: boolean, report: Report): void {
  if (decodes && (source.vectors ?? []).length === 0)
    report(["vectors"], "no vectors: give at least one frame or record with the values it must decode to", "warning");
  (source.vectors ?? []).forEach((vector, i) => {
    const at = ["vectors", i] as const;
    const inputs = (["hex", "json", "text"] as const).filter((key) => vector[key] !== undefined);
    if (inputs.length !== 1) report(at, "expected exactly one of hex, json, text");
    if ((vector.out === undefined) === (vector.reject === undefined)) report(at, "expected either out or reject");
    if (vector.at !== undefined && !(INSTANT.test(vector.at) && Number.isFinite(Date.parse(vector.at))))
      report([...at, "at"], `expected a time with a zone, such as 2026-01-31T08:00:00Z, found "${vector.at}"`);
    if (vector.at !== undefined && vector.json !== undefined)
      report([...at, "at"], "a record does not depend on when it arrives; remove it");
    if (vector.reject !== undefined && !Object.hasOwn(REJECTION_REASONS, vector.reject))
      report([...at, "reject"], `unknown reason; known: ${Object.keys(REJECTION_REASONS).join(", ")}`);
  });
}

/** ISO 8601 with a zone: without one a test would depend on where it runs. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
