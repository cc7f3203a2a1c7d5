import { mkdir, readdir, readFile, realpath, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommitSummary, DomainError, type GitUrl, parseGitUrl } from "@windlass/domain";
import { guardEgress } from "../egress/guard-egress.ts";
import type { EffectContext, SourceAccess, SourceRepository } from "../ports.ts";
import { OutputTooLarge, type ProgramResult, ProgramTimeout, runProgram } from "../programs/run-program.ts";
import { SYSTEM_PATH } from "../programs/system-path.ts";
import { checkFileSource } from "./check-file-source.ts";
import * as command from "./commands.ts";
import { findEscapingLink } from "./find-escaping-link.ts";
import { gitEnvironment, mirrorName, tokenForms, transportOf, trustConfig } from "./git-environment.ts";
import { removeStaleFolders, withPrivateFolder } from "./private-folder.ts";
import {
  isFile,
  isLink,
  isSubmodule,
  type KnownCommit,
  parseCommits,
  parseObjects,
  parseRemoteRefs,
  parseSides,
  parseTree,
  type RemoteRefs,
  type TreeEntry,
} from "./read-output.ts";
import { withSshSession } from "./ssh-session.ts";
import { translateGitError } from "./translate-git-error.ts";
import { withLock } from "./with-lock.ts";

export interface GitRepositoryOptions {
  /** Mirrors live here, one for each address and credential; ours alone */
  cacheFolder: string;
  /** Repositories on this server's disk are read only below these */
  allowedFileRoots: string[];
  allowPlainHttp: boolean;
  /** Private ranges where repositories may lie, in CIDR notation; public addresses always may */
  privateRanges: readonly string[];
  gitPath?: string;
  /** Where git, ssh and what they call are looked for */
  path?: string;
  /** Certificate authorities for https, where a proxy signs again */
  caFile?: string;
  /** Of one commit, written out */
  maxTotalBytes?: number;
  maxEntries?: number;
  /** Until a host must have answered what it has */
  answerTimeoutMs?: number;
  fetchTimeoutMs?: number;
}

const GIB = 1024 ** 3;
const MAX_READ_BYTES = 256 * 1024;
const MAX_NAMED_SUBMODULES = 10;
const MOST_KNOWN = 1000;
/** Where a mirror keeps what it fetched: names of ours, for a remote's could stand in each other's way (a, a/b). */
const KEPT_REFS = "refs/windlass";
const FULL_SHA = /^[0-9a-f]{40}$/;
const ABBREVIATED_SHA = /^[0-9a-f]{7,40}$/;

/** One call's view of a source: where it is, how it is reached, and what must not be printed. */
interface Session {
  url: GitUrl;
  /** What git is given as the address */
  remote: string;
  /** What people see of it */
  shown: string;
  mirror: string;
  env: Record<string, string>;
  hasToken: boolean;
  secrets: string[];
  context: EffectContext;
}

/**
 * Sources in git. Each address and credential has a bare mirror that fetches only what is new; it stays shallow until
 * somebody asks for history. git runs hardened (git-environment.ts), and what it would write to a folder is checked
 * before it is written: a link that leads out of the tree refuses the commit, for an app that silently lacks a file
 * is worse than one that is not deployed.
 */
