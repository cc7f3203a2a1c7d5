import type { FailureCause, FailureCode, FailurePlace } from "@windlass/domain";
import type { Listener } from "../ports.ts";

// Every cause in words: what happened, and the one thing to change. Pure; who calls one has the evidence for it.

const cause = (
  code: FailureCode,
  sentence: string,
  remedy: string,
  [place, field = null]: readonly [FailurePlace, (string | null)?],
): FailureCause => ({ code, sentence, remedy, place, field });

const setting = (field: string) => ["settings", field] as const;
const APP = ["app"] as const;

/** Who runs the app decides which port it has to take. */
export interface Place {
  isProcess: boolean;
  port: number;
}

export const nothingListens = ({ port }: Place, waitedMs: number): FailureCause =>
  cause(
    "nothing_listens",
    `The app runs, but after ${seconds(waitedMs)} it listens on no port.`,
    `Let it listen on 0.0.0.0 and the port in PORT (${port}). If it only needs longer to get there, raise the start period.`,
    setting("config.health.startPeriodSeconds"),
  );

export function listensElsewhere({ port, isProcess }: Place, found: readonly Listener[]): FailureCause {
  const ports = [...new Set(found.map((listener) => listener.port))];
  const shown = ports.length === 1 ? `port ${ports[0]}` : `ports ${ports.join(", ")}`;
  const sentence = `The app listens on ${shown}, and is asked on port ${port}.`;
  if (isProcess) {
    const remedy = `As a process it is given its port in PORT: let it listen on that instead of ${ports.join(", ")}.`;
    return cause("listens_elsewhere", sentence, remedy, APP);
  }
  return cause("listens_elsewhere", sentence, `Set the port to ${ports[0]}.`, setting("config.port"));
}

export const listensOnLoopback = ({ port }: Place, { host }: Listener): FailureCause =>
  cause(
    "listens_on_loopback",
    `The app listens on port ${port}, but only on ${host}, where nothing outside its container reaches it.`,
    "Let it listen on 0.0.0.0. Many programs take that as --host 0.0.0.0 in the start command, or from a variable named HOST.",
    setting("config.command"),
  );

export const notHttp = ({ port }: Place): FailureCause =>
  cause(
    "not_http",
    `What listens on port ${port} does not speak HTTP.`,
    "If that is as it should be, let the check only open a TCP connection.",
    setting("config.health.kind"),
  );

export const tooSlow = (path: string, limitSeconds: number, tookMs: number): FailureCause =>
  cause(
    "too_slow",
    `${path} answers after ${seconds(tookMs)}, and a check waits ${limitSeconds} s.`,
    `Raise the limit of one check above ${seconds(tookMs)}, or check a path that answers sooner.`,
    setting("config.health.timeoutSeconds"),
  );

export const noAnswerInTime = (path: string, waitedMs: number): FailureCause =>
  cause(
    "too_slow",
    `${path} did not answer, even in ${seconds(waitedMs)}.`,
    "Check a path that answers at once, or find out what the app waits for.",
    setting("config.health.path"),
  );

export const wrongPath = (path: string): FailureCause =>
  cause(
    "wrong_path",
    `The app answers at /, but ${path} is not there (404).`,
    "Set the health path to one that the app has.",
    setting("config.health.path"),
  );

export function unexpectedAnswer(path: string, status: number, codes: string): FailureCause {
  const sentence = `${path} answered ${status}, and ${codes} is expected.`;
  const make = (remedy: string, where: readonly [FailurePlace, (string | null)?]) =>
    cause("unexpected_answer", sentence, remedy, where);
  if (status >= 500) return make("That is an error of the app itself; its lines may say which.", APP);
  if (status === 401 || status === 403) {
    return make(
      "Check a path that needs no sign-in, or send what it asks for as a header.",
      setting("config.health.path"),
    );
  }
  if (status === 404) return make("Set the health path to one that the app has.", setting("config.health.path"));
  return make(`If ${status} is a good answer, add it to the expected codes.`, setting("config.health.codes"));
}

export const wrongBody = (path: string, body: string): FailureCause =>
  cause(
    "wrong_body",
    `${path} answers, but "${body}" is not in what it says.`,
    "Correct the text that is looked for, or check a path that says it.",
    setting("config.health.body"),
  );

export const hostRefused = (host: string, status: number): FailureCause =>
  cause(
    "host_refused",
    `The app answers requests for localhost, but refuses those for ${host} (${status}).`,
    "Add the host name to those that the app allows. Visitors ask for it too.",
    ["variables"],
  );

export const redirectsToHttps = (path: string): FailureCause =>
  cause(
    "redirects_to_https",
    `${path} redirects to itself over https, also when the request says that it came by https: visitors would be sent round for ever.`,
    "Let the app trust the header X-Forwarded-Proto that the router sends, or let it not redirect at all.",
    APP,
  );

export const checkCommandFailed = (seen: string): FailureCause =>
  cause(
    "check_command_failed",
    `The check's command never ended well: ${seen}.`,
    "Correct the command, or what it complains about.",
    setting("config.health.command"),
  );

