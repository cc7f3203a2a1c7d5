import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { type AppRepository, makeRepository } from "./make-repository.ts";
import { type RunningWindlass, startWindlass } from "./start-windlass.ts";

export { expect };

interface Options {
  runtime: "docker" | "process";
}

/** A Windlass and a repository for the journey, gone with it. */
export const test = base.extend<
  { repository: AppRepository },
  { windlass: RunningWindlass; runtime: Options["runtime"] }
>({
  runtime: ["docker", { option: true, scope: "worker" }],
  windlass: [
    async ({ runtime }, use) => {
      const windlass = await startWindlass({ runtime });
      await use(windlass);
      await windlass.stop();
    },
    { scope: "worker", timeout: 240_000 },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads which fixtures are wanted from this pattern
  repository: async ({}, use) => {
    const repository = makeRepository();
    await use(repository);
    repository.remove();
  },
});

export const ADMINISTRATOR = {
  name: "Grace Hopper",
  email: "grace@example.com",
  password: "a canary that nobody may see",
  team: "Harbour",
} as const;

/** From the one-time link to the console. */
export async function setUp(page: Page, windlass: RunningWindlass): Promise<void> {
  await page.goto(windlass.setupLink);
  await expectAccessible(page);
  await page.getByLabel("Your name").fill(ADMINISTRATOR.name);
  await page.getByLabel("E-mail").fill(ADMINISTRATOR.email);
  await page.getByLabel("Password", { exact: false }).first().fill(ADMINISTRATOR.password);
  await page.getByLabel("Team").fill(ADMINISTRATOR.team);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.waitForURL(`${windlass.console}/`);
}

/** axe finds nothing on the page as it is, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const told = violations.map(
      ({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join("\n  ")}`,
    );
    expect(told, `${page.url()} in ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
