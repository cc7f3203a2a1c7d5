import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, errorMessage, StartFailure } from "./start-failure.ts";

/** Throws a StartFailure that names the flag unless the port can be listened on within `patienceMs`. */
export async function checkPort(flag: string, host: string, port: number, patienceMs = 0): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const problem = await tryListen(host, port);
    if (problem === undefined) return;
    if (errorCode(problem) !== "EADDRINUSE" || Date.now() >= deadline) throw explain(problem, flag, host, port);
    await sleep(100);
  }
}

function tryListen(host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function explain(problem: Error, flag: string, host: string, port: number): StartFailure {
  switch (errorCode(problem)) {
    case "EADDRINUSE":
      return new StartFailure(
        `Port ${port} is taken by another program.`,
        `Stop that program, or choose another port: npm start -- ${flag} ${port < 65_000 ? port + 100 : port - 100}`,
      );
    case "EACCES":
      return new StartFailure(
        `Port ${port} needs root: ports below 1024 are not open to ordinary users.`,
        `Choose a higher one: npm start -- ${flag} ${port + 8000}`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new StartFailure(
        `${host} is not an address of this machine.`,
        "Give --host one of its own addresses, or 0.0.0.0 for all of them.",
      );
    default:
      return new StartFailure(
        `Port ${port} on ${host} cannot be opened: ${errorMessage(problem)}.`,
        `Choose another with ${flag}.`,
      );
  }
}
