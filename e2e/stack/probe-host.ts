import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 10;
const TIMEOUT_MS = 10_000;

/** A user of an app who asks for it all the time, through the router. */
export interface Prober {
  readonly answers: number;
  /** What went wrong, one sentence for each request that got no good answer */
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

export function probeHost(port: number, host: string, pauseMs = PAUSE_MS): Prober {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const failures: string[] = [];
  let answers = 0;
  let isStopped = false;
  const run = async () => {
    while (!isStopped) {
      const { status, body } = await ask(port, host, "/", agent).catch((error: Error) => ({
        status: 0,
        body: error.message,
      }));
      if (status === 200) answers++;
      else failures.push(`${new Date().toISOString()} ${status} ${body.slice(0, 200)}`);
      await sleep(pauseMs);
    }
  };
  const running = run();
  return {
    get answers() {
      return answers;
    },
    failures,
    async stop() {
      isStopped = true;
      await running;
      agent.destroy();
    },
  };
}

/** One request through the router. */
export function ask(
  port: number,
  host: string,
  path = "/",
  agent: http.Agent | false = false,
  timeout = TIMEOUT_MS,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, headers: { host }, agent, timeout }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.end();
  });
}
