import { BuildConfig } from "@windlass/domain";
import type { SourceFiles } from "../ports.ts";
import { findExposedPort } from "./find-exposed-port.ts";
import { findBundler, findLock, parsePackageJson, startCommand } from "./package-json.ts";

export type DetectedBuild =
  /** `port` is what the app says it listens on; null when it takes PORT */
  { build: BuildConfig; why: string; port: number | null } | { problem: string };

/**
 * How a source is built, from the names at its root and the contents of Dockerfile and package.json. What the team wrote
 * itself comes first; `build.kind` is never auto.
 */
export function detectBuild({ entries, files }: SourceFiles): DetectedBuild {
  if (entries.includes("Dockerfile")) {
    return {
      build: BuildConfig.parse({ kind: "dockerfile" }),
      why: "Found a Dockerfile.",
      port: findExposedPort(files.Dockerfile ?? ""),
    };
  }
  const page = (): DetectedBuild => ({
    build: BuildConfig.parse({ kind: "static" }),
    why: "Found index.html: the files are served as they are.",
    port: null,
  });
  const text = files["package.json"];
  if (text === undefined) return entries.includes("index.html") ? page() : { problem: nothingFound(entries) };

  const manifest = parsePackageJson(text);
  if ("problem" in manifest) return manifest;
  const bundler = manifest.scripts.start === undefined ? findBundler(manifest) : undefined;
  if (bundler) {
    return {
      build: BuildConfig.parse({ kind: "static", folder: bundler.folder }),
      why: `Found ${bundler.tool} in package.json and no start script: npm run build makes ${bundler.folder}/, which is served.`,
      port: null,
    };
  }
  const command = startCommand(manifest, entries);
  if (command) {
    const install = findLock(entries) === undefined ? "npm install, for want of a package-lock.json" : "npm ci";
    const build = manifest.scripts.build === undefined ? "" : ", builds with npm run build";
    return {
      build: BuildConfig.parse({ kind: "node" }),
      why: `Found package.json: installs with ${install}${build}, starts with ${command.join(" ")}.`,
      port: null,
    };
  }
  if (entries.includes("index.html")) return page();
  return {
    problem:
      'package.json does not say how the app starts. Add a start script, for example "start": "node server.js", or add a Dockerfile.',
  };
}

function nothingFound(entries: readonly string[]): string {
  const seen = entries.length === 0 ? "The folder is empty." : `Seen were ${entries.slice(0, 8).join(", ")}.`;
  return `There is no Dockerfile, no package.json and no index.html here. ${seen} Add a Dockerfile, or set the folder that the app is in.`;
}
