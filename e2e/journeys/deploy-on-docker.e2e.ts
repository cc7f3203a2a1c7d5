import type { Page } from "@playwright/test";
import { createWindlassClient, type WindlassClient } from "@windlass/client";
import type { LogLine } from "@windlass/domain";
import { ADMINISTRATOR, expect, expectAccessible, test } from "../harness/test.ts";
import { deployAndRollBack, deployNewest, expectEnd, headingAt, REPOSITORY_TOKEN, withGitHost } from "./deploy-core.ts";

test.use({ runtime: "docker" });

const VARIABLE_SECRET = "variable-canary-value";

test("a team deploys, sees it live, rolls back, and keeps serving when a release never becomes healthy", async ({
  page,
  windlass,
  repository,
}) => {
  await withGitHost({ page, windlass, repository }, async (repositoryUrl) => {
    await deployAndRollBack({ page, windlass, repository }, repositoryUrl);

    // Give it up quickly: the settings are part of the journey.
    await page.getByRole("link", { name: "Tiny" }).first().click();
    await page.getByRole("tab", { name: "Settings" }).click();
    await expectAccessible(page);
    await page.getByLabel("Start period, seconds").fill("1");
    await page.getByLabel("Failures until given up").fill("2");
    await page.getByRole("button", { name: "Save settings" }).click();
    await page.getByRole("tab", { name: "Variables" }).click();
    await expectAccessible(page);

    repository.push("Never healthy", { healthy: false });
    await deployNewest(page);
    await expectEnd(page, "Failed");
    await expect(page.getByRole("heading", { name: "Nothing listens" })).toBeVisible();
    await expect(page.getByText("cannot reach the database").first()).toBeVisible();
    await expectAccessible(page);
    expect(await headingAt(page, windlass.appUrl("tiny"))).toBe("Version one");
    await page.getByRole("link", { name: "Change the start period" }).click();
    await expect(page.getByLabel("Start period, seconds")).toBeFocused();
  });

  // Programs do the same through the typed client, with a token that a person made.
  await page.goto(`${windlass.console}/account`);
  await page.getByLabel("Name", { exact: true }).fill("ci");
  await page.getByRole("button", { name: "Create token" }).click();
  const token = await page.getByText(/^wl_[\w-]{40,}$/).innerText();
  await expectAccessible(page);
  const client = createWindlassClient({ url: windlass.console, token });
  try {
    const [team] = (await client.api.account.me.query()).teams;
    const [app] = await client.api.app.list.query({ teamId: team?.id ?? "" });
    const environment = app?.environments[0];
    expect(environment).toMatchObject({ state: "failed", release: { number: 1 } });
    const lines = await readLog(client, environment?.lastDeployment?.id ?? "");
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_, index) => index + 1));
    expect(lines.some((line) => line.text.includes("cannot reach the database"))).toBe(true);
    const secret = { key: "API_KEY", value: VARIABLE_SECRET, isSecret: true };
    await client.api.variable.set.mutate({ environmentId: environment?.id ?? "", variables: [secret] });
  } finally {
    await client.close();
  }

  await page.goto(`${windlass.console}/apps`);
  await page.getByRole("link", { name: "Tiny" }).first().click();
  await page.getByRole("tab", { name: "Variables" }).click();
  await expect(page.getByText("API_KEY")).toBeVisible();
  await expectNoSecret(page);

  for (const path of ["/", "/apps", "/account"]) {
    await page.goto(`${windlass.console}${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expectAccessible(page);
    await expectNoSecret(page);
  }
});

/** What people and programs confided is nowhere in the page. */
async function expectNoSecret(page: Page): Promise<void> {
  const html = await page.content();
  for (const secret of [ADMINISTRATOR.password, REPOSITORY_TOKEN, VARIABLE_SECRET]) expect(html).not.toContain(secret);
}

/** The whole log of a deployment that has ended. */
function readLog({ api }: WindlassClient, deploymentId: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  return new Promise((resolve, reject) => {
    const subscription = api.deployment.log.subscribe(
      { deploymentId },
      {
        onData({ data }) {
          lines.push(...data.lines);
          if (!data.isComplete) return;
          subscription.unsubscribe();
          resolve(lines);
        },
        onError: reject,
      },
    );
  });
}
