import type { Page } from "@playwright/test";
import { serveGitOverHttp } from "@windlass/engine/testing/git";
import type { AppRepository } from "../harness/make-repository.ts";
import type { RunningWindlass } from "../harness/start-windlass.ts";
import { expect, expectAccessible, setUp } from "../harness/test.ts";

export interface Journey {
  page: Page;
  windlass: RunningWindlass;
  repository: AppRepository;
}

/** The heading that an app's visitors see now. */
export async function headingAt(page: Page, url: string): Promise<string> {
  const visitor = await page.context().newPage();
  try {
    await visitor.goto(url);
    return await visitor.getByRole("heading", { level: 1 }).innerText();
  } finally {
    await visitor.close();
  }
}

/** Waits on the open deployment page for its end. */
export async function expectEnd(page: Page, word: "Succeeded" | "Failed" | "Cancelled" | "Live"): Promise<void> {
  await expect(page.getByRole("main").getByText(word, { exact: true }).first()).toBeVisible({ timeout: 90_000 });
}

export const REPOSITORY_TOKEN = "repository-token-canary";

/** A private repository over smart HTTP for the time of `journey`. */
export async function withGitHost(
  { repository }: Journey,
  journey: (repositoryUrl: string) => Promise<void>,
): Promise<void> {
  const git = await serveGitOverHttp({ folder: repository.folder, token: REPOSITORY_TOKEN });
  try {
    await journey(`${git.url}/app.git`);
  } finally {
    await git.close();
  }
}

/** Opens the app's page and deploys the newest commit of its branch. */
export async function deployNewest(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Tiny" }).first().click();
  await page.waitForURL("**/apps/*");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.waitForURL("**/deployments/*");
}

/** Opens the app's page, looks at what deploying would bring, and deploys it. */
async function deployPreviewed(page: Page, commitMessage: string): Promise<void> {
  await page.getByRole("link", { name: "Tiny" }).first().click();
  await page.waitForURL("**/apps/*");
  await page.getByRole("button", { name: "More ways to deploy to Production" }).click();
  await page.getByRole("menuitem", { name: "See what would change" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(commitMessage)).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.waitForURL("**/deployments/*");
}

/** Set up, new app, first deployment, a second one, and back: what both runtimes must do. */
export async function deployAndRollBack({ page, windlass, repository }: Journey, repositoryUrl: string): Promise<void> {
  const first = repository.push("Version one");
  await setUp(page, windlass);
  await expect(page.getByRole("banner").getByRole("status")).toHaveText("Connected");
  await expectAccessible(page);

  await page.getByRole("link", { name: "New app" }).first().click();
  await page.waitForURL("**/apps/new");
  await page.getByLabel("Git address or image").fill(repositoryUrl);
  // A private repository says so before anything is saved.
  await expect(page.getByText(/access token/i).first()).toBeVisible();
  await page.getByLabel("Access token").fill(REPOSITORY_TOKEN);
  await expect(page.getByText(first.slice(0, 7)).first()).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Name", { exact: true }).fill("Tiny");
  await page.getByRole("button", { name: "Create and deploy" }).click();

  await page.waitForURL("**/deployments/*");
  await expect(page.getByText("await healthy").first()).toBeVisible();
  await expectEnd(page, "Live");
  await expect(page.getByRole("region", { name: "Log" }).getByText("Healthy after").first()).toBeVisible();
  await expect(page.getByRole("region", { name: "Log" }).getByText(REPOSITORY_TOKEN)).toHaveCount(0);
  await expectAccessible(page);
  expect(await headingAt(page, windlass.appUrl("tiny"))).toBe("Version one");

  repository.push("Version two");
  await deployPreviewed(page, "Show Version two");
  await expectEnd(page, "Live");
  await page.getByRole("tab", { name: "Plan" }).click();
  await expect(page.getByText("Show Version two").first()).toBeVisible();
  expect(await headingAt(page, windlass.appUrl("tiny"))).toBe("Version two");

  await page.getByRole("link", { name: "Tiny" }).first().click();
  await page.waitForURL("**/apps/*");
  await expectAccessible(page);
  await page
    .getByRole("button", { name: /^Roll back/ })
    .first()
    .click();
  await page.getByRole("radio", { name: new RegExp(first.slice(0, 7)) }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: `Roll back to ${first.slice(0, 7)}` }).click();
  await page.waitForURL("**/deployments/*");
  await expectEnd(page, "Live");
  expect(await headingAt(page, windlass.appUrl("tiny"))).toBe("Version one");
}

/** On an app that is live: the proof of its switch, then visitors kept out and let in again. */
export async function proveAndHold({ page, windlass }: Journey): Promise<void> {
  await page.getByRole("tab", { name: "Proof" }).click();
  await expect(page.getByText("No request failed while the traffic moved.")).toBeVisible();
  await expect(page.getByRole("img", { name: /probes from the switch on, 0 failed/ })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("link", { name: "Tiny" }).first().click();
  await page.waitForURL("**/apps/*");
  await page.getByRole("button", { name: "Hold traffic" }).click();
  await expectAccessible(page);
  await page.getByLabel("Title").fill("Back at noon");
  await page.getByRole("button", { name: "Show the maintenance page" }).click();
  await expect(page.getByText("Back at noon").first()).toBeVisible();
  await expect.poll(() => headingAt(page, windlass.appUrl("tiny"))).toBe("Back at noon");

  // A hold that was forgotten stands in the overview.
  await page.getByRole("link", { name: "Overview" }).first().click();
  await expect(page.getByText("Back at noon").first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Let visitors in" }).click();
  await expect(page.getByText("Back at noon")).toHaveCount(0);
  await expect.poll(() => headingAt(page, windlass.appUrl("tiny"))).toBe("Version one");
}
