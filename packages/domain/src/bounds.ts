import { z } from "zod";
import { isStorable } from "./names.ts";

/** A command as argv. It is never handed to a shell; people who want one write `sh -c` themselves, in their image. */
export const Argv = z
  .array(
    z
      .string()
      .max(4000, "Use at most 4000 characters.")
      .refine(isStorable, "A word of a command has no null character."),
  )
  .min(1, "A command has at least one word.")
  .max(100, "A command has at most 100 words.")
  .refine((words) => (words[0] ?? "").length > 0 && !words[0]?.startsWith("-"), "A command starts with a program.");

export const seconds = (min: number, max: number) =>
  z.number().min(min, `At least ${min} seconds.`).max(max, `At most ${max} seconds.`);
