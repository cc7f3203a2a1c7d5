import type { ServerResponse } from "node:http";
import type { Services } from "@windlass/api";

const READY_TIMEOUT_MS = 3000;

/** Whether this process can serve: the database answers. For load balancers and the supervisor. */
export async function answerHealth(path: string, services: Services, response: ServerResponse): Promise<void> {
  const problem = path === "/api/ready" ? await databaseProblem(services) : null;
  response.writeHead(problem ? 503 : 200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(problem ? { status: "unavailable", problem } : { status: "ok" }));
}

async function databaseProblem({ db }: Services): Promise<string | null> {
  const timeout = new Promise<string>((resolve) =>
    setTimeout(() => resolve("The database does not answer."), READY_TIMEOUT_MS).unref(),
  );
  const asked = db.$queryRaw`select 1`.then(
    () => null,
    () => "The database cannot be reached.",
  );
  return Promise.race([asked, timeout]);
}
