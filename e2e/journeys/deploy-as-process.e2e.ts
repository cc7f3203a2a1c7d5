import { test } from "../harness/test.ts";
import { deployAndRollBack, proveAndHold, withGitHost } from "./deploy-core.ts";

test.use({ runtime: "process" });

test("without Docker a team deploys as processes, sees it live, rolls back, sees the proof and holds its traffic", async ({
  page,
  windlass,
  repository,
}) => {
  // The longest of the journeys: on a busy machine each look for what axe finds takes seconds.
  test.slow();
  const journey = { page, windlass, repository };
  await withGitHost(journey, (repositoryUrl) => deployAndRollBack(journey, repositoryUrl));
  await proveAndHold(journey);
});
