import { isStorable, Password } from "@windlass/domain";
import { z } from "zod";
import { changePassword } from "../operations/account/change-password.ts";
import { readMe } from "../operations/account/read-me.ts";
import { restrictedAccountProcedure } from "../procedures.ts";
import { Me } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";

export const accountRouter = t.router({
  me: restrictedAccountProcedure.output(Me).query(({ ctx }) => readMe(ctx)),
  changePassword: restrictedAccountProcedure
    .input(
      z.object({
        currentPassword: z.string().max(200).refine(isStorable, "This is not your current password."),
        newPassword: Password,
      }),
    )
    .output(Done)
    .mutation(async ({ ctx, input }) => {
      await changePassword(ctx, input);
      return {};
    }),
});
