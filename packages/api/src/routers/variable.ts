import { EnvKey, VariableInput } from "@windlass/domain";
import { z } from "zod";
import { removeVariables, setVariables } from "../operations/variable/set-variables.ts";
import { environmentProcedure } from "../procedures.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";

const MANY = 500;

export const variableRouter = t.router({
  set: environmentProcedure("variable", "update")
    .input(z.object({ variables: z.array(VariableInput).min(1, "Name at least one variable.").max(MANY) }))
    .output(Done)
    .mutation(async ({ ctx, input }) => {
      await setVariables(ctx, ctx.environment, input.variables);
      return {};
    }),
  remove: environmentProcedure("variable", "update")
    .input(z.object({ keys: z.array(EnvKey).min(1, "Name at least one variable.").max(MANY) }))
    .output(Done)
    .mutation(async ({ ctx, input }) => {
      await removeVariables(ctx, ctx.environment, input.keys);
      return {};
    }),
});
