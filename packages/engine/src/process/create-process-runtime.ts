import type { RuntimePorts } from "../ports.ts";
import { ProcessCommandRunner } from "./command-runner.ts";
import { ProcessInventory } from "./inventory.ts";
import { ProcessExaminer } from "./process-examiner.ts";
import type { ProcessRuntimeOptions } from "./process-options.ts";
import { ProcessOutput } from "./process-output.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import { ReleaseFolders } from "./release-folders.ts";

export type { ProcessRuntimeOptions } from "./process-options.ts";

/** Releases as folders and instances as processes: for machines without Docker. */
export function createProcessRuntime(options: ProcessRuntimeOptions): RuntimePorts {
  const runtime = new ProcessRuntime(options);
  return {
    builder: new ReleaseFolders(options),
    runtime,
    examiner: new ProcessExaminer(options),
    commands: new ProcessCommandRunner(options),
    output: new ProcessOutput(options),
    inventory: new ProcessInventory(options, runtime),
  };
}
