import { expect, expectAccessible, test } from "../harness/test.ts";
import { deployAndRollBack, proveAndHold, withGitHost } from "./deploy-core.ts";

test.use({ runtime: "process" });

test("without Docker a team deploys as processes, sees it live, rolls back, sees the proof, holds its traffic and looks at the disk", async ({
  page,
  windlass,
  repository,
}) => {
  // The longest of the journeys: on a busy machine each look for what axe finds takes seconds.
  test.slow();
  const journey = { page, windlass, repository };
  await withGitHost(journey, (repositoryUrl) => deployAndRollBack(journey, repositoryUrl));
  await proveAndHold(journey);
  await page.goto(`${windlass.console}/storage`);
  await expect(page.getByRole("heading", { name: "What can be removed" })).toBeVisible();
  await expect(page.getByRole("cell", { name: "Live releases" })).toBeVisible();
  await expectAccessible(page);
});
