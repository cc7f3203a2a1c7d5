import { z } from "zod";

// What the presets read of a package.json. Other people write these files: what has the wrong shape counts as absent.

const Words = z.record(z.string(), z.string()).catch({});

const PackageJson = z.object({
  scripts: Words.default({}),
  dependencies: Words.default({}),
  devDependencies: Words.default({}),
  main: z.string().optional().catch(undefined),
  workspaces: z.unknown().optional(),
});
export type PackageJson = z.infer<typeof PackageJson>;

/** The file's contents, or a sentence why it cannot be read. */
export function parsePackageJson(text: string): PackageJson | { problem: string } {
  try {
    // Editors on Windows put a byte order mark in front.
    const found = PackageJson.safeParse(JSON.parse(text.replace(/^\ufeff/, "")));
    return found.success ? found.data : { problem: "package.json does not hold an object. Correct the file." };
  } catch (error) {
    return { problem: `package.json is not valid JSON (${(error as Error).message}). Correct the file.` };
  }
}

const ENTRY_FILES = ["server.js", "index.js", "server.mjs", "index.mjs"];

/**
 * How the app starts, or undefined when nothing says so. A start script of plain words that runs node is run as it is,
 * so that signals reach the app itself; any other goes through npm, which knows its shell.
 */
export function startCommand(manifest: PackageJson, entries: readonly string[]): string[] | undefined {
  const { start, prestart, poststart } = manifest.scripts;
  if (start !== undefined && start.trim() !== "") {
    const words = prestart === undefined && poststart === undefined ? plainWords(start) : undefined;
    return words?.[0] === "node" ? words : ["npm", "start"];
  }
  const main = manifest.main?.replace(/^\.\//, "");
  if (main && isStartable(main, manifest, entries)) return ["node", main];
  const entry = ENTRY_FILES.find((name) => entries.includes(name));
  return entry === undefined ? undefined : ["node", entry];
}

/** Only the root's names are known: what lies deeper, or is made by the build, is taken at its word. */
function isStartable(main: string, manifest: PackageJson, entries: readonly string[]): boolean {
  if (!/^[A-Za-z0-9_@][A-Za-z0-9_@.+/-]*$/.test(main) || main.split("/").includes("..")) return false;
  const [first, ...deeper] = main.split("/");
  if (deeper.length === 0) return entries.includes(main);
  return entries.includes(`${first}/`) || manifest.scripts.build !== undefined;
}

/** The words of a command that no shell would read otherwise; undefined when one would. */
export function plainWords(command: string): string[] | undefined {
  const words = command.trim().split(/ +/);
  return words.every((word) => /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+:=,./-]*$/.test(word)) ? words : undefined;
}

/** True when installing runs scripts of the app or reads its other files, so those have to be there first. */
export function installsFromSource(manifest: PackageJson): boolean {
  const hooks = ["preinstall", "install", "postinstall", "prepare"];
  const all = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
  return (
    manifest.workspaces !== undefined ||
    hooks.some((name) => manifest.scripts[name] !== undefined) ||
    all.some((version) => /^(file|link|workspace):|^\.{0,2}\//.test(version))
  );
}

const LOCKS = ["package-lock.json", "npm-shrinkwrap.json"];

/** The lock file that `npm ci` would read. */
export const findLock = (entries: readonly string[]): string | undefined =>
  LOCKS.find((name) => entries.includes(name));

/** Tools that make a folder of files, and the folder; the first that a package depends on counts. */
const BUNDLERS: readonly (readonly [string, string])[] = [
  ["react-scripts", "build"],
  ["@docusaurus/core", "build"],
  ["gatsby", "public"],
  ["@11ty/eleventy", "_site"],
  ["astro", "dist"],
  ["@vue/cli-service", "dist"],
  ["parcel", "dist"],
  ["vite", "dist"],
  ["webpack", "dist"],
];

/** The folder that a known bundler fills, and its name; undefined for anything that needs a server. */
export function findBundler(manifest: PackageJson): { tool: string; folder: string } | undefined {
  const build = manifest.scripts.build ?? "";
  if (build === "") return undefined;
  const all = { ...manifest.dependencies, ...manifest.devDependencies };
  if (all.next !== undefined && /\bnext export\b/.test(build)) return { tool: "next", folder: "out" };
  if (all.next !== undefined) return undefined;
  const found = BUNDLERS.find(([name]) => all[name] !== undefined);
  return found && { tool: found[0], folder: found[1] };
}
