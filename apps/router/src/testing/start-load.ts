import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The part of a report that tests look at; bench/harness/generate-load.ts has the whole. */
export interface LoadReport {
  requests: number;
  slowRequests: number;
  failed: number;
  failures: Record<string, number>;
  answers: Record<string, number>;
}

export interface RunningLoad {
  /** Lets requests in flight end and reports. */
  stop(): Promise<LoadReport>;
}

const PROGRAM = fileURLToPath(new URL("../../../../bench/harness/generate-load.ts", import.meta.url));

/** Starts keep-alive load in a process of its own; resolves when every fast connection has had an answer. */
export async function startLoad(order: {
  port: number;
  host: string;
  connections: number;
  slowConnections: number;
}): Promise<RunningLoad> {
  const child = fork(PROGRAM, [JSON.stringify({ ...order, path: "/", slowPath: "/slow" })], { execArgv: [] });
  const next = (): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    child.once("message", resolve).once("exit", (code) => reject(new Error(`the load ended with ${code}`)));
    return promise;
  };
  await next();
  return {
    stop() {
      const report = next() as Promise<LoadReport>;
      child.send({ type: "stop" });
      return report;
    },
  };
}
