import { DomainError } from "@windlass/domain";

/** Codes of Prisma and Postgres for: not reached, gone, no answer in time, ended by the server. */
const CODES = /^(?:P1\d{3}|P2024|P2028|57P0[123]|08\w{3}|E(?:CONNRESET|CONNREFUSED|PIPE|TIMEDOUT))$/;
const WORDS =
  /connection (?:terminated|closed|ended|reset|refused)|not queryable|server closed the connection|ECONNRE|idle-in-transaction/i;

/** True when the database did not answer, so that what was asked may have been done or not. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof DomainError || typeof error !== "object" || error === null) return false;
  const { code, message, meta, cause } = error as {
    code?: unknown;
    message?: unknown;
    meta?: unknown;
    cause?: unknown;
  };
  if (typeof code === "string" && CODES.test(code)) return true;
  if (WORDS.test(`${message} ${JSON.stringify(meta) ?? ""}`)) return true;
  return cause !== undefined && cause !== error && isConnectionLost(cause);
}
