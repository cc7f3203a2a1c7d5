import { chmod, chown, copyFile, lstat, mkdir, readdir, readFile, realpath, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Artifact, DomainError, diskFull } from "@windlass/domain";
import { z } from "zod";
import { explainBuild } from "../build/explain-build.ts";
import { isTakenOver } from "../pipeline/is-taken-over.ts";
import type { BuildRequest, EffectContext, ImageBuilder, OwnerLabels } from "../ports.ts";
import { staticServerFile } from "../presets/generate-dockerfile.ts";
import { findLock, type PackageJson, parsePackageJson, startCommand } from "../presets/package-json.ts";
import { BUILD_LIMIT_MS, buildTookTooLong } from "../programs/build-limit.ts";
import { folderBytes } from "../programs/folder-bytes.ts";
import { removeFolder } from "../programs/remove-folder.ts";
import { cancelled, ProgramTimeout, runProgram } from "../programs/run-program.ts";
import { listInstances } from "./instance-state.ts";
import { readJson, writeJson } from "./json-file.ts";
import { makeBinFolder } from "./make-bin-folder.ts";
import { type Folders, foldersOf, isPlainId, type ProcessRuntimeOptions, searchPath } from "./process-options.ts";

const Manifest = z.object({
  owner: z.string(),
  environmentId: z.string(),
  releaseId: z.string(),
  command: z.array(z.string()),
  origin: z.string(),
});
type Manifest = z.infer<typeof Manifest>;

const MANIFEST_FILE = "manifest.json";
const STATIC_SERVER = "static-server.mjs";
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** The app's own files in a release folder; what lies beside them is ours. */
export const appFolder = (releasePath: string): string => join(releasePath, "app");

/**
 * Builds releases as folders: the source copied, dependencies installed and the build script run in place, because tools
 * write absolute paths into what they make. A release is complete, and listed, once its manifest is written.
 *
 * Apps own their files, as they do in an image of the Node.js preset. All apps share one account: whoever needs apps kept
 * from each other's files runs them on Docker.
 */
