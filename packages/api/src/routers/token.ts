import { DisplayName, Id } from "@windlass/domain";
import { z } from "zod";
import { createToken, readTokens, revokeToken } from "../operations/token/tokens.ts";
import { accountProcedure, teamProcedure } from "../procedures.ts";
import { TokenOut } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";

export const tokenRouter = t.router({
  list: accountProcedure.output(z.array(TokenOut)).query(({ ctx }) => readTokens(ctx)),
  create: teamProcedure("team", "read")
    .input(
      z.object({
        name: DisplayName,
        expiresInDays: z.int().min(1, "At least 1 day.").max(3650, "At most 3650 days.").nullable(),
      }),
    )
    .output(z.object({ token: z.string(), row: TokenOut }))
    .mutation(({ ctx, input }) => createToken(ctx, ctx.team, input)),
  revoke: accountProcedure
    .input(z.object({ tokenId: Id }))
    .output(Done)
    .mutation(async ({ ctx, input }) => {
      await revokeToken(ctx, input.tokenId);
      return {};
    }),
});
