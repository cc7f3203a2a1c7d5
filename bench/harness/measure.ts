import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./report.ts";

/**
 * Runs a measurement as a command: what it registered on the stack is taken back on every path, and it ends with 1 only
 * when it could not be made. A missed bar is said, not an error.
 */
export async function measure(work: (stack: AsyncDisposableStack) => Promise<void>): Promise<void> {
  const stack = new AsyncDisposableStack();
  let ending: Promise<void> | undefined;
  const end = (code: number): Promise<void> => {
    ending ??= stack
      .disposeAsync()
      .catch((error: unknown) => {
        say(`  Could not be cleaned up: ${String(error)}`);
        return 1;
      })
      .then((worst) => process.exit(worst ?? code));
    return ending;
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end(130));
  // run.ts is gone.
  if (process.channel) process.on("disconnect", () => void end(130));
  try {
    await work(stack);
    await end(0);
  } catch (error) {
    if (ending === undefined) say(`  Could not be measured: ${error instanceof Error ? error.stack : String(error)}`);
    await end(1);
  }
}

/** Asks until there is an answer; rejects after the limit. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  { everyMs = 50, limitMs = 60_000 } = {},
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await sleep(everyMs);
  }
}
