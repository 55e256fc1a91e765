import { loadText } from "@gridhub/device-profiles/load.ts";
import type { Problem } from "@gridhub/device-profiles/problem.ts";
import { checkVector, decodeVector } from "@gridhub/device-profiles/vector.ts";
import type { Static } from "typebox";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import Type from "typebox";
import {
  DecodeInfo,
  DecodeRequest,
  LintInfo,
  SourceProblem,
  SourceText,
  UploadInfo,
  VersionInfo,
  VersionPath,
  VersionQuery,
} from "../redecode-schema.ts";
import { ofEverything } from "./profiles.ts";

const tags = ["profiles"];
/** Vectors that a check runs: it runs between two messages. */
const VECTORS = 200;

/** What versions say: read, checked, tried, handed in. */
export function profileSourceRoutes(app: App, { context }: Parts): void {
  const { profiles, versions, registry, pool } = context;

  app.get(
    "/api/profiles/:id/versions",
    {
      config: { role: "operator" },
      schema: { tags, params: VersionPath, querystring: VersionQuery, response: { 200: Type.Array(VersionInfo) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const { text = true } = request.query;
      const list = versions.list(request.params.id);
      if (list.length === 0) throw notFound("profile");
      return list.map(({ id, state, source }) => ({
        version: id.slice(id.lastIndexOf("@") + 1),
        state,
        devices: registry.boundTo(id).filter((device) => scope.hasDevice(device)).length,
        hash: source?.hash ?? "",
        addedAt: source?.addedAt ?? null,
        addedBy: source?.addedBy ?? "",
        origin: source?.origin ?? profiles.fileOf(id),
        ...(text && source !== undefined && { text: source.text }),
      }));
    },
  );

  app.post(
    "/api/profiles/lint",
    { config: { role: "operator" }, schema: { tags, body: SourceText, response: { 200: LintInfo } } },
    async (request) => ({ problems: lint(request.body.text) }),
  );

  app.put(
    "/api/profiles",
    { config: { role: "admin" }, schema: { tags, body: SourceText, response: { 200: UploadInfo } } },
    async (request) => {
      const { account } = ofEverything(callerOf(request));
      const { text } = request.body;
      const found = lint(text);
      const uploaded = profiles.upload(text, account.username);
      if (uploaded.id === null) {
        const more = uploaded.problems
          .map(problemOf)
          .filter(({ message }) => !found.some((p) => p.message === message));
        return { id: null, version: null, problems: [...found, ...more] };
      }
      // it is durable before anybody is told that it was taken
      await context.sources.flush();
      const hash = context.sources.get(uploaded.id)?.hash ?? "";
      await blaming(audit(pool, account.username, "profile_upload", `profile:${uploaded.id}`, { hash }));
      const at = uploaded.id.lastIndexOf("@");
      return { id: uploaded.id.slice(0, at), version: uploaded.id.slice(at + 1), problems: found };
    },
  );

  app.post(
    "/api/profiles/decode",
    { config: { role: "operator" }, schema: { tags, body: DecodeRequest, response: { 200: DecodeInfo } } },
    async (request) => {
      const { profile: id, hex, text, port } = request.body;
      if ((hex === undefined) === (text === undefined)) throw new ApiFailure(400, "INVALID", "give either hex or text");
      const profile = profiles.inForce(id);
      if (profile === undefined || (id.includes("@") && profile.id !== id)) throw notFound("profile");
      const digits = hex?.replaceAll(/[\s:]/g, "");
      if (digits !== undefined && digits.length % 2 === 1)
        throw new ApiFailure(400, "INVALID", "hex: an odd number of digits is no bytes");
      const decoded = decodeVector(profile, { hex: digits, text, port });
      if (decoded.kind === "rejection") return { readings: [], past: [], ts: 0, rejection: decoded.rejection };
      if (decoded.kind === "positions")
        throw new ApiFailure(409, "NOT_MOVABLE", `${profile.id} gives positions, not readings`);
      const { readings, ts, past = [] } = decoded;
      const sampled = past.map((sample) => ({ ts: sample.ts, readings: [...sample.readings] }));
      return { readings: [...readings], past: sampled, ts, rejection: null };
    },
  );
}

type SourceProblem = Static<typeof SourceProblem>;

/** Loads the text and runs its vectors; a vector that does not hold is a warning: the frame may be the wrong one. */
function lint(text: string): SourceProblem[] {
  const { profile, problems } = loadText(text, "");
  const out = problems.map(problemOf);
  (profile?.source.vectors ?? []).slice(0, VECTORS).forEach((vector, i) => {
    const [wrong] = profile === null ? [] : checkVector(profile.compiled, vector);
    if (wrong === undefined) return;
    const field = `vectors[${i}]`;
    out.push({ line: 1, field, message: wrong, advice: "correct the codec or the vector", severity: "warning" });
  });
  return out;
}

/** Messages end in what to do, after a semicolon, where that is not plain. */
function problemOf({ line, path, message, level }: Problem): SourceProblem {
  const at = message.lastIndexOf("; ");
  const said = at === -1 ? message : message.slice(0, at);
  return { line, field: path, message: said, advice: at === -1 ? "" : message.slice(at + 2), severity: level };
}
