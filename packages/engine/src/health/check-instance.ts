import type { HealthCheck, StartedInstance } from "@windlass/domain";
import type { Examiner, ProgramOutcome } from "../ports.ts";
import { type ProbeResult, probeHttp, probeTcp } from "./probe.ts";

/** What one check of an instance saw. */
export interface CheckResult {
  isHealthy: boolean;
  /** What was seen, in words */
  seen: string;
  /** Of a check over the network */
  probe?: ProbeResult;
  /** Of a command in the instance */
  outcome?: ProgramOutcome;
  /** The image was to bring the check and has none */
  isCheckMissing?: boolean;
  /** Neither well nor ill yet: it has not run for long enough */
  isPending?: boolean;
}

export interface CheckRequest {
  instance: StartedInstance;
  check: HealthCheck;
  /** The host name that visitors ask for */
  host: string;
  /** For how long it has run without a restart */
  runningMs: number;
  signal: AbortSignal;
}

/** Checks an instance once. */
export async function checkInstance(examiner: Examiner, request: CheckRequest): Promise<CheckResult> {
  const { instance, check, host, runningMs, signal } = request;
  switch (check.kind) {
    case "http": {
      const probe = await probeHttp({ address: instance.address, check, host, signal });
      return { isHealthy: probe.isHealthy, seen: probe.seen, probe };
    }
    case "tcp": {
      const probe = await probeTcp(instance.address, check.timeoutSeconds, signal);
      return { isHealthy: probe.isHealthy, seen: probe.seen, probe };
    }
    case "command":
      return runCheck(examiner, request, check.command);
    case "image": {
      const { imageCheck } = await examiner.examine(instance.name);
      if (imageCheck) return runCheck(examiner, request, imageCheck);
      return { isHealthy: false, isCheckMissing: true, seen: "the image has no HEALTHCHECK" };
    }
    case "uptime": {
      const isHealthy = runningMs >= check.seconds * 1000;
      const seen = `it has run for ${Math.floor(runningMs / 1000)} of ${check.seconds} s`;
      return { isHealthy, isPending: !isHealthy, seen };
    }
  }
}

async function runCheck(
  examiner: Examiner,
  { instance, check, signal }: CheckRequest,
  argv: readonly string[],
): Promise<CheckResult> {
  const outcome = await examiner.run(instance.name, argv, check.timeoutSeconds * 1000, signal);
  const last = outcome.lines.at(-1);
  const said = last === undefined ? "" : `: ${last}`;
  const seen = outcome.isTooSlow
    ? `"${argv[0]}" did not end within ${check.timeoutSeconds} s${said}`
    : outcome.exitCode === null
      ? `"${argv[0]}" could not be run${said}`
      : `"${argv[0]}" ended with ${outcome.exitCode}${said}`;
  return { isHealthy: outcome.exitCode === 0, seen, outcome };
}
