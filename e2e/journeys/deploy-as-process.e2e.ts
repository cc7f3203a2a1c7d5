import { test } from "../harness/test.ts";
import { deployAndRollBack, withGitHost } from "./deploy-core.ts";

test.use({ runtime: "process" });

test("without Docker a team deploys as processes, sees it live and rolls back", async ({
  page,
  windlass,
  repository,
}) => {
  const journey = { page, windlass, repository };
  await withGitHost(journey, (repositoryUrl) => deployAndRollBack(journey, repositoryUrl));
});
