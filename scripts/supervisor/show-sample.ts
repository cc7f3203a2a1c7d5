import type { FirstRunProgress } from "./helpers/first-run.ts";
import type { Task, Terminal } from "./terminal.ts";

const RUNTIMES = { docker: "on Docker", process: "as a process" };

/** The sample app's deployment in the terminal, step by step. */
export function showSample(terminal: Terminal) {
  let running: { name: string; task: Task } | undefined;
  const begin = (name: string, startedAt?: number) => {
    running = { name, task: terminal.task(name, 1, startedAt) };
    return running;
  };
  return {
    on(progress: FirstRunProgress): void {
      switch (progress.kind) {
        case "deploying":
          terminal.line(
            `\n  ${terminal.bold("Sample app")}  ${terminal.dim(`deploying ${RUNTIMES[progress.runtime]}`)}`,
          );
          begin("waiting for the worker");
          return;
        case "step": {
          const { task } = running?.name === progress.name ? running : begin(progress.name, progress.startedAt);
          if (progress.status === "running") return;
          running = undefined;
          if (progress.status === "succeeded") task.done("", progress.ms);
          else task.fail(progress.status === "failed" ? "" : progress.status, progress.ms);
          return;
        }
        case "note":
          terminal.settle();
          terminal.line(`    ${terminal.amber("!")} ${progress.text}`);
          return;
        case "ended":
          terminal.settle();
          if (progress.isWell) return;
          terminal.line(`    ${terminal.red("✗")} The sample app could not be deployed. ${progress.message}`);
          for (const line of progress.evidence.slice(-8)) terminal.line(`      ${terminal.dim(line)}`);
          return;
      }
    },
    end(): void {
      terminal.settle();
    },
  };
}
