import { stripVTControlCharacters } from "node:util";
import { type DomainError, type FailureCause, failed, type HttpCheck, type StartedInstance } from "@windlass/domain";
import type { Examination, Examiner, InstanceState, Listener, Runtime } from "../ports.ts";
import type { ReleaseRequest } from "../steps/deploy-request.ts";
import * as causes from "./causes.ts";
import type { CheckResult } from "./check-instance.ts";
import { type ProbeResult, probeHttp } from "./probe.ts";
import { type Reading, readLines } from "./read-lines.ts";

const READ_LINES = 60;
const SHOWN_LINES = 20;
const MOST_PATIENCE_MS = 10_000;

export type ExitedState = Extract<InstanceState, { state: "exited" }>;

/** What the gate saw when it gave up. */
export interface Seen {
  state: InstanceState;
  /** How it last ended, when it did */
  lastExit: ExitedState | undefined;
  /** How often it ended by itself */
  exits: number;
  last: CheckResult;
  checks: number;
  waitedMs: number;
}

interface Look {
  request: ReleaseRequest;
  instance: StartedInstance;
  place: causes.Place;
  host: string;
  seen: Seen;
  examination: Examination;
  reading: Reading | undefined;
  signal: AbortSignal;
}

interface Verdict {
  cause: FailureCause;
  /** What proves it, beside what is always shown */
  proof?: string[];
}

/** Why a release does not become healthy, as an error for its owner. A cause is told only where what was seen proves it. */
export async function explainUnhealthy(
  { runtime, examiner }: { runtime: Runtime; examiner: Examiner },
  request: ReleaseRequest,
  { instance, host, seen, signal }: { instance: StartedInstance; host: string; seen: Seen; signal: AbortSignal },
): Promise<DomainError> {
  const [examination, raw] = await Promise.all([
    examiner.examine(instance.name),
    runtime.logs(instance.name, READ_LINES).catch(() => []),
  ]);
  const lines = raw.map(stripVTControlCharacters);
  const place = { isProcess: runtime.kind === "process", port: instance.address.port };
  const look = { request, instance, place, host, seen, examination, reading: readLines(lines), signal };
  const { cause, proof = [] } = await findCause(look);
  const kept =
    request.live && request.live.instances.length > 0
      ? "The release before it still serves."
      : "Nothing was live before it.";
  const evidence = [
    `Last check: ${seen.last.seen}`,
    ...describeState(seen),
    ...proof,
    ...(lines.length > 0 ? ["The app's last lines:", ...lines.slice(-SHOWN_LINES)] : ["The app printed nothing."]),
  ];
  return failed("unhealthy", { ...cause, sentence: `${cause.sentence} ${kept}` }, { evidence });
}

function findCause(look: Look): Verdict | Promise<Verdict> {
  const { seen, place } = look;
  if (seen.state.state === "missing") return { cause: causes.removedByOther() };
  if (seen.exits > 0) return explainExit(look);
  const { last } = seen;
  if (last.isCheckMissing) return { cause: causes.imageCheckMissing(place.isProcess) };
  if (last.outcome) {
    const isOwn = look.request.config.health.kind === "command";
    const cause = isOwn ? causes.checkCommandFailed(last.seen) : causes.imageCheckFailed(last.seen);
    return { cause, proof: last.outcome.lines.length > 0 ? ["The check's last lines:", ...last.outcome.lines] : [] };
  }
  return last.probe ? explainProbe(look, last.probe) : general(look);
}

