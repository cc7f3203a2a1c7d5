import http from "node:http";
import {
  type Address,
  type HealthCheck,
  isExpectedCode,
  PROBE_HEADER,
  type ProbeSummary,
  ROUTER_PAGE_HEADER,
} from "@windlass/domain";

/** Before the switch only to know what is usual: a few close together, then now and then, for a start may take minutes. */
const USUAL_EVERY_MS = 50;
const USUAL_PROBES = 20;
const WAITING_EVERY_MS = 1000;
/** While the traffic moves as densely as on a busy site, then the more leisurely the longer the old release drains. */
const MOVING_EVERY_MS = 5;
const MOVING_FOR_MS = 500;
const DRAINING_EVERY_MS = 100;
const DRAINING_FOR_MS = 10_000;
const MOST_IN_FLIGHT = 20;
const MOST_POINTS = 120;

interface ProberOptions {
  /** Where requests enter the router */
  entry: Address;
  /** Undefined for an environment that has none: nothing is sent */
  host: string | undefined;
  check: HealthCheck;
  /** Resolves with the router's key for probes; nothing is sent before, nor when it rejects */
  askForKey(): Promise<string>;
}

/** One probe that is over. Times are milliseconds since 1970, so that they mean something to the next worker too. */
interface Probed {
  beganAt: number;
  tookMs: number;
  /** What was seen instead of an answer of the release, in words */
  failure: string | null;
}

/**
 * Sends requests to an environment's host through the real router while its traffic moves, on a connection kept alive
 * and on new ones in turn. It runs beside the steps, delays none of them, and ends when it is disposed.
 */
export interface Prober extends Disposable {
  /** From here on it looks closely: the command to switch is about to be sent. */
  noteSwitching(): void;
  /** What it saw of a switch; null when it could not send anything. Probes that are still open are left out. */
  summarise(moved: { commandedAt: number; switchedAt: number; hadLive: boolean }): ProbeSummary | null;
}

export function startProber({ entry, host, check, askForKey }: ProberOptions): Prober {
  const seen: Probed[] = [];
  const inFlight = new Set<http.ClientRequest>();
  const keptAlive = new http.Agent({ keepAlive: true, maxFreeSockets: 2 });
  let isOver = false;
  let sent = 0;
  let switchingAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;

  const everyMs = (): number => {
    if (switchingAt === undefined) return sent < USUAL_PROBES ? USUAL_EVERY_MS : WAITING_EVERY_MS;
    const sinceMs = performance.now() - switchingAt;
    if (sinceMs < MOVING_FOR_MS) return MOVING_EVERY_MS;
    return sinceMs < DRAINING_FOR_MS ? DRAINING_EVERY_MS : WAITING_EVERY_MS;
  };

  const own = check.kind === "http" ? check.headers : {};
  const send = (key: string): void => {
    const beganAt = Date.now();
    const began = performance.now();
    const end = (failure: string | null): void => {
      if (!inFlight.delete(request) || isOver) return;
      seen.push({ beganAt, tookMs: performance.now() - began, failure });
    };
    const request = http.get({
      ...entry,
      path: check.kind === "http" ? check.path : "/",
      agent: sent++ % 2 === 0 ? keptAlive : false,
      timeout: check.timeoutSeconds * 1000,
      headers: { accept: "*/*", "user-agent": "Windlass-probe/1", ...own, host, [PROBE_HEADER]: key },
    });
    inFlight.add(request);
    request.on("response", (response) => {
      response.on("end", () => end(failureOf(response, check)));
      response.on("error", () => end("the answer broke off"));
      response.resume();
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${check.timeoutSeconds} s`)));
    request.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  };

  const tick = (key: string): void => {
    if (isOver) return;
    if (inFlight.size < MOST_IN_FLIGHT) send(key);
    timer = setTimeout(tick, everyMs(), key);
  };
  let key: string | undefined;
  const begin = async (): Promise<void> => {
    key = await askForKey();
    tick(key);
  };
  // Without probes the deployment goes on: its proof says that there were none.
  if (host !== undefined) begin().catch(() => {});

  return {
    noteSwitching() {
      switchingAt ??= performance.now();
      clearTimeout(timer);
      if (key !== undefined) tick(key);
    },
    summarise: (moved) => (seen.length === 0 ? null : summarise(seen, moved)),
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
      for (const request of inFlight) request.destroy();
      keptAlive.destroy();
    },
  };
}

/** An app may answer what it likes, as long as it is the app that answers and its own check does not say otherwise. */
function failureOf(response: http.IncomingMessage, check: HealthCheck): string | null {
  const status = response.statusCode ?? 0;
  const page = response.headers[ROUTER_PAGE_HEADER];
  if (page !== undefined) return `the router answered ${status} (${page})`;
  if (check.kind === "http" && status >= 500 && !isExpectedCode(check.codes, status))
    return `the app answered ${status}`;
  return null;
}

function summarise(
  seen: readonly Probed[],
  { commandedAt, switchedAt, hadLive }: { commandedAt: number; switchedAt: number; hadLive: boolean },
): ProbeSummary {
  // Where nothing was live before, the router was right to say so until the switch.
  const counts = ({ beganAt, tookMs }: Probed): boolean =>
    hadLive ? beganAt + tookMs >= commandedAt : beganAt >= switchedAt;
  const counted = seen.filter(counts);
  const failed = counted.filter(({ failure }) => failure !== null);
  const latencies = counted.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const quantile = (q: number): number => round(latencies[Math.max(0, Math.ceil(latencies.length * q) - 1)] ?? 0);
  return {
    requests: counted.length,
    failures: failed.length,
    firstFailure: failed[0]?.failure ?? null,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    longestMs: quantile(1),
    points: thin(hadLive ? seen : counted, switchedAt),
  };
}

/** Of points that lie too close together the slowest stays, and every failure. */
function thin(seen: readonly Probed[], switchedAt: number): ProbeSummary["points"] {
  const size = Math.ceil(seen.length / MOST_POINTS);
  const points: ProbeSummary["points"] = [];
  for (let at = 0; at < seen.length; at += size) {
    const worst = seen
      .slice(at, at + size)
      .reduce((a, b) => ((Number(b.failure !== null) - Number(a.failure !== null) || b.tookMs - a.tookMs) > 0 ? b : a));
    points.push({
      atMs: Math.round(worst.beganAt - switchedAt),
      tookMs: round(worst.tookMs),
      isOk: worst.failure === null,
    });
  }
  return points;
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
