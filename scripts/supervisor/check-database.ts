import pg from "pg";
import { errorCode, errorMessage, StartFailure } from "./start-failure.ts";

const ANSWERS_WITHIN_MS = 5_000;
const OLDEST_VERSION = 14;
const OR_EMBEDDED = "or unset DATABASE_URL to use the embedded one";

/** Proves that the operator's database answers; a StartFailure says what is wrong, never with the password. */
export async function checkDatabase(address: string): Promise<void> {
  const place = readAddress(address);
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: ANSWERS_WITHIN_MS });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>("select current_setting('server_version_num') as version");
    const version = Math.floor(Number(rows[0]?.version) / 10_000);
    if (version < OLDEST_VERSION) {
      throw new StartFailure(
        `The database at ${place.server} is PostgreSQL ${version}, and Windlass needs ${OLDEST_VERSION} or newer.`,
        `Upgrade it, ${OR_EMBEDDED}.`,
      );
    }
  } catch (error) {
    throw error instanceof StartFailure ? error : explain(error, place);
  } finally {
    await client.end().catch(() => {});
  }
}

interface Place {
  server: string;
  user: string;
  database: string;
}

function readAddress(address: string): Place {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new StartFailure(
      "DATABASE_URL is not the address of a PostgreSQL database.",
      "Write it like postgresql://user:password@host:5432/database.",
    );
  }
  const user = decodeURIComponent(url.username);
  return {
    server: `${url.hostname || "localhost"}:${url.port || "5432"}`,
    user,
    database: decodeURIComponent(url.pathname.slice(1)) || user,
  };
}

function explain(error: unknown, { server, user, database }: Place): StartFailure {
  switch (errorCode(error)) {
    case "28P01":
    case "28000":
      return new StartFailure(
        `The database server at ${server} refused the user ${user || "(none)"} or the password.`,
        "Correct them in DATABASE_URL; special characters in a password are written percent-encoded.",
      );
    case "3D000":
      return new StartFailure(
        `The database server at ${server} has no database named ${database}.`,
        `Create it (createdb ${database}), or correct the name in DATABASE_URL.`,
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new StartFailure(
        `The host in DATABASE_URL, ${server}, cannot be found.`,
        `Correct its name, ${OR_EMBEDDED}.`,
      );
    case "53300":
      return new StartFailure(
        `The database server at ${server} has no connection left.`,
        "Raise its max_connections, or stop what else uses it.",
      );
    default:
      return new StartFailure(
        `No database answers at ${server} (${reason(error)}).`,
        `Start it, correct DATABASE_URL, ${OR_EMBEDDED}.`,
      );
  }
}

function reason(error: unknown): string {
  if (errorCode(error) === "ECONNREFUSED") return "connection refused";
  if (/timeout|timed out/i.test(errorMessage(error)) || errorCode(error) === "ETIMEDOUT") {
    return `nothing within ${ANSWERS_WITHIN_MS / 1000} s`;
  }
  return errorCode(error) || errorMessage(error);
}