/** It ended by itself: how it ended and what it printed say why. */
function explainExit(look: Look): Verdict {
  const { seen, examination, reading, place, request } = look;
  const { lastExit, exits } = seen;
  const told = reading?.told;
  const proof = reading ? [`It said: ${reading.line}`] : [];
  const limitMb = request.config.resources.memoryMb;
  if (lastExit?.outOfMemory && !place.isProcess) {
    const peak = examination.memory?.peakBytes ?? null;
    const proofOfMemory = [`Memory limit: ${limitMb} MB, all of it taken`];
    return { cause: causes.outOfMemory(limitMb, peak === null ? null : megabytes(peak)), proof: proofOfMemory };
  }
  const notRun = explainNotRun(look);
  if (notRun) return { proof, ...notRun };
  switch (told?.what) {
    case "heap_exhausted":
      return place.isProcess
        ? { cause: causes.heapExhausted(told.heapMb), proof }
        : { cause: causes.outOfMemory(limitMb, told.heapMb), proof: [`Memory limit: ${limitMb} MB`, ...proof] };
    case "disk_full":
      return {
        proof,
        cause: {
          code: "disk_full",
          sentence: "The app ended because it found no space left to write to.",
          remedy: "Free some space on the server, or let the app write less.",
          place: "server",
          field: null,
        },
      };
    case "port_taken":
      return { cause: causes.portTaken(told.port), proof };
    case "port_denied":
      return { cause: causes.portDenied(told.port, place), proof };
    case "denied":
      return { cause: causes.permissionDenied(told.path), proof };
    case "name_unknown":
      return { cause: causes.nameNotResolved(told.name, variableWith(request, told.name)), proof };
  }
  const code = lastExit?.exitCode;
  const how = lastExit?.signal
    ? `was ended by ${lastExit.signal}`
    : `ended with ${code === undefined || code === null ? "an exit code that is not known" : `exit code ${code}`}`;
  return { cause: causes.crashLoop(exits > 1 ? `${how}, ${exits} times,` : how) };
}

/** Its program could not even be started. */
function explainNotRun({ seen, reading, examination, request, place }: Look): Verdict | undefined {
  const { lastExit } = seen;
  const told = reading?.told.what === "cannot_execute" ? reading.told : undefined;
  const isStartCode = lastExit?.exitCode === 126 || lastExit?.exitCode === 127;
  const program = examination.program;
  // A shell that cannot run a file tries to read it as a script; only its header tells what it is.
  if ((told || isStartCode) && program?.machine && program.machine !== program.serverMachine) {
    return {
      cause: causes.wrongArchitecture(program.path, program.machine, program.serverMachine),
      proof: [`${program.path} is a program for ${program.machine}; the server is ${program.serverMachine}.`],
    };
  }
  if (!told) return undefined;
  const path = told.program ?? program?.path ?? request.config.command?.[0] ?? "";
  if (told.why !== "missing") return { cause: causes.commandNotExecutable(path) };
  const where = place.isProcess ? "on the server" : "in the image";
  return { cause: causes.commandNotFound(path, request.config.command?.[0] === path, where) };
}

/** It runs, and does not answer as it should. */
function explainProbe(look: Look, probe: ProbeResult): Verdict | Promise<Verdict> {
  const { place, request } = look;
  const check = request.config.health;
  switch (probe.how) {
    case "refused":
      return explainRefused(look);
    case "not_http":
      return { cause: causes.notHttp(place) };
    case "too_slow":
      return check.kind === "http" ? explainSlowness(look, check) : general(look);
    case "answered":
      return check.kind === "http" ? explainAnswer(look, check, probe) : general(look);
    case "unreachable":
    case "reset":
    case "failed":
    case "aborted":
      return general(look);
  }
}

const general = ({ seen: { waitedMs, checks, last } }: Look): Verdict => ({
  cause: causes.noAnswer(waitedMs, checks, last.seen),
});