export function createGitRepository(options: GitRepositoryOptions): SourceRepository {
  const {
    cacheFolder,
    gitPath = "git",
    path = SYSTEM_PATH,
    maxTotalBytes = 2 * GIB,
    maxEntries = 200_000,
    answerTimeoutMs = 30_000,
    fetchTimeoutMs = 30 * 60_000,
  } = options;
  if (/["\n\r]|\$\{/.test(cacheFolder) || !cacheFolder.startsWith("/")) {
    throw new Error(`The git cache needs an absolute folder without quotes or line breaks: ${cacheFolder}`);
  }
  const pinHost = guardEgress(options.privateRanges);
  let cleaned: Promise<void> | undefined;
  /** What git told of commits; they never change. */
  const known = new Map<string, KnownCommit>();

  async function withSession<T>(
    access: SourceAccess,
    context: EffectContext,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const url = readUrl(access);
    await mkdir(cacheFolder, { recursive: true, mode: 0o700 });
    cleaned ??= removeStaleFolders(cacheFolder);
    await cleaned;
    const begin = (remote: string, parts: { address?: string; sshConfig?: string; trustFile?: string }) => {
      const token = url.kind === "https" ? (access.repositoryToken?.reveal() ?? null) : null;
      return work({
        url,
        remote,
        shown: url.url,
        mirror: mirrorOf(url, access),
        env: gitEnvironment({
          path,
          url,
          token,
          address: parts.address ?? null,
          caFile: options.caFile ?? null,
          sshConfig: parts.sshConfig ?? null,
          trustFile: parts.trustFile ?? null,
        }),
        hasToken: token !== null,
        secrets: token === null ? [] : tokenForms(token),
        context,
      });
    };
    if (url.kind === "ssh") {
      const address = await pinHost(url.host);
      return withSshSession(cacheFolder, url, access, { signal: context.signal, path, address }, (sshConfig) =>
        begin(url.url, { sshConfig }),
      );
    }
    if (url.kind === "https") return begin(url.url, { address: await pinHost(url.host) });
    const folder = await checkFileSource(url.path, options.allowedFileRoots);
    return withPrivateFolder(cacheFolder, "trust", async (trust) => {
      const trustFile = join(trust, "gitconfig");
      await writeFile(trustFile, trustConfig(folder));
      return begin(folder, { trustFile });
    });
  }

  function mirrorOf(url: GitUrl, access: SourceAccess): string {
    const { repositoryToken, deployKey } = access;
    const credential = url.kind === "ssh" ? deployKey : url.kind === "https" ? repositoryToken : null;
    return join(cacheFolder, mirrorName(url.url, credential?.reveal() ?? null));
  }

  function readUrl(access: SourceAccess): GitUrl {
    if (access.source.kind !== "git") {
      throw new DomainError("source_refused", "This app's source is an image, not a repository.", {
        fault: "platform",
      });
    }
    const url = parseGitUrl(access.source.url);
    if ("problem" in url) throw new DomainError("source_refused", url.problem, { field: "source.url" });
    if (transportOf(url) === "http" && !options.allowPlainHttp) {
      throw new DomainError(
        "source_refused",
        "Plain http would send the code, and the token, readable to everyone on the way. Use https.",
        { field: "source.url" },
      );
    }
    return url;
  }

  /** Runs git; exit codes other than 0 and those expected reject with what git said. */
  async function git(
    session: Session,
    argv: command.GitCommand,
    extra: {
      env?: Record<string, string>;
      input?: string;
      expected?: number[];
      timeoutMs?: number;
      maxOutputBytes?: number;
    } = {},
  ): Promise<ProgramResult> {
    let result: ProgramResult;
    try {
      result = await runProgram({
        argv: [gitPath, ...argv],
        cwd: cacheFolder,
        env: { ...session.env, GIT_CEILING_DIRECTORIES: cacheFolder, ...extra.env },
        signal: session.context.signal,
        ...(extra.input === undefined ? {} : { input: extra.input }),
        ...(extra.timeoutMs === undefined ? {} : { timeoutMs: extra.timeoutMs }),
        ...(extra.maxOutputBytes === undefined ? {} : { maxOutputBytes: extra.maxOutputBytes }),
      });
    } catch (error) {
      if (error instanceof ProgramTimeout) throw translate(session, ["fatal: the operation timed out"]);
      if (error instanceof OutputTooLarge) {
        throw new DomainError("source_refused", "This repository has more files than Windlass takes.");
      }
      if ((error as NodeJS.ErrnoException).code === "ENOENT") {
        throw new DomainError("source_unreachable", "git is not installed on this server. Install it and try again.", {
          fault: "server",
          cause: error,
        });
      }
      throw error;
    }
    if (result.exitCode !== 0 && !extra.expected?.includes(result.exitCode ?? -1)) {
      throw translate(session, result.lastLines);
    }
    return result;
  }

  const translate = ({ url, hasToken, secrets }: Session, lines: string[]) =>
    translateGitError({ url, hasToken, lines: lines.map((line) => redact(line, secrets)) });

  async function listRemote(session: Session, patterns: string[]): Promise<RemoteRefs> {
    // A git folder that is none: without it, git would read the configuration of a repository that the cache lies in.
    const argv = ["--git-dir=/dev/null", ...command.listRemote(session.remote, patterns)];
    const { stdout } = await git(session, argv, { timeoutMs: answerTimeoutMs });
    return parseRemoteRefs(stdout.toString("utf8"));
  }

  const inMirror = <T>(session: Session, work: () => Promise<T>): Promise<T> =>
    withLock(`${session.mirror}.lock`, session.context.signal, async () => {
      await removeLeftovers(session.mirror);
      // The last that git makes of a repository: one without it was interrupted.
      if (!(await exists(join(session.mirror, "objects/info")))) await git(session, command.initMirror(session.mirror));
      return work();
    });

  async function findCommit(session: Session, name: string): Promise<CommitSummary | undefined> {
    const { mirror } = session;
    if (!(await exists(join(mirror, "HEAD")))) return undefined;
    const now = new Date();
    // Who uses a mirror touches it: the unused are removed.
    await utimes(mirror, now, now).catch(() => {});
    const told = known.get(await readKept(mirror, name));
    if (told) return told.commit;
    const { stdout } = await git(session, command.showCommit(mirror, name), { expected: [128] });
    const [found] = parseCommits(stdout.toString("utf8"));
    if (!found) return undefined;
    const [oldest] = known.keys();
    if (known.size >= MOST_KNOWN && oldest !== undefined) known.delete(oldest);
    known.set(found.commit.sha, found);
    return found.commit;
  }

  /**
   * Names what a commit's folder holds: by git's id of it, and of the attributes above it, which say how its files are
   * written. Null when there is no such folder, when it is a link, or when its .dockerignore is one.
   */
  async function findTree(session: Session, commit: string, folder: string): Promise<string | null> {
    if (folder === ".") return known.get(commit)?.tree ?? null;
    const above = folder.split("/").map((_, depth, parts) => parts.slice(0, depth).join("/"));
    const attributes = above.map((path) => join(path, ".gitattributes"));
    const ignore = `${folder}/.dockerignore`;
    const argv = command.listPaths(session.mirror, commit, [folder, ignore, ...attributes]);
    const entries = parseTree((await git(session, argv)).stdout.toString("utf8"));
    const tree = entries.find(({ path, type }) => path === folder && type === "tree");
    if (!tree || entries.some((entry) => entry.path === ignore && isLink(entry))) return null;
    const outer = entries.filter(({ path }) => attributes.includes(path));
    return [tree, ...outer].map(({ id }) => id).join(" ");
  }

  async function requireCommit(session: Session, name: string, asked = name): Promise<CommitSummary> {
    const commit = await findCommit(session, name);
    if (commit === undefined) throw noSuchRef(asked);
    return commit;
  }

  /** As git itself tells it (gitrepository-layout). */
  const isShallow = ({ mirror }: Session) => exists(join(mirror, "shallow"));

  /** A new mirror takes only the tip; one that has history keeps it whole. */
  async function fetchRefs(session: Session, refspecs: string[], history?: "all"): Promise<void> {
    const { mirror, remote: url } = session;
    const isNew = (await readdir(join(mirror, KEPT_REFS)).catch(() => [])).length === 0;
    const shallow = isNew || (await isShallow(session));
    const depth = history === "all" ? (shallow && !isNew ? "all" : "as it is") : shallow ? "tip" : "as it is";
    await git(session, command.fetchRefs({ mirror, url, refspecs, history: depth }), { timeoutMs: fetchTimeoutMs });
  }

  async function fetchAs(session: Session, name: string, asked = name): Promise<CommitSummary> {
    const kept = keptAs(name);
    await fetchRefs(session, [`+${name}:${kept}`]);
    return requireCommit(session, kept, asked);
  }

  const fetchEverything = (session: Session) =>
    fetchRefs(session, [`+refs/heads/*:${KEPT_REFS}/heads/*`, `+refs/tags/*:${KEPT_REFS}/tags/*`], "all");

  /** Has the commit in the mirror, or rejects: by its own name where the host allows that, else among all branches. */
  async function fetchCommit(session: Session, sha: string): Promise<CommitSummary> {
    try {
      await fetchRefs(session, [`+${sha}:${KEPT_REFS}/commits/${sha}`]);
    } catch (error) {
      if (!isUnadvertised(error)) throw error;
      await fetchEverything(session);
    }
    return requireCommit(session, sha);
  }

  /** The commit, fetched when the mirror lacks it. */
  async function ensureCommit(session: Session, commit: string): Promise<CommitSummary> {
    requireSha(commit);
    const found = await findCommit(session, commit);
    if (found) return found;
    return inMirror(session, async () => {
      const fetchedMeanwhile = await findCommit(session, commit);
      if (fetchedMeanwhile) return fetchedMeanwhile;
      await session.context.log("system", `Fetching ${commit.slice(0, 10)} from ${session.shown}`);
      return fetchCommit(session, commit);
    });
  }

  /**
   * The commit that a name means on the remote now, fetched. A branch wins over a tag of the same name. What was fetched by
   * this name before is asked for at once, which spares the remote's list; a commit that is here needs no remote at all.
   */
  async function fetchNamed(session: Session, ref: string): Promise<CommitSummary> {
    const known = FULL_SHA.test(ref) ? await findCommit(session, ref) : undefined;
    if (known) return known;
    const candidates =
      ref === "" ? ["HEAD"] : ref.startsWith("refs/") ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
    const [first = ref] = candidates;
    if (await exists(join(session.mirror, keptAs(first)))) {
      const again = await inMirror(session, () => fetchAs(session, first)).catch((error: unknown) => {
        if (!isUnadvertised(error)) throw error;
      });
      if (again) return again;
    }
    const { refs } = await listRemote(session, ref === "" ? ["HEAD", "refs/heads/*"] : candidates);
    const found = candidates.find((name) => refs.has(name));
    // The remote told which commit it is: one that was fetched before is not fetched again.
    const told = found === undefined ? ref : (refs.get(found) ?? "");
    const present = FULL_SHA.test(told) ? await findCommit(session, told) : undefined;
    if (present) return present;
    const { log } = session.context;
    if (found !== undefined) {
      const shownName = ref === "" ? "the default branch" : ref;
      return inMirror(session, async () => {
        await log("system", `Fetching ${shownName} from ${session.shown}`);
        return fetchAs(session, found, ref);
      });
    }
    if (ref === "") throw emptyRepository(refs.size > 0);
    if (!ABBREVIATED_SHA.test(ref)) {
      if (refs.size === 0 && (await listRemote(session, [])).refs.size === 0) throw emptyRepository(false);
      throw noSuchRef(ref);
    }
    return inMirror(session, async () => {
      await log("system", `Fetching ${ref.slice(0, 10)} from ${session.shown}`);
      if (FULL_SHA.test(ref)) return fetchCommit(session, ref);
      await fetchEverything(session);
      return requireCommit(session, ref);
    });
  }

  async function readRange(session: Session, from: string, to: string, limit: number) {
    const { stdout } = await git(session, command.listSides(session.mirror, from, to, limit + 1));
    const { onlyFirst, second } = parseSides(stdout.toString("utf8"));
    if (onlyFirst + second.length <= limit) {
      return { commits: second.map(({ commit }) => commit), omitted: 0, isBackwards: onlyFirst > 0 };
    }
    // There are more than were asked for: how many, and of which side, has to be counted.
    const [listed, counted] = await Promise.all([
      git(session, command.listCommits(session.mirror, from, to, limit)),
      git(session, command.countCommits(session.mirror, from, to)),
    ]);
    const commits = parseCommits(listed.stdout.toString("utf8")).map(({ commit }) => commit);
    const [onlyFrom = 0, onlyTo = 0] = counted.stdout.toString("latin1").split("\t").map(Number);
    return { commits, omitted: Math.max(0, onlyTo - commits.length), isBackwards: onlyFrom > 0 };
  }

  async function readObjects(session: Session, entries: TreeEntry[]): Promise<(Buffer | null)[]> {
    if (entries.length === 0) return [];
    const input = entries.map(({ id }) => `${id}\n`).join("");
    return parseObjects((await git(session, command.catObjects(session.mirror), { input })).stdout);
  }

  /** Refuses what must not be written, and tells what will be missing. */
  async function checkTree(session: Session, commit: string): Promise<void> {
    const { stdout } = await git(session, command.listTree(session.mirror, commit), {
      maxOutputBytes: maxEntries * 1024,
    });
    const entries = parseTree(stdout.toString("utf8"));
    if (entries.length > maxEntries) {
      throw new DomainError(
        "source_refused",
        `This commit has ${entries.length} files; at most ${maxEntries} are taken. Remove what is not needed to build the app.`,
      );
    }
    const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (bytes > maxTotalBytes) {
      throw new DomainError(
        "source_refused",
        `This commit's files take ${megabytes(bytes)} MB; at most ${megabytes(maxTotalBytes)} MB are taken. Remove what is not needed to build the app.`,
      );
    }
    const links = entries.filter(isLink);
    const tooLong = links.find((entry) => entry.size > 4096);
    const targets = tooLong ? [] : await readObjects(session, links);
    const escaping = tooLong
      ? { path: tooLong.path, target: "a very long path" }
      : findEscapingLink(new Map(links.map(({ path }, index) => [path, targets[index]?.toString("utf8") ?? ""])));
    if (escaping) {
      throw new DomainError(
        "source_refused",
        `The link ${escaping.path} leads out of the repository, to ${escaping.target}. Replace it by a file, or remove it.`,
        { evidence: [`${escaping.path} -> ${escaping.target}`] },
      );
    }
    const submodules = entries.filter(isSubmodule).map(({ path }) => path);
    if (submodules.length > 0) {
      const named = submodules.slice(0, MAX_NAMED_SUBMODULES).join(", ");
      await session.context.log("system", `Submodules are not fetched, their folders stay empty: ${named}`);
    }
    await tellOfLargeFiles(session, entries);
  }

  async function tellOfLargeFiles(session: Session, entries: TreeEntry[]): Promise<void> {
    const attributes = entries.filter(
      (entry) => entry.path === ".gitattributes" && isFile(entry) && entry.size < 65_536,
    );
    const [content] = await readObjects(session, attributes);
    if (!content?.includes("filter=lfs")) return;
    await session.context.log(
      "system",
      "Files in Git LFS are not downloaded: their pointers are written in their place",
    );
  }

  /** Nothing is written before the tree is checked. */
  async function writeTree(session: Session, commit: string, folder: string): Promise<void> {
    await checkTree(session, commit);
    await withPrivateFolder(cacheFolder, "index", async (index) => {
      const env = { GIT_INDEX_FILE: join(index, "index"), GIT_WORK_TREE: await realpath(folder) };
      await git(session, command.writeTree(session.mirror, commit), { env });
    });
  }

  return {
    resolve: (access, ref, context, folder = ".") =>
      withSession(access, context, async (session) => {
        const commit = await fetchNamed(session, ref);
        return { kind: "git", commit, tree: await findTree(session, commit.sha, folder) };
      }),

    fetch: (access, commit, folder, context) =>
      withSession(access, context, async (session) => {
        requireSha(commit);
        const write = () => writeTree(session, commit, folder);
        await write().catch(async (error: unknown) => {
          // Mostly it is there since it was resolved.
          if (await findCommit(session, commit)) throw error;
          await ensureCommit(session, commit);
          await write();
        });
      }),

    history: (access, from, to, limit, context) =>
      withSession(access, context, async (session) => {
        // Mostly it is all there. Whatever is wrong is met again below.
        const present = (await isShallow(session)) ? null : await readRange(session, from, to, limit).catch(() => null);
        if (present) return present;
        const tip = await ensureCommit(session, to);
        const before = await ensureCommit(session, from).catch((error: unknown) => {
          if (error instanceof DomainError && error.code === "ref_not_found") return undefined;
          throw error;
        });
        // What is live was rewritten away since: nothing can be said of the way between.
        if (!before) return { commits: [tip], omitted: 0, isBackwards: true };
        await inMirror(session, async () => {
          if (!(await isShallow(session))) return;
          await fetchRefs(session, [`+${to}:${KEPT_REFS}/commits/${to}`], "all").catch(async (error: unknown) => {
            if (!isUnadvertised(error)) throw error;
            await fetchEverything(session);
          });
        });
        return readRange(session, from, to, limit);
      }),

    async forget(access) {
      if (access.source.kind !== "git") return;
      const mirror = mirrorOf(readUrl(access), access);
      if (!(await exists(mirror))) return;
      await withLock(`${mirror}.lock`, new AbortController().signal, () =>
        rm(mirror, { recursive: true, force: true }),
      );
    },

    branches: (access, context) =>
      withSession(access, context, async (session) => {
        const { head, refs } = await listRemote(session, ["HEAD", "refs/heads/*"]);
        const prefix = "refs/heads/";
        const branches = [...refs.keys()]
          .filter((name) => name.startsWith(prefix))
          .map((name) => name.slice(prefix.length));
        const defaultBranch = head?.startsWith(prefix) ? head.slice(prefix.length) : null;
        return { branches: branches.sort(), defaultBranch };
      }),

    read: (access, commit, contextPath, paths, context) =>
      withSession(access, context, async (session) => {
        await ensureCommit(session, commit);
        const { mirror } = session;
        const inRoot = contextPath === ".";
        const folder = await git(session, command.listFolder(mirror, commit, contextPath), { expected: [128] });
        if (folder.exitCode !== 0) {
          throw new DomainError("source_refused", `There is no folder ${contextPath} in this commit.`, {
            field: "build.context",
          });
        }
        const entries = parseTree(folder.stdout.toString("utf8"));
        const asked = new Map(paths.map((path) => [inRoot ? path : `${contextPath}/${path}`, path]));
        const listed =
          asked.size === 0 ? undefined : await git(session, command.listPaths(mirror, commit, [...asked.keys()]));
        const found = parseTree(listed?.stdout.toString("utf8") ?? "").filter(
          (entry) => isFile(entry) && entry.size <= MAX_READ_BYTES && asked.has(entry.path),
        );
        const contents = await readObjects(session, found);
        return {
          entries: entries.map((entry) => (entry.type === "blob" ? entry.path : `${entry.path}/`)),
          files: Object.fromEntries(
            found.map((entry, index) => [asked.get(entry.path) ?? entry.path, contents[index]?.toString("utf8") ?? ""]),
          ),
        };
      }),
  };
}

/** Lock files and half packs of a git that was killed; the mirror's own lock is held, so nobody is using them. */
async function removeLeftovers(mirror: string): Promise<void> {
  const remove = async (folder: string, isLeftover: (name: string) => boolean, recursive = false) => {
    for (const name of await readdir(folder, { recursive }).catch(() => [])) {
      if (isLeftover(name)) await rm(join(folder, name), { force: true });
    }
  };
  await remove(mirror, (name) => name.endsWith(".lock"));
  await remove(join(mirror, KEPT_REFS), (name) => name.endsWith(".lock"), true);
  await remove(join(mirror, "objects/pack"), (name) => name.startsWith("tmp_"));
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

/** What a name that a mirror keeps means now; empty for any other name, and where git packed it. */
async function readKept(mirror: string, name: string): Promise<string> {
  if (!name.startsWith(`${KEPT_REFS}/`)) return "";
  return (await readFile(join(mirror, name), "latin1").catch(() => "")).trim();
}

/** Where a mirror keeps what a name of the remote meant last. */
const keptAs = (name: string): string => `${KEPT_REFS}/named/${Buffer.from(name).toString("hex").slice(0, 200)}`;

const isUnadvertised = (error: unknown): boolean =>
  error instanceof DomainError &&
  error.evidence.some((line) => /not our ref|unadvertised object|couldn't find remote ref/i.test(line));

function requireSha(commit: string): void {
  if (!FULL_SHA.test(commit)) throw new DomainError("ref_not_found", "A commit is 40 hexadecimal digits.");
}

const noSuchRef = (ref: string): DomainError =>
  new DomainError("ref_not_found", `There is no branch, tag or commit "${ref}" in this repository.`, { field: "ref" });

const emptyRepository = (hasBranches: boolean): DomainError =>
  new DomainError(
    "ref_not_found",
    hasBranches
      ? "This repository names no default branch. Choose the branch to deploy."
      : "This repository is empty. Push a commit to it, then try again.",
    { field: "ref" },
  );

const redact = (line: string, secrets: readonly string[]): string =>
  secrets.reduce((text, secret) => (secret === "" ? text : text.replaceAll(secret, "[redacted]")), line);

const megabytes = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);
