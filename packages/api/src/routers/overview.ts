import { snapshots } from "../live/index.ts";
import { readOverview } from "../operations/overview/read-overview.ts";
import { teamProcedure } from "../procedures.ts";
import { Overview } from "../schemas.ts";
import { t } from "../trpc.ts";
import { live, required, topicsOfWaiting } from "./live-output.ts";

export const overviewRouter = t.router({
  get: teamProcedure("team", "read")
    .output(Overview)
    .query(({ ctx }) => readOverview(ctx, ctx.team.id)),
  watch: teamProcedure("team", "read")
    .output(live(Overview))
    .subscription(({ ctx, signal }) =>
      snapshots(
        ctx.live,
        [`team:${ctx.team.id}`, "workers"],
        required(signal),
        () => readOverview(ctx, ctx.team.id),
        ({ active }) => topicsOfWaiting(active),
      ),
    ),
});
