import { NAME_PATTERN } from "@gridhub/device-profiles/topic.ts";
import Type, { type Static } from "typebox";

const closed = { additionalProperties: false };
const Fraction = Type.Number({ minimum: 0, maximum: 1 });

/**
 * Time between patrol samples, ms, by what the camera looks at: what appears there without moving may wait that long. Smoke far away
 * moves too little for any gate, so a lookout patrols most often.
 */
export const PATROL_MS = {
  lookout: 10_000,
  road: 10_000,
  street: 20_000,
  water: 30_000,
  indoor: 30_000,
  waste: 60_000,
} as const;

const camera = {
  device: Type.String({ pattern: NAME_PATTERN.source, description: "letters, digits, _ . : - , at most 64" }),
  class: Type.Optional(
    Type.Enum(Object.keys(PATROL_MS) as (keyof typeof PATROL_MS)[], {
      description: "what it looks at; sets patrol_ms where that is not given",
    }),
  ),
  interval_ms: Type.Integer({ minimum: 100, default: 500, description: "time between looks at the picture" }),
  patrol_ms: Type.Optional(
    Type.Integer({ minimum: 1000, description: "a frame is sent this often even when nothing moves" }),
  ),
  hold_ms: Type.Integer({ minimum: 0, default: 5000, description: "frames go on for so long after the last motion" }),
  min_gap_ms: Type.Integer({ minimum: 0, default: 1000, description: "least time between two frames" }),
  min_fps: Type.Optional(
    Type.Number({ minimum: 0, maximum: 60, description: "fewer pictures a second are reported as low_fps; 0 = never" }),
  ),
  max_skew_ms: Type.Optional(
    Type.Integer({ minimum: 0, description: "a camera's clock may be off by so much, default 60000; 0 = any" }),
  ),
  mask: Type.Optional(
    Type.Array(Type.Array(Type.Array(Fraction, { minItems: 2, maxItems: 2 }), { minItems: 3 }), {
      description: "polygons (0..1) where motion does not count",
    }),
  ),
};
const account = {
  username: Type.String({ default: "" }),
  password: Type.String({ default: "" }),
  timeout_ms: Type.Integer({ minimum: 100, default: 5000 }),
};
const tls = {
  tls_fingerprint: Type.Optional(
    Type.String({
      pattern: "^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$",
      description: "SHA-256 fingerprint of the camera's own certificate; openssl x509 -noout -fingerprint -sha256",
    }),
  ),
  tls_insecure: Type.Optional(Type.Boolean({ description: "take any certificate" })),
};
const decoding = {
  decode: Type.Enum(["key", "full"] as const, {
    default: "key",
    description: "key frames only (cheap), or every frame, thinned to fps",
  }),
  fps: Type.Number({ minimum: 0.1, maximum: 30, default: 2, description: "pictures a second with decode: full" }),
  stall_ms: Type.Integer({
    minimum: 1000,
    default: 30_000,
    description: "ffmpeg is started anew after so long without a picture; longer than the key frame interval",
  }),
};

export const SnapshotSource = Type.Object(
  { kind: Type.Literal("snapshot"), url: Type.String({ pattern: "^https?://" }), ...camera, ...account, ...tls },
  closed,
);
export const OnvifSource = Type.Object(
  {
    kind: Type.Literal("onvif"),
    host: Type.String(),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 80 }),
    https: Type.Optional(Type.Boolean()),
    picture: Type.Optional(
      Type.Enum(["snapshot", "stream"] as const, {
        description: "snapshot needs no ffmpeg; stream takes the sub-stream by RTSP",
      }),
    ),
    profile: Type.Optional(Type.String({ description: "token of the profile, instead of the one chosen by its size" })),
    events: Type.Optional(Type.Boolean({ description: "let the camera's own motion events drive the gate as well" })),
    ...camera,
    ...account,
    ...tls,
    ...Type.Partial(Type.Object(decoding)).properties,
  },
  closed,
);
export const RtspSource = Type.Object(
  {
    kind: Type.Literal("rtsp"),
    url: Type.String({
      pattern: "^rtsps?://[^@]*$",
      description: "rtsp:// address of the sub-stream, the account in username and password",
    }),
    ...camera,
    ...account,
    ...decoding,
  },
  closed,
);
export const VideoSource = Type.Object(
  {
    kind: Type.Literal("video"),
    path: Type.String({ minLength: 1, description: "video file, read by ffmpeg" }),
    speed: Type.Number({ minimum: 0.1, maximum: 100, default: 1, description: "1 = real time" }),
    loop: Type.Boolean({ default: true }),
    ...camera,
    ...decoding,
  },
  closed,
);
export const FolderSource = Type.Object(
  {
    kind: Type.Literal("folder"),
    path: Type.String({ minLength: 1, description: "folder of JPEG and PNG files, one a look, in the order of names" }),
    loop: Type.Boolean({ default: true }),
    ...camera,
  },
  closed,
);

export type CameraConfig =
  | Static<typeof SnapshotSource>
  | Static<typeof OnvifSource>
  | Static<typeof RtspSource>
  | Static<typeof VideoSource>
  | Static<typeof FolderSource>;

export const CAMERA_KINDS: ReadonlySet<string> = new Set<CameraConfig["kind"]>([
  "snapshot",
  "onvif",
  "rtsp",
  "video",
  "folder",
]);