export const imageCheckFailed = (seen: string): FailureCause =>
  cause(
    "image_check_failed",
    `The image's own HEALTHCHECK never ended well: ${seen}.`,
    "Correct the HEALTHCHECK in the Dockerfile or what it complains about, or choose another kind of check.",
    setting("config.health.kind"),
  );

export const imageCheckMissing = (isProcess: boolean): FailureCause =>
  cause(
    "image_check_missing",
    isProcess
      ? "The check is to be the image's own HEALTHCHECK, and a process has no image."
      : "The check is to be the image's own HEALTHCHECK, and the image has none.",
    isProcess
      ? "Choose another kind of check."
      : "Add a HEALTHCHECK to the Dockerfile, or choose another kind of check.",
    setting("config.health.kind"),
  );

export const notThroughRouter = (seen: string): FailureCause =>
  cause(
    "not_through_router",
    `The release answers its check, but not the way visitors come, through the router: ${seen}.`,
    "Let the health path answer every visitor alike, whatever their host name and browser are.",
    APP,
  );

export const noAnswer = (waitedMs: number, checks: number, seen: string): FailureCause =>
  cause(
    "no_answer",
    `The app did not become healthy in ${seconds(waitedMs)} and ${checks} checks (${seen}).`,
    "Look at its lines, and at the port, the health check and the start period.",
    setting("config.health"),
  );

export const removedByOther = (): FailureCause =>
  cause("removed_by_other", "The app's instance was removed by someone else.", "Deploy again.", ["server"]);

export const crashLoop = (how: string): FailureCause =>
  cause("crash_loop", `The app ${how} before it was healthy.`, "Its last lines say why.", APP);

export const outOfMemory = (limitMb: number, peakMb: number | null): FailureCause =>
  cause(
    "out_of_memory",
    `The app needed more memory than its limit of ${limitMb} MB${peakMb === null ? "" : ` (it had taken ${peakMb} MB)`} and was ended.`,
    "Raise the memory limit.",
    setting("config.resources.memoryMb"),
  );

export const heapExhausted = (heapMb: number | null): FailureCause =>
  cause(
    "out_of_memory",
    `The app ran out of heap${heapMb === null ? "" : ` at ${heapMb} MB`} and ended itself.`,
    "Give Node.js a larger heap with the variable NODE_OPTIONS, for example --max-old-space-size=1024.",
    ["variables", "NODE_OPTIONS"],
  );

export const nameNotResolved = (name: string | null, variable: string | null): FailureCause =>
  cause(
    "name_not_resolved",
    `The app cannot find ${name === null ? "a server by its name" : `the server ${name}`}: no name server knows it.`,
    variable === null
      ? "Correct the host name that the app is given, most likely in a variable."
      : `Correct the host name in the variable ${variable}.`,
    ["variables", variable],
  );

export const permissionDenied = (path: string | null): FailureCause =>
  cause(
    "permission_denied",
    `The app may not use ${path ?? "a file or folder"}: it runs as an ordinary user, not as root.`,
    path === null
      ? "Give what it writes to its user when the image is built, or let it write below /tmp."
      : `Give ${path} to its user when the image is built (RUN mkdir and chown), or let it write below /tmp.`,
    setting("config.build"),
  );

export const portDenied = (port: number | null, { isProcess, port: asked }: Place): FailureCause =>
  cause(
    "permission_denied",
    `The app may not listen on port ${port ?? "below 1024"}: it runs as an ordinary user, not as root.`,
    isProcess
      ? "Let it listen on the port in PORT."
      : `Let it listen on the port in PORT (${asked}), and set a port above 1023.`,
    isProcess ? APP : setting("config.port"),
  );

export const portTaken = (port: number | null): FailureCause =>
  cause(
    "port_taken",
    `The app wants ${port === null ? "a port" : `port ${port}`} that another program has, maybe its own earlier release.`,
    "Let it listen on the port in PORT, which is another for each release.",
    APP,
  );

export const commandNotFound = (program: string, isOwnCommand: boolean, where: string): FailureCause =>
  cause(
    "command_not_found",
    isOwnCommand
      ? `The program "${program}" of the start command does not exist ${where}.`
      : `The program "${program}" that the app starts with does not exist ${where}.`,
    isOwnCommand ? "Correct the start command." : "Set a start command, or correct the one in the Dockerfile.",
    setting("config.command"),
  );

export const commandNotExecutable = (program: string): FailureCause =>
  cause(
    "command_not_executable",
    `"${program}" cannot be run: it is no program, or the app's user may not run it.`,
    "Correct the start command, or make the file executable (chmod +x).",
    setting("config.command"),
  );

export const wrongArchitecture = (program: string, machine: string, serverMachine: string): FailureCause =>
  cause(
    "wrong_architecture",
    `${program} was made for ${machine}, and this server is ${serverMachine}.`,
    `Build the image for linux/${serverMachine}, or for both.`,
    setting("config.build"),
  );

const seconds = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);
