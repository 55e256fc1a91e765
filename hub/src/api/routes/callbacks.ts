import Type from "typebox";
import { CallbackSchema } from "../../dispatch/callback-body.ts";
import { SIGNATURE_HEADER } from "../../dispatch/signature.ts";
import { blaming } from "../../store/failure.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import type { Parts } from "../parts.ts";
import { Text } from "../query.ts";

const BODY_LIMIT = 65_536;

const Answer = Type.Object({
  id: Type.String(),
  /** applied; noted = in the timeline, nothing else changed; repeated = this id was known, the first answer stands */
  outcome: Type.String(),
  /** handling of the event now; of a resend the events that come again, by commas */
  detail: Type.String(),
});

/**
 * Governance platforms speak here. No session: the signature over the bytes says who it is, so the body is taken as it came.
 * In a scope of its own, because that needs another reader of bodies.
 */
export function callbackRoutes(app: App, { context }: Parts): void {
  const desk = context.callbacks;
  void app.register((scope, _options, loaded) => {
    scope.removeContentTypeParser("application/json");
    scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    (scope as unknown as App).post(
      "/api/callbacks/:target",
      {
        bodyLimit: BODY_LIMIT,
        config: { role: "anyone" },
        schema: {
          tags: ["callbacks"],
          description: "Signed as hub/src/dispatch/README.md says: Gridhub-Signature over the bytes of the body.",
          security: [],
          params: Type.Object({ target: Text() }),
          body: CallbackSchema,
          response: { 200: Answer },
        },
        // the signature comes first, then the schema: a stranger learns nothing of it
        validatorCompiler: () => (value: unknown) => ({ value }),
      },
      async (request) => {
        if (desk === undefined) throw notFound("target");
        const header = request.headers[SIGNATURE_HEADER];
        const signature = Array.isArray(header) ? header[0] : header;
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const answer = await blaming(desk.take(request.params.target, signature, body));
        if (answer.ok) {
          const { id, outcome, detail } = answer;
          return { id, outcome, detail };
        }
        throw new ApiFailure(answer.status, answer.code, answer.reason, {
          headers: answer.status === 429 ? { "retry-after": "1" } : {},
        });
      },
    );
    loaded();
  });
}
