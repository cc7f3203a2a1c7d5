import { errorMessage, StartFailure } from "../start-failure.ts";

const send = (message: object) =>
  new Promise<void>((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });

export const reportProgress = (progress: unknown): Promise<void> => send({ type: "progress", progress });

/** Runs the helper's work and hands its result, or its failure, to the supervisor. */
export async function report(work: () => Promise<unknown>): Promise<void> {
  // The supervisor is gone: nobody waits for this any more.
  process.on("disconnect", () => process.exit(1));
  try {
    await send({ type: "result", result: (await work()) ?? null });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    const isTold = error instanceof StartFailure;
    await send({
      type: "failed",
      message: errorMessage(error),
      todo: isTold ? error.todo : "The supervisor's log in the data folder tells more.",
      evidence: isTold ? error.evidence : [],
    });
  }
  process.exit(0);
}
