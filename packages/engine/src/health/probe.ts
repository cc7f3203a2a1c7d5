import http from "node:http";
import net from "node:net";
import { type Address, type HealthCheck, isExpectedCode } from "@windlass/domain";

export interface ProbeResult {
  isHealthy: boolean;
  /** What was seen, in words */
  seen: string;
}

/**
 * Asks once. Never rejects: an aborted or failed probe is an unhealthy one. Redirects are answers, not followed; the
 * `host` header names the environment where the probe goes through the router.
 */
export function probe(address: Address, check: HealthCheck, signal: AbortSignal, host?: string): Promise<ProbeResult> {
  return check.kind === "tcp" ? probeTcp(address, check, signal) : probeHttp(address, check, signal, host);
}

function probeHttp(
  { host, port }: Address,
  check: HealthCheck,
  signal: AbortSignal,
  hostHeader: string | undefined,
): Promise<ProbeResult> {
  const timeoutMs = check.timeoutSeconds * 1000;
  return new Promise((resolve) => {
    const request = http.get({
      host,
      port,
      path: check.path,
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: { host: hostHeader ?? `${host}:${port}`, "user-agent": "Windlass-health/1", accept: "*/*" },
    });
    request.on("response", (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      const isHealthy = isExpectedCode(check.codes, status);
      const location = response.headers.location ? ` to ${response.headers.location}` : "";
      const expected = isHealthy ? "" : `, expected ${check.codes}`;
      resolve({ isHealthy, seen: `${check.path} answered ${status}${location}${expected}` });
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      resolve({
        isHealthy: false,
        seen: inWords(error, port, `${check.path} did not answer within ${check.timeoutSeconds} s`),
      });
    });
  });
}

function probeTcp({ host, port }: Address, check: HealthCheck, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = net.connect({
      host,
      port,
      signal: AbortSignal.any([signal, AbortSignal.timeout(check.timeoutSeconds * 1000)]),
    });
    const end = (result: ProbeResult) => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => end({ isHealthy: true, seen: `port ${port} accepts connections` }));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      end({
        isHealthy: false,
        seen: inWords(error, port, `port ${port} did not answer within ${check.timeoutSeconds} s`),
      });
    });
  });
}

function inWords(error: NodeJS.ErrnoException, port: number, tooSlow: string): string {
  if (error.name === "AbortError" || error.name === "TimeoutError") return tooSlow;
  switch (error.code) {
    case "ECONNREFUSED":
      return `nothing listens on port ${port}`;
    case "ECONNRESET":
      return `the connection to port ${port} was closed without an answer`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "the instance's address cannot be reached";
    default:
      return error.code?.startsWith("HPE_")
        ? `port ${port} does not speak HTTP`
        : `no answer (${error.code ?? error.message})`;
  }
}
