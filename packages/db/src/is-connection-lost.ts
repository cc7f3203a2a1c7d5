import { DomainError } from "@windlass/domain";

/** Codes of Prisma and Postgres for: not reached, gone, no answer in time, no connection left, ended by the server. */
const CODES = /^(?:P1\d{3}|P2024|P2028|P2037|57P0[123]|53300|08\w{3}|E(?:CONNRESET|CONNREFUSED|PIPE|TIMEDOUT))$/;
/** What Prisma's adapters call the same. Of a raw query it is all that they tell. */
const KINDS: readonly unknown[] = [
  "ConnectionClosed",
  "DatabaseNotReachable",
  "SocketTimeout",
  "TlsConnectionError",
  "TooManyConnections",
  "TransactionAlreadyClosed",
];
const WORDS =
  /connection (?:terminated|closed|ended|reset|refused)|not queryable|closed the connection|ECONNRE|idle-in-transaction/i;

/** True when the database did not answer, so that what was asked may have been done or not. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof DomainError || typeof error !== "object" || error === null) return false;
  const { code, kind, message, meta, cause } = error as Partial<Record<string, unknown>>;
  if ((typeof code === "string" && CODES.test(code)) || KINDS.includes(kind)) return true;
  if (WORDS.test(`${message} ${JSON.stringify(meta) ?? ""}`)) return true;
  const { driverAdapterError } = (meta ?? {}) as { driverAdapterError?: unknown };
  return [cause, driverAdapterError].some((inner) => inner !== error && isConnectionLost(inner));
}
