import { z } from "zod";

/** The output of what has nothing to tell but that it was done. */
export const Done = z.object({});
