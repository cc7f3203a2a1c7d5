import http from "node:http";
import net from "node:net";
import { type Address, type HttpCheck, isExpectedCode, isRedirectWanted } from "@windlass/domain";

/** What one question to an address saw. */
export interface ProbeResult {
  isHealthy: boolean;
  /** What was seen, in words */
  seen: string;
  how: "answered" | "refused" | "unreachable" | "reset" | "not_http" | "too_slow" | "aborted" | "failed";
  tookMs: number;
  /** Of an answer */
  status?: number;
  /** The answer was a redirect to itself over https, even when it was told that it came by https */
  isHttpsLoop?: boolean;
  /** The code was expected, the text is not in it */
  lacksBody?: boolean;
}

export interface HttpQuestion {
  address: Address;
  check: HttpCheck;
  /** The host name to ask for, unless the check names one itself */
  host: string;
  /** Through the router's plain entrance, which says itself whether a request came by https; with headers for the router */
  throughRouter?: Record<string, string>;
  signal: AbortSignal;
}

const CHECK_AGENT = "Windlass-health/1";
/** Through the router the release is asked as its visitors do: one that knows only our checks must not pass. */
const VISITOR_AGENT = "Mozilla/5.0 (compatible; windlass)";
const MOST_BODY_BYTES = 1024 * 1024;

/** Asks once. Never rejects: an aborted or failed probe is an unhealthy one. Redirects are answers and not followed. */
export async function probeHttp(question: HttpQuestion): Promise<ProbeResult> {
  const first = await ask(question, {});
  const { status = 0, location } = first;
  if (location === undefined || !isHttpsOfItself(location, hostOf(question), question.check.path)) return first;
  if (isRedirectWanted(question.check.codes, status)) return first;
  // An app that serves https only: behind TLS it is told by this header that the visitor came by https.
  if (question.throughRouter) return { ...first, isHealthy: true };
  const second = await ask(question, { "x-forwarded-proto": "https" });
  const isLoop =
    second.location !== undefined && isHttpsOfItself(second.location, hostOf(question), question.check.path);
  if (!isLoop) return { ...second, seen: `${second.seen} (asked as over https)` };
  return { ...second, isHealthy: false, isHttpsLoop: true };
}

const hostOf = ({ check, host }: HttpQuestion): string => check.headers.host ?? host;

function isHttpsOfItself(location: string, host: string, path: string): boolean {
  if (!URL.canParse(location, `http://${host}`)) return false;
  const [to, from] = [new URL(location, `http://${host}`), new URL(path, `http://${host}`)];
  const plain = ({ pathname }: URL) => pathname.replace(/\/+$/, "");
  return to.protocol === "https:" && to.hostname === from.hostname && plain(to) === plain(from);
}

function ask(question: HttpQuestion, extra: Record<string, string>): Promise<ProbeResult & { location?: string }> {
  const { address, check, throughRouter } = question;
  const { host, port } = address;
  const began = performance.now();
  const limit = AbortSignal.timeout(check.timeoutSeconds * 1000);
  const agent = throughRouter ? VISITOR_AGENT : CHECK_AGENT;
  const headers = { "user-agent": agent, accept: "*/*", ...extra, ...check.headers, host: hostOf(question) };
  if (throughRouter) Object.assign(headers, throughRouter, { host: question.host });
  return new Promise((resolve) => {
    const end = (result: Omit<ProbeResult, "tookMs"> & { location?: string }) =>
      resolve({ ...result, tookMs: Math.round(performance.now() - began) });
    const onError = (error: NodeJS.ErrnoException) =>
      end(failure(error, port, limit, `${check.path} did not answer within ${check.timeoutSeconds} s`));
    const signal = AbortSignal.any([question.signal, limit]);
    const request = http.get({ host, port, path: check.path, agent: false, signal, headers });
    request.on("error", onError);
    request.on("response", (response) => {
      response.on("error", onError);
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      const to = location === undefined ? "" : ` to ${location}`;
      const answer = { how: "answered", status, ...(location === undefined ? {} : { location }) } as const;
      const seen = `${check.path} answered ${status}${to}`;
      if (!isExpectedCode(check.codes, status)) {
        response.destroy();
        return end({ ...answer, isHealthy: false, seen: `${seen}, expected ${check.codes}` });
      }
      if (check.body === undefined) {
        response.destroy();
        return end({ ...answer, isHealthy: true, seen });
      }
      void readBody(response).then((body) => {
        if (body.includes(check.body ?? "")) return end({ ...answer, isHealthy: true, seen });
        end({
          ...answer,
          isHealthy: false,
          lacksBody: true,
          seen: `${seen} without "${check.body}" in it. It begins: ${shorten(body)}`,
        });
      }, onError);
    });
  });
}

async function readBody(response: http.IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes >= MOST_BODY_BYTES) break;
  }
  return Buffer.concat(parts).toString("utf8");
}

function shorten(body: string): string {
  const text = body.replace(/\s+/g, " ").trim();
  if (text === "") return "(empty)";
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** Whether the port accepts a connection. */
export function probeTcp({ host, port }: Address, timeoutSeconds: number, signal: AbortSignal): Promise<ProbeResult> {
  const began = performance.now();
  const limit = AbortSignal.timeout(timeoutSeconds * 1000);
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, signal: AbortSignal.any([signal, limit]) });
    const end = (result: Omit<ProbeResult, "tookMs">) => {
      socket.destroy();
      resolve({ ...result, tookMs: Math.round(performance.now() - began) });
    };
    socket.on("connect", () => end({ isHealthy: true, how: "answered", seen: `port ${port} accepts connections` }));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      end(failure(error, port, limit, `port ${port} did not answer within ${timeoutSeconds} s`)),
    );
  });
}

function failure(
  error: NodeJS.ErrnoException,
  port: number,
  limit: AbortSignal,
  tooSlow: string,
): Omit<ProbeResult, "tookMs"> {
  const seen = (how: ProbeResult["how"], words: string) => ({ isHealthy: false, how, seen: words });
  if (limit.aborted) return seen("too_slow", tooSlow);
  if (error.name === "AbortError") return seen("aborted", "the check was given up");
  switch (error.code) {
    case "ECONNREFUSED":
      return seen("refused", `nothing listens on port ${port}`);
    case "ECONNRESET":
    case "EPIPE":
      return seen("reset", `the connection to port ${port} was closed without an answer`);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return seen("unreachable", "the instance's address cannot be reached");
    default:
      return error.code?.startsWith("HPE_")
        ? seen("not_http", `port ${port} does not speak HTTP`)
        : seen("failed", `no answer (${error.code ?? error.message})`);
  }
}
