import { DisplayName, Email, isStorable, Password } from "@windlass/domain";
import { z } from "zod";
import { completeSetup, readSetupState } from "../operations/setup/setup.ts";
import { publicProcedure } from "../procedures.ts";
import { t } from "../trpc.ts";

const SetupKey = z.string().min(1).max(200).refine(isStorable, "This link is not valid.");

export const setupRouter = t.router({
  status: publicProcedure
    .input(z.object({ key: SetupKey }))
    .output(z.object({ state: z.enum(["open", "used", "expired", "unknown"]) }))
    .query(async ({ ctx, input }) => ({ state: await readSetupState(ctx.db, input.key) })),
  complete: publicProcedure
    .input(z.object({ key: SetupKey, name: DisplayName, email: Email, password: Password, teamName: DisplayName }))
    .output(z.object({ email: z.string() }))
    .mutation(({ ctx, input }) => completeSetup(ctx.db, input)),
});
