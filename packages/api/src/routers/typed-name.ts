import { isStorable } from "@windlass/domain";
import { z } from "zod";

/** The name of what shall be deleted, typed by who wants it. */
export const TypedName = z.string().max(200).refine(isStorable, "Type its name as it is shown.");