export class ReleaseFolders implements ImageBuilder {
  readonly #options: ProcessRuntimeOptions;
  readonly #folders: Folders;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#folders = foldersOf(options);
  }

  async build(request: BuildRequest, context: EffectContext): Promise<Artifact> {
    if (context.signal.aborted) throw cancelled();
    const { labels } = request;
    const path = this.#pathOf(labels);
    const present = await readJson(join(path, MANIFEST_FILE), Manifest);
    if (present?.owner === this.#options.owner && present.releaseId === labels.releaseId) {
      await context.log("system", "This release's folder is on the server already.");
      return artifactOf(path, present);
    }
    refuseImages(request);
    await this.#removeIncomplete(dirname(path));
    try {
      const artifact = await this.#buildAt(path, request, context);
      return { ...artifact, bytes: await folderBytes(path) };
    } catch (error) {
      if (isTakenOver(context.signal)) throw error;
      await removeFolder(path);
      await rmdir(dirname(path)).catch(() => {});
      throw error;
    }
  }

  /** Apps write into their release's folder: each has its own. */
  async reuse(): Promise<null> {
    return null;
  }

  async inspect(artifact: Artifact): Promise<{ exists: boolean }> {
    return { exists: (await this.#manifestOf(artifact)) !== undefined };
  }

  async remove(artifact: Artifact): Promise<void> {
    if (artifact.kind !== "folder" || !this.#isReleaseFolder(artifact.path)) return;
    const manifest = await readJson(join(artifact.path, MANIFEST_FILE), Manifest);
    // None when a killed worker had begun to remove it: the rest goes too.
    if (manifest !== undefined && manifest.owner !== this.#options.owner) return;
    const instances = await listInstances(this.#folders.instances);
    if (instances.some((instance) => instance.releasePath === artifact.path)) return;
    // First what makes it complete: half a release is none.
    await rm(join(artifact.path, MANIFEST_FILE), { force: true });
    await removeFolder(artifact.path);
    await rmdir(dirname(artifact.path)).catch(() => {});
  }

  async listOwned(environmentId: string): Promise<{ releaseId: string; artifact: Artifact }[]> {
    if (!isPlainId(environmentId)) return [];
    const folder = join(this.#folders.releases, environmentId);
    const names = await readdir(folder).catch(() => []);
    const found = await Promise.all(
      names.map(async (name) => {
        const path = join(folder, name);
        const manifest = await readJson(join(path, MANIFEST_FILE), Manifest);
        if (manifest?.owner !== this.#options.owner) return [];
        return [{ releaseId: manifest.releaseId, artifact: artifactOf(path, manifest) }];
      }),
    );
    return found.flat();
  }

  #pathOf({ environmentId, releaseId }: OwnerLabels): string {
    if (!isPlainId(environmentId) || !isPlainId(releaseId)) throw new Error("These ids cannot name a folder.");
    return join(this.#folders.releases, environmentId, releaseId);
  }

  /** What killed builds left. Whoever builds holds the environment's lease, so no other build of it is under way. */
  async #removeIncomplete(folder: string): Promise<void> {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      if (!(await readJson(join(path, MANIFEST_FILE), Manifest))) await removeFolder(path);
    }
  }

  async #manifestOf(artifact: Artifact): Promise<Manifest | undefined> {
    if (artifact.kind !== "folder" || !this.#isReleaseFolder(artifact.path)) return undefined;
    const manifest = await readJson(join(artifact.path, MANIFEST_FILE), Manifest);
    return manifest?.owner === this.#options.owner ? manifest : undefined;
  }

  #isReleaseFolder(path: string): boolean {
    const parts = relative(this.#folders.releases, path).split("/");
    return parts.length === 2 && parts.every(isPlainId);
  }

  async #buildAt(path: string, request: BuildRequest, context: EffectContext): Promise<Artifact> {
    const { build, labels } = request;
    await this.#copySource(request, path, context);
    const app = appFolder(path);
    const manifest = await readPackageJson(app);
    const entries = await readdir(app);
    const command = await this.#prepare(request, path, manifest, entries, context);
    if (context.signal.aborted) throw cancelled();
    const record: Manifest = {
      owner: this.#options.owner,
      environmentId: labels.environmentId,
      releaseId: labels.releaseId,
      command: request.command ?? command,
      origin: build.kind,
    };
    await writeJson(join(path, MANIFEST_FILE), record);
    return artifactOf(path, record);
  }

  /** Installs and builds what there is to install and build; returns how the app starts. */
  async #prepare(
    request: BuildRequest,
    path: string,
    manifest: PackageJson | undefined,
    entries: string[],
    context: EffectContext,
  ): Promise<string[]> {
    const { build, labels } = request;
    const app = appFolder(path);
    const hasBuild = manifest?.scripts.build !== undefined;
    const command = startCommand(manifest ?? EMPTY, await withSlashes(app, entries));
    if (build.kind === "static") {
      if (manifest && hasBuild) {
        await this.#install(labels, app, manifest, entries, "with development dependencies", context);
        await this.#npm(labels, app, ["run", "build"], context);
      }
      await copyFile(fileURLToPath(staticServerFile), join(path, STATIC_SERVER));
      await chmod(join(path, STATIC_SERVER), 0o644);
      await checkServedFolder(app, build.folder);
      return ["node", `../${STATIC_SERVER}`, build.folder];
    }
    if (manifest) {
      const extent = hasBuild ? "with development dependencies" : "what runs";
      await this.#install(labels, app, manifest, entries, extent, context);
      if (hasBuild) {
        await this.#npm(labels, app, ["run", "build"], context);
        if (hasDependencies(manifest)) await this.#npm(labels, app, ["prune", "--omit=dev"], context);
      }
    }
    const start = request.command ?? command;
    if (start) return start;
    throw new DomainError(
      "build_failed",
      'Nothing says how this app starts. Add a start script to package.json, for example "start": "node server.js", or set a start command.',
      { field: "config.command" },
    );
  }

  async #install(
    labels: OwnerLabels,
    app: string,
    manifest: PackageJson,
    entries: string[],
    extent: "with development dependencies" | "what runs",
    context: EffectContext,
  ): Promise<void> {
    const lock = findLock(entries);
    const hooks = ["preinstall", "install", "postinstall", "prepare"];
    const isNeeded = lock !== undefined || hasDependencies(manifest) || hooks.some((name) => manifest.scripts[name]);
    if (!isNeeded && manifest.workspaces === undefined) return;
    const omit = extent === "what runs" ? ["--omit=dev"] : [];
    await this.#npm(labels, app, [lock === undefined ? "install" : "ci", "--no-audit", "--no-fund", ...omit], context);
  }

  async #npm(labels: OwnerLabels, cwd: string, args: string[], context: EffectContext): Promise<void> {
    const { node, npmCli, runAs = null, caFile, buildLimitMs = BUILD_LIMIT_MS } = this.#options;
    const shown = `npm ${args.filter((arg) => !arg.startsWith("--no-")).join(" ")}`;
    if (npmCli === undefined) {
      throw new DomainError(
        "build_failed",
        `${shown} is needed, but npm is not installed on this server. Install it.`,
        {
          fault: "server",
        },
      );
    }
    const home = await this.#homeOf(labels.environmentId);
    await context.log("system", shown);
    const result = await runProgram({
      argv: [node, npmCli, ...args],
      cwd,
      env: {
        PATH: searchPath([await makeBinFolder(this.#options)]),
        HOME: home,
        TMPDIR: home,
        LANG: "C.UTF-8",
        CI: "true",
        npm_config_cache: join(home, ".npm"),
        npm_config_update_notifier: "false",
        npm_config_progress: "false",
        ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
      },
      ids: runAs,
      mark: `build:${labels.releaseId}`,
      signal: context.signal,
      timeoutMs: buildLimitMs,
      onStdout: (line) => context.log("stdout", line),
      onStderr: (line) => context.log("stderr", line),
    }).catch((error: unknown) => {
      throw error instanceof ProgramTimeout ? buildTookTooLong(buildLimitMs, { cause: error }) : error;
    });
    if (result.exitCode === 0) return;
    const { exitCode, stopSignal: signal, lastLines: lines } = result;
    throw explainBuild({ where: `"${shown}"`, exitCode, signal, lines });
  }

  /** One for each environment: what a build leaves in npm's cache is met by nobody else's. */
  async #homeOf(environmentId: string): Promise<string> {
    const { runAs = null } = this.#options;
    const home = join(this.#folders.environments, environmentId);
    await mkdir(this.#folders.environments, { recursive: true, mode: 0o711 });
    await mkdir(home, { recursive: true, mode: 0o700 });
    if (runAs) await chown(home, runAs.uid, runAs.gid);
    return home;
  }

  async #copySource({ sourceFolder, build }: BuildRequest, path: string, context: EffectContext): Promise<void> {
    const { runAs = null } = this.#options;
    const source = await realpath(sourceFolder ?? "");
    const asked = join(source, "context" in build ? build.context : ".");
    const folder = await realpath(asked).catch(() => undefined);
    const isInside = folder === source || folder?.startsWith(`${source}/`);
    if (folder === undefined || !isInside || !(await stat(folder)).isDirectory()) {
      throw new DomainError("build_failed", "There is no such folder in this commit. Change the build's folder.", {
        field: "config.build.context",
      });
    }
    const app = appFolder(path);
    await mkdir(this.#options.folder, { recursive: true });
    await mkdir(app, { recursive: true, mode: 0o755 });
    await this.#copy(["cp", "-a", "--", `${folder}/.`, app], context);
    await chmod(app, 0o755);
    // Links themselves, never what they lead to.
    if (runAs) await this.#copy(["chown", "-R", "-h", "-P", `${runAs.uid}:${runAs.gid}`, "--", app], context);
  }

  async #copy(argv: [string, ...string[]], { signal }: EffectContext): Promise<void> {
    const { exitCode, lastLines } = await runProgram({
      argv,
      cwd: "/",
      env: { PATH: searchPath([]), LC_ALL: "C" },
      signal,
    });
    if (exitCode === 0) return;
    if (lastLines.some((line) => /No space left|quota exceeded/i.test(line))) {
      throw diskFull("The server's disk is full: the source could not be copied.", { evidence: lastLines });
    }
    throw new DomainError("build_failed", "The source could not be copied into the release's folder.", {
      fault: "server",
      evidence: lastLines,
    });
  }
}

const EMPTY: PackageJson = { scripts: {}, dependencies: {}, devDependencies: {} };

const artifactOf = (path: string, { command, origin }: Manifest): Artifact => ({
  kind: "folder",
  path,
  command,
  origin,
});

const hasDependencies = ({ dependencies, devDependencies }: PackageJson): boolean =>
  Object.keys(dependencies).length + Object.keys(devDependencies).length > 0;

function refuseImages({ build, image, sourceFolder }: BuildRequest): void {
  const needsDocker = (what: string, instead: string) =>
    new DomainError(
      "build_failed",
      `${what}, which needs Docker. Install Docker on this server and choose the Docker runtime${instead}.`,
      { field: "runtime" },
    );
  if (image !== null || build.kind === "none" || sourceFolder === null) throw needsDocker("This app is an image", "");
  if (build.kind === "dockerfile") {
    throw needsDocker("This app is built from a Dockerfile", ", or choose the Node.js or the static preset");
  }
}

/** Only a file of the source itself: a link would make us read something else, with rights that the app lacks. */
async function readPackageJson(app: string): Promise<PackageJson | undefined> {
  const path = join(app, "package.json");
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > MAX_MANIFEST_BYTES) return undefined;
  const manifest = parsePackageJson(await readFile(path, "utf8"));
  if ("problem" in manifest) throw new DomainError("build_failed", manifest.problem);
  return manifest;
}

async function withSlashes(app: string, entries: string[]): Promise<string[]> {
  return Promise.all(entries.map(async (name) => ((await lstat(join(app, name))).isDirectory() ? `${name}/` : name)));
}

async function checkServedFolder(app: string, folder: string): Promise<void> {
  const real = await realpath(join(app, folder)).catch(() => undefined);
  const root = await realpath(app);
  const isInside = real === root || real?.startsWith(`${root}/`);
  if (real !== undefined && isInside && (await stat(real)).isDirectory()) return;
  throw new DomainError(
    "build_failed",
    `There is no folder ${folder} to serve. Set the folder that the build script fills, or add a build script that makes it.`,
    { field: "config.build.folder" },
  );
}
