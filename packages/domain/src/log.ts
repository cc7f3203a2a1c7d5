import { z } from "zod";

export const LogStream = z.enum(["stdout", "stderr", "system"]);
export type LogStream = z.infer<typeof LogStream>;

/** One line of a deployment's log. `seq` counts up from 1 without gaps within the deployment. */
export const LogLine = z.object({
  seq: z.int().positive(),
  /** Milliseconds since the epoch */
  at: z.int(),
  step: z.string(),
  stream: LogStream,
  text: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

/** Longer lines are split, so that one line can never hold the whole memory of a reader. */
export const MAX_LOG_LINE_CHARACTERS = 16_384;
