import { initTRPC, TRPCError } from "@trpc/server";
import { isConnectionLost } from "@windlass/db";
import { type Action, DomainError, type ErrorCode, type Resource, toDomainError } from "@windlass/domain";
import superjson from "superjson";
import { ZodError } from "zod";
import type { Credentials } from "./actor.ts";
import type { Services } from "./services.ts";

/** What a request brings. The actor is looked up at each call, so that a long-lived socket holds no stale rights. */
export interface ApiContext extends Services {
  credentials: Credentials;
  request: { address: string; userAgent: string };
  /** Told when something unexpected happened, for the operator's log */
  onUnexpected: (error: unknown, path: string) => void;
}

/** Who may call a procedure. One without a declaration is refused: deny by default. */
export type Access =
  | { kind: "public" }
  | { kind: "signed_in"; beforePasswordChange?: boolean }
  /** Those who run this Windlass, whichever teams they are in */
  | { kind: "administrator" }
  | {
      kind: "resource";
      resource: Resource;
      action: Action;
      scope: "teamId" | "appId" | "environmentId" | "deploymentId";
    };

export interface ProcedureMeta {
  access: Access;
}

const TRPC_CODES: Record<ErrorCode, TRPCError["code"]> = {
  invalid_input: "BAD_REQUEST",
  not_signed_in: "UNAUTHORIZED",
  not_allowed: "FORBIDDEN",
  password_change_required: "FORBIDDEN",
  not_found: "NOT_FOUND",
  conflict: "CONFLICT",
  throttled: "TOO_MANY_REQUESTS",
  source_unreachable: "UNPROCESSABLE_CONTENT",
  source_denied: "UNPROCESSABLE_CONTENT",
  ref_not_found: "UNPROCESSABLE_CONTENT",
  source_refused: "UNPROCESSABLE_CONTENT",
  host_key_unknown: "UNPROCESSABLE_CONTENT",
  build_failed: "UNPROCESSABLE_CONTENT",
  image_unavailable: "UNPROCESSABLE_CONTENT",
  start_failed: "UNPROCESSABLE_CONTENT",
  command_failed: "UNPROCESSABLE_CONTENT",
  unhealthy: "UNPROCESSABLE_CONTENT",
  cancelled: "CONFLICT",
  superseded: "CONFLICT",
  lease_lost: "CONFLICT",
  database_unavailable: "SERVICE_UNAVAILABLE",
  router_unavailable: "SERVICE_UNAVAILABLE",
  runtime_unavailable: "SERVICE_UNAVAILABLE",
  disk_full: "SERVICE_UNAVAILABLE",
  unexpected: "INTERNAL_SERVER_ERROR",
};

/** What a client gets of an error, beside tRPC's own shape. */
export interface DomainErrorShape {
  code: ErrorCode;
  message: string;
  field: string | null;
  evidence: string[];
}

function describe(error: TRPCError): DomainErrorShape {
  const { cause } = error;
  if (cause instanceof DomainError) {
    const { code, message, field = null } = cause;
    // What is unexpected carries the original's text: that is for the operator's log.
    return { code, message, field, evidence: code === "unexpected" ? [] : cause.evidence };
  }
  if (cause instanceof ZodError) {
    const issue = cause.issues[0];
    const field = issue?.path.join(".") || null;
    return { code: "invalid_input", message: issue?.message ?? "The input is not valid.", field, evidence: [] };
  }
  const isOurs = error.code === "INTERNAL_SERVER_ERROR";
  return {
    code: isOurs ? "unexpected" : "invalid_input",
    message: isOurs ? toDomainError(undefined).message : error.message,
    field: null,
    evidence: [],
  };
}

export const t = initTRPC
  .context<ApiContext>()
  .meta<ProcedureMeta>()
  .create({
    transformer: superjson,
    errorFormatter({ shape, error }) {
      const domain = describe(error);
      // Neither the stack nor the text of an unknown error leaves the server.
      const { stack: _stack, ...data } = shape.data as typeof shape.data & { stack?: string };
      return { ...shape, message: domain.message, data: { ...data, domain } };
    },
  });

const databaseUnavailable = () =>
  new DomainError(
    "database_unavailable",
    "Windlass's database does not answer. What you asked for may have been done or not: look, then try again.",
    { fault: "platform", retryable: true },
  );

/** The one place where a domain error becomes a transport's. */
const translateErrors = t.middleware(async ({ ctx, path, next }) => {
  const result = await next();
  if (result.ok || !(result.error.cause instanceof Error)) return result;
  if (result.error.cause instanceof ZodError && result.error.code === "BAD_REQUEST") return result;
  const { cause } = result.error;
  const error = isConnectionLost(cause) ? databaseUnavailable() : toDomainError(cause);
  if (error.code === "unexpected" || error.code === "database_unavailable") ctx.onUnexpected(cause, path);
  throw new TRPCError({ code: TRPC_CODES[error.code], message: error.message, cause: error });
});

export const base = t.procedure.use(translateErrors);
