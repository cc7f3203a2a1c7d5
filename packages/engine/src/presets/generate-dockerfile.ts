import { readFileSync } from "node:fs";
import type { BuildConfig } from "@windlass/domain";
import type { SourceFiles } from "../ports.ts";
import { findLock, installsFromSource, type PackageJson, parsePackageJson, startCommand } from "./package-json.ts";

export interface GeneratedBuild {
  dockerfile: string;
  /** Path in the build context → contents, beside the source's own files */
  extraFiles: Record<string, string>;
}

const BASE = "node:22-slim";
const SERVER_PATH = ".windlass/static-server.mjs";

/** The server that static presets run; plain JavaScript that also runs by itself. */
export const staticServerFile = new URL("./static-server.mjs", import.meta.url);

/** A Dockerfile for a preset, written to be read: teams that need more save it in their repository and go on from there. */
export function generateDockerfile(build: BuildConfig, source: SourceFiles): GeneratedBuild {
  const manifest = readManifest(source);
  if (build.kind === "static") {
    const text =
      manifest?.scripts.build === undefined ? plainSite(build.folder) : builtSite(build.folder, manifest, source);
    return { dockerfile: text, extraFiles: { [SERVER_PATH]: readFileSync(staticServerFile, "utf8") } };
  }
  if (build.kind !== "node") throw new Error(`There is no preset for ${build.kind}.`);
  const dockerfile = manifest?.scripts.build === undefined ? plainApp(manifest, source) : builtApp(manifest, source);
  return { dockerfile, extraFiles: {} };
}

function readManifest({ files }: SourceFiles): PackageJson | undefined {
  const manifest = files["package.json"] === undefined ? undefined : parsePackageJson(files["package.json"]);
  return manifest && "problem" in manifest ? undefined : manifest;
}

const head = (what: string): string =>
  `# Windlass made this for ${what}. To change how it is built, save this\n# file as "Dockerfile" in the repository: from then on it is used as you wrote it.\n`;

const run = `ENV NODE_ENV=production \\
    PORT=3000`;

function plainApp(manifest: PackageJson | undefined, source: SourceFiles): string {
  return `${head("a Node.js app")}
FROM ${BASE}
${run}
WORKDIR /app

${install(manifest, source, " --omit=dev")}
${afterInstall(manifest)}
# The app does not run as root.
USER node
EXPOSE 3000
CMD ${start(manifest, source)}
`;
}

function builtApp(manifest: PackageJson, source: SourceFiles): string {
  return `${head("a Node.js app with a build script")}
# First stage: install everything and build.
FROM ${BASE} AS build
WORKDIR /app

${install(manifest, source, "")}
${afterInstall(manifest)}
RUN npm run build
# Only what runs is taken along.
RUN npm prune --omit=dev

# Second stage: what is deployed.
FROM ${BASE}
${run}
WORKDIR /app
COPY --from=build --chown=node:node /app ./

# The app does not run as root.
USER node
EXPOSE 3000
CMD ${start(manifest, source)}
`;
}

function plainSite(folder: string): string {
  return `${head("a folder of files")}
FROM ${BASE}
${run}
COPY ${copy(SERVER_PATH, "/server/static-server.mjs")}
COPY ${copy(folder === "." ? "." : `${folder}/`, "/site/")}

# The server does not run as root.
USER node
EXPOSE 3000
CMD ["node", "/server/static-server.mjs", "/site"]
`;
}

function builtSite(folder: string, manifest: PackageJson, source: SourceFiles): string {
  return `${head("a site that a build script makes")}
# First stage: install everything and build.
FROM ${BASE} AS build
WORKDIR /app

${install(manifest, source, "")}
${afterInstall(manifest)}
RUN npm run build

# Second stage: the files, and a small server for them.
FROM ${BASE}
${run}
COPY ${copy(SERVER_PATH, "/server/static-server.mjs")}
COPY --from=build ${copy(folder === "." ? "/app/" : `/app/${folder}/`, "/site/")}

# The server does not run as root.
USER node
EXPOSE 3000
CMD ["node", "/server/static-server.mjs", "/site"]
`;
}

/** Dependencies before the source, so that they are installed anew only when they change; unless they need the source. */
function install(manifest: PackageJson | undefined, { entries }: SourceFiles, flags: string): string {
  const lock = findLock(entries);
  const npm =
    lock === undefined ? `RUN npm install --no-audit --no-fund${flags}` : `RUN npm ci --no-audit --no-fund${flags}`;
  if (manifest === undefined) return "";
  if (installsFromSource(manifest)) {
    return `# Installing runs scripts of the app or reads its other files, so they come first.\nCOPY . .\n${npm}`;
  }
  const needed = ["package.json", lock, entries.includes(".npmrc") ? ".npmrc" : undefined].filter(
    (name) => name !== undefined,
  );
  return `# Installed anew only when these files change.\nCOPY ${needed.join(" ")} ./\n${npm}`;
}

const afterInstall = (manifest: PackageJson | undefined): string =>
  manifest !== undefined && installsFromSource(manifest) ? "" : "COPY . .\n";

const start = (manifest: PackageJson | undefined, { entries }: SourceFiles): string =>
  exec((manifest && startCommand(manifest, entries)) ?? ["npm", "start"]);

const exec = (words: string[]): string => `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;

/** COPY expands variables and patterns in its sources; names that hold such characters are quoted. */
function copy(from: string, to: string): string {
  if (/^[A-Za-z0-9._/@+-]+$/.test(from)) return `${from} ${to}`;
  return exec([from.replace(/[[*?]/g, "[$&]").replaceAll("$", "\\$"), to]);
}
