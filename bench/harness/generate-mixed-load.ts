import { createHash, randomBytes } from "node:crypto";
import { Agent, get, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";

/**
 * What a busy site has under way at once, in a process of its own: requests on kept connections, slow answers, uploads
 * verified by checksum, event streams without a gap and WebSockets that echo. Started with a MixedOrder as its only
 * argument; over IPC it sends { type: "running" } once every line had its first success, and after { type: "stop" } a
 * MixedReport. A line that fails goes on, so that one fault is not counted for ever.
 */
export interface MixedOrder {
  port: number;
  host: string;
  /** Lines of each kind */
  lines: Record<LoadKind, number>;
  uploadBytes: number;
}

export const LOAD_KINDS = [
  "keep-alive",
  "new connections",
  "slow answers",
  "uploads",
  "event streams",
  "WebSockets",
] as const;
export type LoadKind = (typeof LOAD_KINDS)[number];

export interface KindReport {
  /** Requests answered, uploads verified, events received, messages echoed */
  done: number;
  /** Streams and WebSockets that were asked to come again in order: the last chunk, or 1012 */
  cameAgain: number;
  failed: number;
  /** What went wrong, each kind once with its count */
  failures: Record<string, number>;
  longestMs: number;
}

export interface MixedReport {
  type: "report";
  kinds: Record<LoadKind, KindReport>;
  seconds: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as MixedOrder;
const headers = { host: order.host };
const where = { host: "127.0.0.1", port: order.port };
const kinds = Object.fromEntries(
  LOAD_KINDS.map((kind) => [kind, { done: 0, cameAgain: 0, failed: 0, failures: {}, longestMs: 0 }]),
) as Record<LoadKind, KindReport>;
const startedAt = performance.now();
let isStopping = false;

type Line = (report: KindReport) => Promise<void>;

/** A whole answer: its status and body. Rejects when it breaks off. */
function ask(path: string, agent: Agent | false, body?: Buffer): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const req = request({ ...where, path, agent, headers, method: body ? "POST" : "GET" }, async (res) => {
    try {
      let text = "";
      for await (const chunk of res.setEncoding("latin1")) text += chunk;
      resolve({ status: res.statusCode ?? 0, text });
    } catch (cause) {
      reject(cause);
    }
  });
  req.on("error", reject);
  void sendSlowly(req, body);
  return promise;
}

/** In pieces with turns between them: a switch falls into the middle of it. */
async function sendSlowly(req: ReturnType<typeof request>, body: Buffer | undefined): Promise<void> {
  const PIECE = 256 * 1024;
  for (let at = 0; body !== undefined && at < body.length && !req.destroyed; at += PIECE) {
    req.write(body.subarray(at, at + PIECE));
    await sleep(5);
  }
  req.end();
}

const requests = (path: string, makeAgent: () => Agent | false): Line => {
  const agent = makeAgent();
  return async () => {
    const { status } = await ask(path, agent);
    if (status !== 200) throw new Error(String(status));
  };
};

const oneConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

function uploads(): Line {
  const agent = oneConnection();
  const body = randomBytes(order.uploadBytes);
  const checksum = createHash("sha256").update(body).digest("hex");
  return async () => {
    const { status, text } = await ask("/upload", agent, body);
    if (status !== 200) throw new Error(String(status));
    if (text !== checksum) throw new Error("checksum differs");
  };
}

/** One stream until it ends; every event has the number that follows the one before. */
const eventStream = (): Line => async (report) => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const req = get({ ...where, path: "/events", agent: false, headers }, async (res) => {
    try {
      if (res.statusCode !== 200) throw new Error(String(res.statusCode));
      let rest = "";
      let expected = 1;
      for await (const chunk of res.setEncoding("latin1")) {
        const events = (rest + chunk).split("\n\n");
        rest = events.pop() ?? "";
        for (const event of events) {
          if (event !== `data: ${expected}`) throw new Error(`a gap: ${event} instead of ${expected}`);
          expected++;
          report.done++;
        }
        if (isStopping) break;
      }
      if (!isStopping && rest !== "") throw new Error("ended in the middle of an event");
      if (!isStopping) report.cameAgain++;
      resolve();
    } catch (cause) {
      reject(cause);
    }
  });
  req.on("error", reject);
  await promise;
};

/** One WebSocket until it is closed; every message comes back before the next is sent. Only 1012 is a good end. */
const webSocket = (): Line => async (report) => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = new WebSocket(`ws://127.0.0.1:${order.port}/socket`, { headers, perMessageDeflate: false });
  let sent = "";
  const say = (): void => {
    sent = randomBytes(8).toString("hex").repeat(16);
    socket.send(sent);
  };
  socket.on("open", say);
  socket.on("message", (data) => {
    if (String(data) !== sent) return socket.terminate();
    report.done++;
    if (isStopping) socket.close(1000);
    else setTimeout(say, 5);
  });
  socket.on("error", reject);
  socket.on("close", (code) => {
    if (code === 1012) report.cameAgain++;
    if (code === 1012 || isStopping) resolve();
    else reject(new Error(`closed with ${code}`));
  });
  await promise;
};

const MAKE: Record<LoadKind, () => Line> = {
  "keep-alive": () => requests("/", oneConnection),
  "new connections": () => requests("/", () => false),
  "slow answers": () => requests("/slow", oneConnection),
  uploads,
  "event streams": eventStream,
  WebSockets: webSocket,
};
const COUNTS_ITSELF: ReadonlySet<LoadKind> = new Set(["event streams", "WebSockets"]);

async function run(kind: LoadKind, line: Line): Promise<void> {
  const report = kinds[kind];
  while (!isStopping) {
    const began = performance.now();
    try {
      await line(report);
      if (COUNTS_ITSELF.has(kind)) continue;
      report.done++;
      report.longestMs = Math.max(report.longestMs, Math.round(performance.now() - began));
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const told = code ?? message;
      report.failed++;
      report.failures[told] = (report.failures[told] ?? 0) + 1;
      await sleep(20);
    }
  }
}

const lines = LOAD_KINDS.flatMap((kind) => Array.from({ length: order.lines[kind] }, () => run(kind, MAKE[kind]())));

while (LOAD_KINDS.some((kind) => order.lines[kind] > 0 && kinds[kind].done < order.lines[kind])) await sleep(10);
process.send?.({ type: "running" });
process.on("message", async () => {
  isStopping = true;
  await Promise.all(lines);
  const seconds = (performance.now() - startedAt) / 1000;
  process.send?.({ type: "report", kinds, seconds } satisfies MixedReport, () => process.exit(0));
});
process.on("disconnect", () => process.exit(0));
