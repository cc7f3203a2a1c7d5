import { snapshots } from "../live/index.ts";
import { readRuntimes } from "../operations/runtime/read-runtimes.ts";
import { accountProcedure } from "../procedures.ts";
import { RuntimesOut } from "../schemas.ts";
import { t } from "../trpc.ts";
import { live, required } from "./live-output.ts";

export const runtimeRouter = t.router({
  get: accountProcedure.output(RuntimesOut).query(({ ctx }) => readRuntimes(ctx)),
  watch: accountProcedure
    .output(live(RuntimesOut))
    .subscription(({ ctx, signal }) => snapshots(ctx.live, ["workers"], required(signal), () => readRuntimes(ctx))),
});
