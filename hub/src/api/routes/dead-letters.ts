import Type from "typebox";
import { messageOf } from "../../onboarding/letter-message.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import {
  type DeadLetterPayload,
  findDeadLetter,
  listDeadLetters,
  markReplayed,
  reasonOfReplay,
} from "../../store/queries/dead-letters.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Limit, Text } from "../query.ts";
import { DeadLetterInfo, Page } from "../schema.ts";
import { visibleEdges } from "../visible.ts";

const DEFAULT_LIMIT = 50;
const Query = Type.Object({
  reason: Type.Optional(Text()),
  limit: Type.Optional(Limit(500, DEFAULT_LIMIT)),
  cursor: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
});
const Id = Type.Object({ id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) });

export function deadLetterRoutes(app: App, { context }: Parts): void {
  const { pool, pipeline, registry, clock } = context;
  const replaying = new Set<number>();

  app.get(
    "/api/dead-letters",
    {
      config: { role: "operator" },
      schema: { tags: ["dead letters"], querystring: Query, response: { 200: Page(DeadLetterInfo) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const { reason, limit = DEFAULT_LIMIT, cursor = null } = request.query;
      const edges = scope.everything ? undefined : visibleEdges(scope, registry);
      const page = await blaming(listDeadLetters(pool, { reason, edges }, { limit, cursor }));
      const items = page.items.map(({ head, ...letter }) => ({ ...letter, preview: preview(head) }));
      return { items, next: page.next === null ? null : String(page.next) };
    },
  );

  app.post(
    "/api/dead-letters/:id/replay",
    {
      config: { role: "operator" },
      schema: { tags: ["dead letters"], params: Id, response: { 200: Type.Object({ outcome: Type.String() }) } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { id } = request.params;
      const letter = await blaming(findDeadLetter(pool, id));
      if (letter === null || !scope.hasEdge(letter.edge, registry)) throw notFound("dead letter");
      if (replaying.has(id)) throw new ApiFailure(409, "REPLAY_RUNS", "this letter is being replayed");
      replaying.add(id);
      try {
        const outcome = await replay(id, letter);
        await blaming(audit(pool, account.username, "dead_letter_replay", `dead_letter:${id}`, { outcome }));
        return { outcome };
      } finally {
        replaying.delete(id);
      }
    },
  );

  /** @returns `stored`, or the reason why it is still refused; it is a new letter then */
  async function replay(id: number, letter: DeadLetterPayload): Promise<string> {
    const message = messageOf(letter, clock());
    if ("because" in message) {
      if (message.because === "final") return message.detail;
      throw new ApiFailure(409, "NOT_REPLAYABLE", `a message of lane ${message.detail} speaks of its own moment only`);
    }
    await pipeline.replay(message);
    const reason = await blaming(reasonOfReplay(pool, id, message));
    await blaming(markReplayed(pool, id));
    return reason ?? "stored";
  }
}

// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Text where the bytes are text, else hex. */
export function preview(head: Buffer): string {
  try {
    // a character may be cut in half at the end
    const text = new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    if (!UNPRINTABLE.test(text)) return text;
  } catch {
    // not UTF-8
  }
  return head.toString("hex");
}
