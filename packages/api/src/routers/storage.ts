import { isStorable } from "@windlass/domain";
import { z } from "zod";
import { snapshots } from "../live/index.ts";
import { readStorage } from "../operations/storage/read-storage.ts";
import { requestCleanUp } from "../operations/storage/request-clean-up.ts";
import { requestLook } from "../operations/storage/request-look.ts";
import { administratorProcedure } from "../procedures.ts";
import { StorageOut } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";
import { live, required } from "./live-output.ts";

const text = (most: number) => z.string().min(1).max(most).refine(isStorable, "A name has no null character.");

export const storageRouter = t.router({
  get: administratorProcedure.output(StorageOut).query(({ ctx }) => readStorage(ctx)),
  watch: administratorProcedure
    .output(live(StorageOut))
    .subscription(({ ctx, signal }) =>
      snapshots(ctx.live, ["storage", "workers"], required(signal), () => readStorage(ctx)),
    ),
  look: administratorProcedure.output(Done).mutation(async ({ ctx }) => {
    await requestLook(ctx);
    return {};
  }),
  cleanUp: administratorProcedure
    .input(z.object({ server: text(200), keys: z.array(text(1000)).min(1, "Choose what shall go.").max(5000) }))
    .output(z.object({ cleanUpId: z.string() }))
    .mutation(async ({ ctx, input }) => ({ cleanUpId: await requestCleanUp(ctx, input.server, input.keys) })),
});
