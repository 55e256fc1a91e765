import type { IncomingMessage, Server, ServerResponse } from "node:http";
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyTypeProvider,
} from "fastify";
import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { Log } from "../log.ts";
import { ApiFailure, answerTo } from "./failure.ts";
import { ApiError } from "./error-schema.ts";

/** Gives handlers the types of their schemas, requests and answers alike. */
interface TypeBoxProvider extends FastifyTypeProvider {
  readonly validator: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
  readonly serializer: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
}

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxProvider>;

const BODY_LIMIT = 1_048_576;

/**
 * Fastify with one validator (TypeBox), one body format (JSON) and one shape of errors. What comes by the address is text and
 * is converted; a body must have the right types by itself.
 */
export function createApp(log: Log): App {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    // A proxy that ends TLS stands on this machine; from anywhere else forwarding headers are only claims.
    trustProxy: "loopback",
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, _request, reply) => {
      const { status, body } = answerTo(error);
      void (reply as FastifyReply).code(status).send(body);
    },
  }).withTypeProvider<TypeBoxProvider>() as unknown as App;

  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const validator = Compile(schema);
    return (value: unknown) => {
      const converted = httpPart === "body" ? value : validator.Convert(value);
      if (validator.Check(converted)) return { value: converted };
      const [first] = validator.Errors(converted);
      const field = first.instancePath.slice(1).replaceAll("/", ".");
      const where = `${httpPart ?? "request"}${field === "" ? "" : ` ${field}`}`;
      return { error: new ApiFailure(400, "INVALID", `${where}: ${first.message}`) };
    };
  });
  // Answers are made by typed code; checking or filtering them again for every row of a list would cost more than making them.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));

  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    const text = body as string;
    if (text === "") return done(null, undefined);
    // PostgreSQL has no character U+0000, and nobody types one.
    if (/\\u0000/.test(text)) return done(new ApiFailure(400, "INVALID", "U+0000 is not a character of any text here"));
    void parse(request, text, (error, value) =>
      done(error === null ? null : new ApiFailure(400, "INVALID", "the body is not JSON"), value),
    );
  });

  app.setErrorHandler((error, request, reply) => {
    const answer = answerTo(error);
    if (answer.bug) log.error({ err: error, route: request.routeOptions.url }, "a request failed by a mistake of ours");
    return reply.code(answer.status).headers(answer.headers).type("application/json").send(answer.body);
  });

  app.addHook("onRoute", (route) => {
    if (route.schema?.response === undefined) return;
    route.schema.response = { ...route.schema.response, "4xx": ApiError };
  });
  return app;
}
