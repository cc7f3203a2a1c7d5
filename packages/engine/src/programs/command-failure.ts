import { DomainError } from "@windlass/domain";
import type { CommandRequest } from "../ports.ts";

/** How a command ended that did not end well; null when it did. */
export interface CommandEnd {
  exitCode: number | null;
  signal?: string | null;
  outOfMemory?: boolean;
  isOutOfTime?: boolean;
  /** Oldest first */
  lastLines: string[];
}

const MEANS: Record<CommandRequest["purpose"], string> = {
  release: "Nothing of the new release takes traffic.",
  "post-deploy": "The new release is live all the same.",
};

export function commandFailure(request: CommandRequest, end: CommandEnd): DomainError {
  const { purpose, argv, timeoutMs } = request;
  const name = `The ${purpose} command (${argv.join(" ")})`;
  const how = end.isOutOfTime
    ? `took longer than its ${Math.round(timeoutMs / 1000)} seconds and was ended. Give it more time in the settings, or make it quicker`
    : end.outOfMemory
      ? "used more memory than the limit and was ended. Raise the memory limit"
      : end.signal
        ? `was ended by ${end.signal}. Its last lines show what it did`
        : `ended with exit code ${end.exitCode ?? "unknown"}. Its last lines show why`;
  const evidence = end.lastLines.filter((line) => line.trim() !== "").slice(-20);
  return new DomainError("command_failed", `${name} ${how}. ${MEANS[purpose]}`, {
    field: purpose === "release" ? "config.releaseCommand" : "config.postDeployCommand",
    evidence,
  });
}
