import { connect } from "node:net";

/**
 * A load of keep-alive connections in a process of its own: each sends its next request when it has the whole answer to
 * the last. Started with a LoadOrder as its only argument; over IPC it sends { type: "running" } once every connection
 * had an answer, and after { type: "stop" } a LoadReport.
 */
export interface LoadOrder {
  port: number;
  host: string;
  path: string;
  connections: number;
  /** Connections that ask for `slowPath` instead, beside the others */
  slowConnections: number;
  slowPath: string;
  /** Between an answer and the next request of a connection; none unless said */
  pauseMs?: number;
}

export interface LoadReport {
  type: "report";
  requests: number;
  slowRequests: number;
  failed: number;
  /** What went wrong, each kind once with its count */
  failures: Record<string, number>;
  /** Answers by the release that gave them: the body's first line */
  answers: Record<string, number>;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as LoadOrder;
const failures: Record<string, number> = {};
const answers: Record<string, number> = {};
const latencies: number[] = [];
let requests = 0;
let slowRequests = 0;
let isStopping = false;
let waitingForFirst = order.connections;
const startedAt = performance.now();
const lines: Promise<void>[] = [];

const fail = (kind: string): void => {
  failures[kind] = (failures[kind] ?? 0) + 1;
};

/** One connection, opened again whenever it was closed between two requests. Resolves when the load ends. */
function runLine(path: string, isSlow: boolean): Promise<void> {
  const text = `GET ${path} HTTP/1.1\r\nHost: ${order.host}\r\n\r\n`;
  const { promise, resolve } = Promise.withResolvers<void>();
  let isFirst = true;

  const open = (): void => {
    if (isStopping) {
      resolve();
      return;
    }
    let received = "";
    let sentAt = 0;
    let isWaiting = false;
    const socket = connect({ port: order.port, host: "127.0.0.1", noDelay: true });
    const send = (): void => {
      received = "";
      isWaiting = true;
      sentAt = performance.now();
      socket.write(text);
    };
    const lost = (kind: string): void => {
      if (isWaiting) fail(kind);
      isWaiting = false;
      socket.destroy();
      setTimeout(open, kind === "ECONNREFUSED" ? 20 : 0);
    };
    socket.setEncoding("latin1");
    socket.on("connect", send);
    socket.on("data", (chunk: string) => {
      received += chunk;
      const end = received.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = received.slice(0, end);
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      if (length === undefined) {
        lost("no length");
        return;
      }
      const body = received.slice(end + 4);
      if (body.length < Number(length)) return;
      isWaiting = false;
      requests++;
      if (isSlow) slowRequests++;
      else latencies.push(performance.now() - sentAt);
      if (!head.startsWith("HTTP/1.1 200")) fail(head.slice(9, 12));
      const answer = body.split("\n", 1)[0] ?? "";
      answers[answer] = (answers[answer] ?? 0) + 1;
      if (isFirst && !isSlow && --waitingForFirst === 0) process.send?.({ type: "running" });
      isFirst = false;
      if (isStopping) {
        socket.removeAllListeners("close").destroy();
        resolve();
        return;
      }
      if (/\r\nconnection: close/i.test(head)) {
        socket.removeAllListeners("close").destroy();
        open();
        return;
      }
      if (order.pauseMs) setTimeout(() => !socket.destroyed && send(), order.pauseMs);
      else send();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      socket.removeAllListeners("close");
      lost(error.code ?? error.message);
    });
    socket.on("close", () => lost("closed before the whole answer"));
  };

  open();
  return promise;
}

for (let i = 0; i < order.connections; i++) lines.push(runLine(order.path, false));
for (let i = 0; i < order.slowConnections; i++) lines.push(runLine(order.slowPath, true));

process.on("message", async () => {
  isStopping = true;
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.all(lines);
  latencies.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const report: LoadReport = {
    type: "report",
    requests,
    slowRequests,
    failed,
    failures,
    answers,
    seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
  process.send?.(report, () => process.exit(0));
});
process.on("disconnect", () => process.exit(0));