function explainRefused(look: Look): Verdict {
  const { examination, place, seen, reading, request } = look;
  const { listeners } = examination;
  if (listeners === null) return general(look);
  const proof = [`It listens on: ${listeners.length > 0 ? listeners.map(writeListener).join(", ") : "nothing"}`];
  const own = listeners.filter(({ port }) => port === place.port);
  const loopback = own.find(isLoopback);
  if (!place.isProcess && loopback && own.every(isLoopback)) {
    return { cause: causes.listensOnLoopback(place, loopback), proof };
  }
  // It came to listen after the last check.
  if (own.length > 0) return general(look);
  if (listeners.length > 0) return { cause: causes.listensElsewhere(place, listeners), proof };
  // It waits for something that it named.
  if (reading?.told.what === "name_unknown") {
    const { name } = reading.told;
    const said = [...proof, `It said: ${reading.line}`];
    return { cause: causes.nameNotResolved(name, variableWith(request, name)), proof: said };
  }
  return { cause: causes.nothingListens(place, seen.waitedMs), proof };
}

async function explainSlowness(look: Look, check: HttpCheck): Promise<Verdict> {
  const patienceMs = Math.min(
    Math.max(3 * check.timeoutSeconds * 1000, 3000),
    check.timeoutSeconds * 1000 + MOST_PATIENCE_MS,
  );
  const patient = await askAgain(look, { ...check, timeoutSeconds: patienceMs / 1000 });
  if (patient.how !== "answered") return { cause: causes.noAnswerInTime(check.path, patient.tookMs) };
  return {
    cause: causes.tooSlow(check.path, check.timeoutSeconds, patient.tookMs),
    proof: [`Asked once more without hurry: ${patient.seen} after ${patient.tookMs} ms`],
  };
}

async function explainAnswer(look: Look, check: HttpCheck, probe: ProbeResult): Promise<Verdict> {
  const { status = 0 } = probe;
  if (probe.isHttpsLoop) return { cause: causes.redirectsToHttps(check.path) };
  if (probe.lacksBody) return { cause: causes.wrongBody(check.path, check.body ?? "") };
  if (status === 404 && check.path !== "/") {
    const { body: _, ...bare } = check;
    const root = await askAgain(look, { ...bare, path: "/", codes: "200-399" });
    if (root.isHealthy) return { cause: causes.wrongPath(check.path), proof: [`Asked as well: ${root.seen}`] };
  }
  if ([400, 403, 404, 421].includes(status)) {
    const local = `localhost:${look.place.port}`;
    const asLocal = await askAgain(look, { ...check, headers: { ...check.headers, host: local } });
    if (asLocal.isHealthy) {
      const proof = [`Asked as well for ${local}: ${asLocal.seen}`];
      return { cause: causes.hostRefused(check.headers.host ?? look.host, status), proof };
    }
  }
  return { cause: causes.unexpectedAnswer(check.path, status, check.codes) };
}

const askAgain = ({ instance, host, signal }: Look, check: HttpCheck): Promise<ProbeResult> =>
  probeHttp({ address: instance.address, check, host, signal });

function describeState({ state, lastExit, exits }: Seen): string[] {
  if (state.state === "missing") return ["The instance is gone."];
  const restarts = state.restarts > 0 ? [`Restarts: ${state.restarts}`] : [];
  if (exits === 0 || !lastExit) return ["The app is running.", ...restarts];
  const exit = lastExit.exitCode === null ? "Exit code: not known" : `Exit code: ${lastExit.exitCode}`;
  const signal = lastExit.signal ? [`Signal: ${lastExit.signal}`] : [];
  return [exit, ...signal, `Out of memory: ${lastExit.outOfMemory ? "yes" : "no"}`, ...restarts];
}

/** The variable whose value has the host name in it; only its name is ever told. */
function variableWith({ variables }: ReleaseRequest, name: string | null): string | null {
  if (name === null) return null;
  const holds = (value: (typeof variables)[string]) =>
    (typeof value === "string" ? value : value.reveal()).includes(name);
  return Object.keys(variables).find((key) => holds(variables[key] ?? "")) ?? null;
}

const isLoopback = ({ host }: Listener): boolean => host.startsWith("127.") || host === "::1";

const writeListener = ({ host, port }: Listener): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
