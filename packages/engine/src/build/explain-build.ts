import {
  type DomainError,
  diskFull,
  type FailureCause,
  type FailureCode,
  type FailurePlace,
  failed,
} from "@windlass/domain";

/** The command of a build that failed, as it is told to people. */
export interface FailedCommand {
  /** Such as: line 5 of Dockerfile, "RUN npm ci" */
  where: string;
  exitCode: number | null;
  /** What the builder said, where no command of the build had run */
  message?: string | undefined;
  signal?: string | null;
  /** Its last lines, oldest first */
  lines: string[];
}

/** Why a build's command failed: what its lines say in words that package managers share, else that it failed, and where. */
export function explainBuild(command: FailedCommand, cause?: unknown): DomainError {
  const { where, lines } = command;
  const evidence = [where, ...lines.filter((line) => line.trim() !== "").slice(-20)];
  if (lines.some((line) => /ENOSPC|no space left on device/i.test(line))) {
    return diskFull(`The build stopped at ${where}: it found no space left to write to.`, { evidence, cause });
  }
  return failed("build_failed", findCause(command), { evidence, cause });
}

function findCause({ where, exitCode, message, signal, lines }: FailedCommand): FailureCause {
  const text = lines.join("\n");
  const make = (code: FailureCode, sentence: string, remedy: string, place: FailurePlace): FailureCause => ({
    code,
    sentence,
    remedy,
    place,
    field: null,
  });
  const missing = find(MISSING, text);
  if (missing) {
    return make(
      "dependency_missing",
      `The build stopped at ${where}: ${missing.name ?? "a package"} does not exist where it is looked for, or may not be read.`,
      "Correct its name and version, or give the build access to where it is kept.",
      "app",
    );
  }
  if (
    /self[- ]signed certificate|unable to get (?:local )?issuer cert|certificate signed by unknown authority/i.test(
      text,
    )
  ) {
    return make(
      "dependency_unreachable",
      `The build stopped at ${where}: the certificate of the server that it downloads from is not trusted.`,
      "Where a proxy signs connections again, let builds trust its authority.",
      "server",
    );
  }
  const unreachable = find(UNREACHABLE, text);
  if (unreachable) {
    return make(
      "dependency_unreachable",
      `The build stopped at ${where}: ${unreachable.name ?? "the server that it downloads from"} cannot be reached.`,
      "Check this server's network, name resolution and proxy, and the registry's address, and try again.",
      "server",
    );
  }
  if (/heap limit Allocation failed|JavaScript heap out of memory|OutOfMemoryError/.test(text)) {
    return make(
      "build_out_of_memory",
      `The build stopped at ${where}: it ran out of memory.`,
      "Let the build take less memory, or give its programs more (NODE_OPTIONS=--max-old-space-size=… for Node.js).",
      "app",
    );
  }
  if (message !== undefined) {
    return make(
      "build_step_failed",
      `The build stopped at ${where}: ${message}.`,
      "Correct what it names and deploy again.",
      "app",
    );
  }
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${exitCode ?? "that is not known"}`;
  const memory = exitCode === 137 ? " It was killed, most likely because it took too much memory." : "";
  return make(
    "build_step_failed",
    `The build stopped at ${where}, which ${how}.${memory}`,
    "Its last lines say why: correct that and deploy again.",
    "app",
  );
}

/** Package managers on what does not exist; the first group is its name. */
const MISSING: RegExp[] = [
  /npm (?:error|ERR!) 404\s+(?:The requested resource )?'([^']+)'/,
  /npm (?:error|ERR!) (?:code E404|404 Not Found)()/,
  /No matching version found for (\S+?)\.?$/m,
  /ERR_PNPM_FETCH_404.*?GET (\S+?):/,
  /Couldn't find (?:any versions for|package) "([^"]+)"/,
  /No matching distribution found for (\S+)/,
  /Unable to locate package (\S+)/,
  /no matching package named `([^`]+)` found/,
];

/** On servers that do not answer; the first group is the server. */
const UNREACHABLE: RegExp[] = [
  /(?:network )?request to https?:\/\/([^/\s]+)\S* failed, reason/,
  /npm (?:error|ERR!) code (?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)()/,
  /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (\S+)/,
  /connect (?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (\S+)/,
  /Temporary failure resolving '([^']+)'/,
  /Could not resolve (?:host:? )?'?([\w.-]+)/,
  /Failed to connect to (\S+) port/,
  /dial tcp: lookup (\S+)/,
  /wget: bad address '([^']+)'/,
  /(?:Failed to establish a new connection|Temporary failure in name resolution)()/,
];

function find(patterns: readonly RegExp[], text: string): { name: string | null } | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text);
    if (found) return { name: found[1] || null };
  }
  return undefined;
}
