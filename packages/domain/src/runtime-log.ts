import { z } from "zod";
import { LogStream } from "./log.ts";
import { isStorable } from "./names.ts";

/** One line that an instance wrote. `seq` counts up without gaps within the environment, over all its instances. */
export const RuntimeLogLine = z.object({
  seq: z.int().positive(),
  /** Milliseconds since the epoch */
  at: z.number(),
  stream: LogStream,
  instance: z.string(),
  text: z.string(),
  /** Where the searched words stand: from and to, in characters of the text without colours */
  matches: z.array(z.tuple([z.int(), z.int()])).optional(),
});
export type RuntimeLogLine = z.infer<typeof RuntimeLogLine>;

/** Milliseconds since the epoch that a date can be made of. */
const Time = z.number().min(-8.64e15).max(8.64e15);

/** Which lines are looked for; an empty one means all. */
export const RuntimeLogFilter = z
  .object({
    /** Words, or a regular expression; capital letters and small ones are the same */
    text: z.string().max(200, "Use at most 200 characters.").refine(isStorable, "No null characters.").default(""),
    isRegex: z.boolean().default(false),
    stream: z.enum(["stdout", "stderr"]).optional(),
    instance: z.string().max(300).refine(isStorable, "No null characters.").optional(),
    releaseId: z.uuid().optional(),
    /** Milliseconds since the epoch, both included */
    from: Time.optional(),
    until: Time.optional(),
  })
  .superRefine(({ text, isRegex }, ctx) => {
    if (!isRegex) return;
    try {
      new RegExp(text, "i");
    } catch (error) {
      const why = String((error as Error).message).replace(/^Invalid regular expression: /, "");
      ctx.addIssue({ code: "custom", path: ["text"], message: `This is not a regular expression: ${why}.` });
    }
  });
export type RuntimeLogFilter = z.infer<typeof RuntimeLogFilter>;

/** How much of its instances' output an environment keeps: whichever is reached first. */
export const LogBudget = z.object({
  megabytes: z.int().min(1, "At least 1 MB.").max(100_000, "At most 100,000 MB."),
  days: z.int().min(1, "At least 1 day.").max(3650, "At most 3650 days."),
});
export type LogBudget = z.infer<typeof LogBudget>;
