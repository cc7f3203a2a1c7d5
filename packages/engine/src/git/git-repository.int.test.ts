import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppSource, GitAddress, GitRef, Secret } from "@windlass/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { SourceAccess, SourceRepository } from "../ports.ts";
import { makeContext, until } from "../testing/runtime-contract.ts";
import { type GitHttpServer, serveGitOverHttp } from "../testing/serve-git-over-http.ts";
import { startTestSshServer, type TestSshServer } from "../testing/start-ssh-server.ts";
import { createGitRepository } from "./create-git-repository.ts";
import { scanHostKeys } from "./scan-host-keys.ts";

vi.setConfig({ testTimeout: 60_000 });

const CANARY = "ghp_canaryCANARY0123456789canary";
const CANARY_HEADER = Buffer.from(`x-access-token:${CANARY}`).toString("base64");

let base: string;
let origin: string;
let work: string;
let cacheFolder: string;
let server: GitHttpServer;
let folders = 0;

const git = (folder: string, ...argv: string[]): string =>
  execFileSync(
    "git",
    ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always", ...argv],
    {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    },
  ).trim();

function commit(files: Record<string, string>, message = "Change", folder = work): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git(folder, "add", "-A");
  git(folder, "commit", "-q", "--allow-empty", "-m", message);
  git(folder, "push", "-q", "origin", "HEAD");
  return git(folder, "rev-parse", "HEAD");
}

const newFolder = (): string => {
  const folder = join(base, `folder-${folders++}`);
  mkdirSync(folder);
  return folder;
};

const accessTo = (url: string, parts: Partial<SourceAccess> = {}): SourceAccess => ({
  source: { kind: "git", url: GitAddress.parse(url) },
  repositoryToken: null,
  deployKey: null,
  sshHostKeys: [],
  ...parts,
});

const ref = (name: string): GitRef => GitRef.parse(name);

const newRepository = (parts: Partial<Parameters<typeof createGitRepository>[0]> = {}): SourceRepository =>
  createGitRepository({
    cacheFolder,
    allowedFileRoots: [base],
    allowPlainHttp: true,
    privateRanges: ["127.0.0.0/8"],
    ...parts,
  });

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "windlass-git-"));
  origin = join(base, "served", "app.git");
  work = join(base, "work");
  git(base, "init", "-q", "--bare", "-b", "main", origin);
  git(base, "clone", "-q", origin, work);
  git(work, "checkout", "-q", "-b", "main");
  commit({ "package.json": '{"name":"app"}\n', "src/index.js": "one\n", "web/Dockerfile": "FROM scratch\n" }, "First");
  server = await serveGitOverHttp({ folder: join(base, "served") });
});

afterAll(async () => {
  await server?.close();
  rmSync(base, { recursive: true, force: true });
});

beforeEach(() => {
  cacheFolder = join(base, `cache-${folders++}`);
});

const transports = [
  ["http", () => accessTo(`${server.url}/app.git`)],
  ["a folder of this server", () => accessTo(origin)],
] as const;

describe.each(transports)("source repository over %s", (_name, access) => {
  it("resolves a branch, a tag, a commit and the default branch to the commit they mean now", async () => {
    const repository = newRepository();
    const first = git(work, "rev-parse", "HEAD");
    git(work, "tag", "-f", "-a", "v1", "-m", "Version 1");
    git(work, "push", "-q", "-f", "origin", "v1");
    const second = commit({ "src/index.js": `two ${folders}\n` }, "Second, with a subject");
    const context = makeContext();
    const shaOf = async (name: GitRef | "") => {
      const resolved = await repository.resolve(access(), name, context);
      return resolved.kind === "git" ? resolved.commit.sha : undefined;
    };
    expect(await shaOf(ref("main"))).toBe(second);
    expect(await shaOf("")).toBe(second);
    expect(await shaOf(ref("v1"))).toBe(first);
    expect(await shaOf(ref(first))).toBe(first);
    expect(await shaOf(ref(second.slice(0, 9)))).toBe(second);
    expect(await shaOf(ref("refs/heads/main"))).toBe(second);
    expect(await repository.resolve(access(), ref("main"), context)).toEqual({
      kind: "git",
      commit: {
        sha: second,
        author: "Ada",
        message: "Second, with a subject",
        committedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
      tree: git(work, "rev-parse", "HEAD^{tree}"),
    });
  });

  it("names what a folder holds: the same for each commit that has the same there", async () => {
    rmSync(join(work, ".gitattributes"), { force: true });
    symlinkSync("src", join(work, "linked"));
    const first = commit({ "src/index.js": `same ${folders}\n`, "docs/page": `first ${folders}\n` });
    const second = commit({ "docs/page": `second ${folders}\n` });
    const repository = newRepository();
    const treeOf = async (sha: string, folder?: string) => {
      const resolved = await repository.resolve(access(), ref(sha), makeContext(), folder);
      return resolved.kind === "git" ? resolved.tree : undefined;
    };
    expect(await treeOf(first, "src")).toBe(git(work, "rev-parse", "HEAD:src"));
    expect(await treeOf(second, "src")).toBe(await treeOf(first, "src"));
    expect(await treeOf(second, "docs")).not.toBe(await treeOf(first, "docs"));
    expect(await treeOf(second)).not.toBe(await treeOf(first));
    expect(await treeOf(first)).toBe(git(work, "rev-parse", `${first}^{tree}`));
    for (const none of ["linked", "src/index.js", "absent", "*"]) expect(await treeOf(second, none)).toBeNull();
    // Attributes above say how files are written, and a link may lead out of the folder to what says which are sent.
    const third = commit({ ".gitattributes": `*.js eol=crlf # ${folders}\n` });
    expect(await treeOf(third, "src")).not.toBe(await treeOf(second, "src"));
    symlinkSync("../ignored", join(work, "src/.dockerignore"));
    expect(await treeOf(commit({}), "src")).toBeNull();
    rmSync(join(work, "linked"));
    rmSync(join(work, "src/.dockerignore"));
    rmSync(join(work, ".gitattributes"));
    commit({});
  });

  it("prefers a branch to a tag of the same name", async () => {
    const tagged = git(work, "commit-tree", "HEAD^{tree}", "-m", "Tagged");
    const branch = git(work, "commit-tree", "HEAD^{tree}", "-m", "On the branch");
    git(work, "push", "-q", "-f", "origin", `${tagged}:refs/tags/both`, `${branch}:refs/heads/both`);
    const resolved = await newRepository().resolve(access(), ref("both"), makeContext());
    expect(resolved).toMatchObject({ commit: { sha: branch } });
  });

  it("follows a name that it fetched before: moved, rewritten, only a tag's now, gone", async () => {
    const repository = newRepository();
    const shaOf = async (name: string) => {
      const resolved = await repository.resolve(access(), ref(name), makeContext());
      return resolved.kind === "git" ? resolved.commit.sha : undefined;
    };
    const made = (subject: string) => git(work, "commit-tree", "HEAD^{tree}", "-m", subject);
    const [first, rewritten, tagged] = [made("First"), made("Rewritten"), made("Tagged")];
    git(work, "push", "-q", "-f", "origin", `${first}:refs/heads/moves`);
    expect(await shaOf("moves")).toBe(first);
    const next = git(work, "commit-tree", "HEAD^{tree}", "-p", first, "-m", "Next");
    git(work, "push", "-q", "origin", `${next}:refs/heads/moves`);
    expect(await shaOf("moves")).toBe(next);
    git(work, "push", "-q", "-f", "origin", `${rewritten}:refs/heads/moves`);
    expect(await shaOf("moves")).toBe(rewritten);
    git(work, "push", "-q", "origin", ":refs/heads/moves", `${tagged}:refs/tags/moves`);
    expect(await shaOf("moves")).toBe(tagged);
    git(work, "push", "-q", "origin", ":refs/tags/moves");
    await expect(shaOf("moves")).rejects.toMatchObject({ code: "ref_not_found" });
  });

  it("writes exactly the commit's files, with modes and inner links, and no .git", async () => {
    chmodSync(join(work, "src/index.js"), 0o755);
    mkdirSync(join(work, "links"), { recursive: true });
    rmSync(join(work, "links/inside"), { force: true });
    symlinkSync("../src/index.js", join(work, "links/inside"));
    const sha = commit({ ".gitattributes": "src export-ignore\n", "a b/ü.txt": "text" });
    const folder = newFolder();
    await newRepository().fetch(access(), sha, folder, makeContext());
    expect(readFileSync(join(folder, "a b/ü.txt"), "utf8")).toBe("text");
    expect(lstatSync(join(folder, "src/index.js")).mode & 0o111).not.toBe(0);
    expect(readlinkSync(join(folder, "links/inside"))).toBe("../src/index.js");
    expect(existsSync(join(folder, ".git"))).toBe(false);
    expect(readdirSync(folder, { recursive: true }).length).toBeGreaterThan(5);
  });

  it("fetches only what is new, and again what its cache lost", async () => {
    const repository = newRepository();
    await repository.resolve(access(), ref("main"), makeContext());
    const sha = commit({ "src/index.js": `three ${folders}\n` });
    const folder = newFolder();
    await repository.fetch(access(), sha, folder, makeContext());
    expect(readFileSync(join(folder, "src/index.js"), "utf8")).toContain("three");
    rmSync(cacheFolder, { recursive: true });
    await repository.fetch(access(), sha, newFolder(), makeContext());
  });

  it("tells the commits between two, newest first, with the count of those left out", async () => {
    const repository = newRepository();
    const from = commit({}, "From");
    await repository.resolve(access(), ref("main"), makeContext());
    for (const n of [1, 2, 3]) commit({ n: `${n} ${folders}` }, `Change ${n}`);
    const to = git(work, "rev-parse", "HEAD");
    const history = await repository.history(access(), from, to, 2, makeContext());
    expect(history.commits.map(({ message }) => message)).toEqual(["Change 3", "Change 2"]);
    expect(history).toMatchObject({ omitted: 1, isBackwards: false });
    const back = await repository.history(access(), to, from, 10, makeContext());
    expect(back).toEqual({ commits: [], omitted: 0, isBackwards: true });
  });

  it("says that it goes backwards when what is live was rewritten away", async () => {
    const to = git(work, "rev-parse", "HEAD");
    const history = await newRepository().history(access(), "1".repeat(40), to, 10, makeContext());
    expect(history).toMatchObject({ commits: [{ sha: to }], isBackwards: true });
  });

  it("lists branches and the default one, and leaves nothing on disk", async () => {
    git(work, "branch", "-f", "feature/x");
    git(work, "push", "-q", "-f", "origin", "feature/x");
    const listed = await newRepository().branches(access(), makeContext());
    expect(listed.defaultBranch).toBe("main");
    expect(listed.branches).toEqual(expect.arrayContaining(["feature/x", "main"]));
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  it("reads small files of a commit, below a folder, without following links", async () => {
    rmSync(join(work, "web/link"), { force: true });
    symlinkSync("/etc/passwd", join(work, "web/link"));
    const sha = commit({ "web/Dockerfile": "FROM scratch\n", "web/big": "x".repeat(300_000), "web/src/a.js": "a" });
    rmSync(join(work, "web/link"));
    commit({}, "Without the link");
    const files = await newRepository().read(
      access(),
      sha,
      "web",
      ["Dockerfile", "link", "big", "missing", "src", "src/a.js", "-n", "*"],
      makeContext(),
    );
    expect(files.files).toEqual({ Dockerfile: "FROM scratch\n", "src/a.js": "a" });
    expect(files.entries.sort()).toEqual(["Dockerfile", "big", "link", "src/"]);
    const missing = newRepository().read(access(), sha, "nowhere", [], makeContext());
    await expect(missing).rejects.toMatchObject({
      code: "source_refused",
      message: expect.stringContaining("nowhere"),
    });
  });

  it("names the ref that does not exist", async () => {
    for (const name of ["mian", "deadbeef99", "9".repeat(40)]) {
      await expect(newRepository().resolve(access(), ref(name), makeContext())).rejects.toMatchObject({
        code: "ref_not_found",
        message: `There is no branch, tag or commit "${name}" in this repository.`,
      });
    }
  });

  it("serves many at once from one mirror", async () => {
    const repositories = [newRepository(), newRepository()];
    const sha = git(work, "rev-parse", "HEAD");
    await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (n) => {
        const folder = newFolder();
        await repositories[n % 2]?.fetch(access(), sha, folder, makeContext());
        expect(existsSync(join(folder, "package.json"))).toBe(true);
      }),
    );
    expect(readdirSync(cacheFolder)).toHaveLength(1);
  });
});

describe("a mirror", () => {
  it("works on after a fetch was killed and left its locks and half packs", async () => {
    const repository = newRepository();
    const access = accessTo(`${server.url}/app.git`);
    await repository.resolve(access, ref("main"), makeContext());
    const mirror = join(cacheFolder, readdirSync(cacheFolder)[0] ?? "");
    writeFileSync(join(mirror, "shallow.lock"), "");
    writeFileSync(join(mirror, "config.lock"), "");
    writeFileSync(join(mirror, "objects/pack/tmp_pack_x"), "half");
    writeFileSync(`${mirror}.lock`, "999999999\n1");
    const sha = commit({ after: String(folders) });
    expect(await repository.resolve(access, ref("main"), makeContext())).toMatchObject({ commit: { sha } });
    expect(existsSync(join(mirror, "objects/pack/tmp_pack_x"))).toBe(false);
    expect(existsSync(`${mirror}.lock`)).toBe(false);
  });
});

it("finds a commit that it has while the remote is away", async () => {
  const repository = newRepository();
  const access = accessTo(`${server.url}/app.git`);
  const sha = git(work, "rev-parse", "HEAD");
  await repository.resolve(access, ref("main"), makeContext());
  const away = `${origin}.away`;
  renameSync(origin, away);
  try {
    await expect(repository.resolve(access, ref("main"), makeContext())).rejects.toThrow();
    expect(await repository.resolve(access, ref(sha), makeContext())).toMatchObject({ commit: { sha } });
  } finally {
    renameSync(away, origin);
  }
});

describe("errors that people read", () => {
  const failing = (access: SourceAccess, parts = {}) =>
    newRepository(parts).resolve(access, ref("main"), makeContext());

  it("says that a repository is empty", async () => {
    git(base, "init", "-q", "--bare", "-b", "main", join(base, "served/empty.git"));
    for (const name of ["main", ""] as const) {
      const access = accessTo(`${server.url}/empty.git`);
      await expect(newRepository().resolve(access, name === "" ? "" : ref(name), makeContext())).rejects.toMatchObject({
        code: "ref_not_found",
        message: expect.stringContaining("empty"),
      });
    }
  });

  it("tells a private repository without a token from a wrong token", async () => {
    const locked = await serveGitOverHttp({ folder: join(base, "served"), token: CANARY });
    const url = `${locked.url}/app.git`;
    await expect(failing(accessTo(url))).rejects.toMatchObject({ code: "source_denied", field: "repositoryToken" });
    await expect(failing(accessTo(url, { repositoryToken: new Secret("wrong") }))).rejects.toMatchObject({
      code: "source_denied",
      message: expect.stringContaining("does not accept the access token"),
    });
    const resolved = await failing(accessTo(url, { repositoryToken: new Secret(CANARY) }));
    expect(resolved.kind).toBe("git");
    await locked.close();
  });

  it("says what is wrong with an address that leads nowhere", async () => {
    await expect(failing(accessTo("https://host.invalid/app.git"))).rejects.toMatchObject({
      code: "source_unreachable",
      message: expect.stringContaining("host.invalid cannot be found"),
    });
    const closed = await freePort();
    await expect(failing(accessTo(`http://127.0.0.1:${closed}/app.git`))).rejects.toMatchObject({
      code: "source_unreachable",
      message: expect.stringContaining("refuses the connection"),
    });
    await expect(failing(accessTo(`${server.url}/nothing.git`))).rejects.toMatchObject({ code: "source_denied" });
    await expect(failing(accessTo(newFolder()))).rejects.toMatchObject({
      code: "source_refused",
      message: expect.stringContaining("no git repository"),
    });
  });

  it("gives up on a host that accepts and never answers", async () => {
    const silent = createTcpServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/app.git`;
    await expect(failing(accessTo(url), { answerTimeoutMs: 300 })).rejects.toMatchObject({
      code: "source_unreachable",
      message: expect.stringContaining("did not answer in time"),
    });
    silent.close();
  });

  it("refuses plain http unless the operator allows it", async () => {
    const access = accessTo(`${server.url}/app.git`);
    await expect(failing(access, { allowPlainHttp: false })).rejects.toMatchObject({ code: "source_refused" });
  });

  it("reads from private addresses only where the operator opened them, over https and ssh", async () => {
    const access = accessTo(`${server.url}/app.git`);
    await expect(failing(access, { privateRanges: [] })).rejects.toMatchObject({ code: "source_refused" });
    await expect(failing(access, { privateRanges: ["127.0.0.2/32"] })).rejects.toMatchObject({
      code: "source_refused",
    });
    const overSsh = accessTo("ssh://git@127.0.0.1:22/app.git", { deployKey: new Secret("key") });
    await expect(failing(overSsh, { privateRanges: [] })).rejects.toMatchObject({ code: "source_refused" });
  });

  it("goes to the address that was checked, whatever the name leads to for others", async () => {
    const { port } = new URL(server.url);
    const address = accessTo(`http://localhost:${port}/app.git`);
    expect((await failing(address, { privateRanges: ["127.0.0.1"] })).kind).toBe("git");
  });

  it("reads a file source that belongs to another user of the server", async ({ skip }) => {
    skip(process.getuid?.() !== 0, "only root meets folders of others");
    const others = join(base, "others.git");
    execFileSync("cp", ["-r", origin, others]);
    execFileSync("chown", ["-R", "65534:65534", others]);
    expect((await failing(accessTo(others))).kind).toBe("git");
  });
});

describe("attacks", () => {
  it("refuses transports that run programs, and refs that are options, before git sees them", async () => {
    const marker = join(base, "ran");
    const urls = [`ext::sh -c touch% ${marker}`, `--upload-pack=touch ${marker}`, "fd::0", "git://localhost/x"];
    for (const url of urls) {
      // As if a bad value had been stored: the brand alone must not be what protects.
      const source = { kind: "git", url } as AppSource;
      const access = { ...accessTo(origin), source };
      await expect(newRepository().branches(access, makeContext())).rejects.toMatchObject({ code: "source_refused" });
    }
    for (const name of ["--upload-pack=touch x", "-x", "--all", "HEAD:refs/heads/x", "*"]) {
      const resolving = newRepository().resolve(accessTo(origin), name as GitRef, makeContext());
      await expect(resolving).rejects.toMatchObject({ code: "ref_not_found" });
      await expect(newRepository().fetch(accessTo(origin), name, newFolder(), makeContext())).rejects.toMatchObject({
        code: "ref_not_found",
      });
    }
    expect(existsSync(marker)).toBe(false);
  });

  it("runs nothing that a repository's hooks, attributes or configuration ask for", async () => {
    const marker = join(base, "ran-by-repository");
    const evil = join(base, "evil");
    git(base, "clone", "-q", origin, evil);
    git(evil, "config", "filter.evil.smudge", `touch ${marker}`);
    git(evil, "config", "core.fsmonitor", `touch ${marker}`);
    git(evil, "config", "uploadpack.packObjectsHook", `touch ${marker}; cat`);
    git(evil, "config", "core.sshCommand", `touch ${marker}`);
    for (const hook of ["post-checkout", "post-index-change", "pre-upload", "post-update", "reference-transaction"]) {
      writeFileSync(join(evil, ".git/hooks", hook), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    }
    writeFileSync(join(evil, ".gitattributes"), "* filter=evil diff=evil\n");
    writeFileSync(join(evil, ".lfsconfig"), `[lfs]\n\turl = ext::touch ${marker}\n`);
    execFileSync(
      "git",
      ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "filter.evil.smudge=", "add", "-A"],
      { cwd: evil },
    );
    execFileSync(
      "git",
      [
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "user.name=E",
        "-c",
        "user.email=e@e",
        "commit",
        "-qm",
        "evil",
      ],
      { cwd: evil },
    );
    const sha = readFileSync(join(evil, ".git/refs/heads/main"), "utf8").trim();
    rmSync(marker, { force: true });
    const folder = newFolder();
    await newRepository().fetch(accessTo(evil), sha, folder, makeContext());
    expect(readFileSync(join(folder, ".gitattributes"), "utf8")).toContain("filter=evil");
    expect(existsSync(marker)).toBe(false);
  });

  it("does not follow submodules, and says so", async () => {
    const parent = join(base, "parent");
    git(base, "init", "-q", "-b", "main", parent);
    git(parent, "submodule", "add", "-q", origin, "libs/inner");
    writeFileSync(join(parent, "own"), "own");
    git(parent, "add", "-A");
    git(parent, "commit", "-qm", "With a submodule");
    const folder = newFolder();
    const context = makeContext();
    await newRepository().fetch(accessTo(parent), git(parent, "rev-parse", "HEAD"), folder, context);
    expect(readdirSync(join(folder, "libs/inner"))).toEqual([]);
    expect(context.lines.map(({ text }) => text).join("\n")).toContain("Submodules are not fetched");
  });

  it("refuses a submodule whose address or path is an option or leads out", async () => {
    const marker = join(base, "ran-by-submodule");
    const parent = join(base, "tricky");
    git(base, "init", "-q", "-b", "main", parent);
    writeFileSync(join(parent, ".gitmodules"), `[submodule "../../x"]\n\tpath = a\n\turl = -u./touch ${marker}\n`);
    git(parent, "add", "-A");
    git(parent, "commit", "-qm", "Tricky");
    const fetching = newRepository().fetch(
      accessTo(parent),
      git(parent, "rev-parse", "HEAD"),
      newFolder(),
      makeContext(),
    );
    await expect(fetching).rejects.toMatchObject({ code: "source_refused" });
    expect(existsSync(marker)).toBe(false);
  });

  it("refuses a commit with a link that leads out of it, and names the link", async () => {
    const linked = join(base, "linked");
    for (const [name, links] of Object.entries({
      absolute: { out: "/etc/passwd" },
      upwards: { "deep/out": "../../etc" },
      chained: { a: "b/..", b: "deep/..", out: "a/../../etc" },
    })) {
      rmSync(linked, { recursive: true, force: true });
      git(base, "init", "-q", "-b", "main", linked);
      mkdirSync(join(linked, "deep"));
      for (const [path, target] of Object.entries(links)) symlinkSync(target, join(linked, path));
      git(linked, "add", "-A");
      git(linked, "commit", "-qm", name);
      const folder = newFolder();
      const fetching = newRepository().fetch(accessTo(linked), git(linked, "rev-parse", "HEAD"), folder, makeContext());
      await expect(fetching).rejects.toMatchObject({
        code: "source_refused",
        message: expect.stringContaining("out"),
      });
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("refuses a tree that would write into .git or above the folder", async () => {
    const hand = join(base, "hand.git");
    git(base, "init", "-q", "--bare", "-b", "main", hand);
    const hash = (type: string, content: Buffer) =>
      execFileSync("git", ["hash-object", "-w", "--literally", "-t", type, "--stdin"], {
        cwd: hand,
        input: content,
        encoding: "utf8",
      }).trim();
    const blob = hash("blob", Buffer.from("evil"));
    for (const name of [".git", "..", ".GIT", "a/../../evil"]) {
      const entry = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, "hex")]);
      const tree = hash("tree", entry);
      const sha = hash("commit", Buffer.from(`tree ${tree}\nauthor A <a@a> 1 +0000\ncommitter A <a@a> 1 +0000\n\nx\n`));
      git(hand, "update-ref", "refs/heads/main", sha);
      const folder = newFolder();
      const fetching = newRepository().fetch(accessTo(hand), sha, folder, makeContext());
      await expect(fetching).rejects.toMatchObject({ code: "source_refused" });
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("refuses file sources outside the operator's folders, through links too", async () => {
    const inside = newFolder();
    const outside = mkdtempSync(join(tmpdir(), "windlass-outside-"));
    git(outside, "init", "-q", "-b", "main");
    git(outside, "commit", "-q", "--allow-empty", "-m", "Secret");
    symlinkSync(outside, join(inside, "link"));
    symlinkSync(outside, join(inside, "whole"));
    const worktree = join(inside, "worktree");
    mkdirSync(worktree);
    writeFileSync(join(worktree, ".git"), `gitdir: ${outside}/.git\n`);
    const borrowing = join(inside, "borrowing");
    git(inside, "init", "-q", "--bare", borrowing);
    writeFileSync(join(borrowing, "objects/info/alternates"), `${outside}/.git/objects\n`);
    const linkedRefs = join(inside, "linked-refs");
    git(inside, "init", "-q", "--bare", linkedRefs);
    rmSync(join(linkedRefs, "refs"), { recursive: true });
    symlinkSync(join(outside, ".git/refs"), join(linkedRefs, "refs"));
    for (const path of [outside, join(inside, "link"), join(inside, "whole/.git"), worktree, borrowing, linkedRefs]) {
      const branches = newRepository({ allowedFileRoots: [inside] }).branches(accessTo(path), makeContext());
      await expect(branches, path).rejects.toMatchObject({ code: "source_refused" });
    }
    rmSync(outside, { recursive: true });
  });

  it("refuses a commit with too many or too large files before it writes one", async () => {
    const sha = git(work, "rev-parse", "HEAD");
    for (const limit of [{ maxEntries: 3 }, { maxTotalBytes: 10 }]) {
      const folder = newFolder();
      await expect(newRepository(limit).fetch(accessTo(origin), sha, folder, makeContext())).rejects.toMatchObject({
        code: "source_refused",
        message: expect.stringContaining("at most"),
      });
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("does not follow a host that sends it elsewhere, and gives nobody else the token", async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const sender = createServer((request, response) => {
      response
        .writeHead(302, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}${request.url}` })
        .end();
    });
    await new Promise<void>((resolve) => sender.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(sender.address() as AddressInfo).port}/app.git`;
    const access = accessTo(url, { repositoryToken: new Secret(CANARY) });
    await expect(newRepository().branches(access, makeContext())).rejects.toMatchObject({
      code: "source_refused",
      message: expect.stringContaining("another one"),
    });
    expect(seen).toEqual([]);
    other.close();
    sender.close();
  });

  it("keeps the token out of arguments, files, log and errors, and ends within a second of being cancelled", async () => {
    const slow = await serveGitOverHttp({ folder: join(base, "served"), token: CANARY, delayMs: 60_000 });
    const access = accessTo(`${slow.url}/app.git`, { repositoryToken: new Secret(CANARY) });
    const controller = new AbortController();
    const context = makeContext(controller.signal);
    const fetching = newRepository()
      .resolve(access, ref("main"), context)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    await until(
      async () => processes().filter(({ argv }) => argv.includes(cacheFolder) && argv.includes("fetch")),
      (found) => found.length > 0 && slow.packRequests > 0,
    );
    for (const { argv } of processes()) expect(argv).not.toMatch(new RegExp(`${CANARY}|${CANARY_HEADER}`));
    const begun = performance.now();
    controller.abort();
    const error = await fetching;
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(error).toMatchObject({ code: "cancelled" });
    expect(processes().filter(({ argv }) => argv.includes(cacheFolder))).toEqual([]);
    await slow.close();

    const wrong = await serveGitOverHttp({ folder: join(base, "served"), token: "another" });
    const denied = await newRepository()
      .resolve(accessTo(`${wrong.url}/app.git`, { repositoryToken: new Secret(CANARY) }), ref("main"), context)
      .catch((thrown: unknown) => thrown);
    await wrong.close();
    const open = await serveGitOverHttp({ folder: join(base, "served"), token: CANARY });
    const openAccess = accessTo(`${open.url}/app.git`, { repositoryToken: new Secret(CANARY) });
    const done = makeContext();
    const folder = newFolder();
    await newRepository().fetch(openAccess, git(work, "rev-parse", "HEAD"), folder, done);
    await open.close();
    const printed = JSON.stringify([error, denied, (denied as Error).stack, context.lines, done.lines]);
    for (const secret of [CANARY, CANARY_HEADER]) {
      expect(printed).not.toContain(secret);
      for (const file of [...filesBelow(cacheFolder), ...filesBelow(folder)]) {
        expect(readFileSync(file).includes(secret), file).toBe(false);
      }
    }
  });

  it("gives a different credential a mirror of its own", async () => {
    const locked = await serveGitOverHttp({ folder: join(base, "served"), token: CANARY });
    const sha = git(work, "rev-parse", "HEAD");
    const access = accessTo(`${locked.url}/app.git`, { repositoryToken: new Secret(CANARY) });
    await newRepository().fetch(access, sha, newFolder(), makeContext());
    const stranger = { ...access, repositoryToken: new Secret("stolen-guess") };
    await expect(newRepository().fetch(stranger, sha, newFolder(), makeContext())).rejects.toMatchObject({
      code: "source_denied",
    });
    await locked.close();
  });
});

describe.skipIf(!existsSync("/usr/sbin/sshd"))("source repository over ssh [needs sshd]", () => {
  let ssh: TestSshServer;

  beforeAll(async () => {
    ssh = await startTestSshServer();
  });
  afterAll(async () => {
    await ssh?.close();
  });

  const sshAccess = (parts: Partial<SourceAccess> = {}) =>
    accessTo(`ssh://${ssh.user}@127.0.0.1:${ssh.port}${origin}`, {
      deployKey: new Secret(ssh.privateKey),
      sshHostKeys: ssh.knownHostsLines,
      ...parts,
    });

  it("fetches with a deploy key and a confirmed host key, and leaves no key behind", async () => {
    const sha = git(work, "rev-parse", "HEAD");
    const folder = newFolder();
    const context = makeContext();
    expect(await newRepository().resolve(sshAccess(), ref("main"), context)).toMatchObject({ commit: { sha } });
    await newRepository().fetch(sshAccess(), sha, folder, context);
    expect(existsSync(join(folder, "package.json"))).toBe(true);
    expect(readdirSync(cacheFolder).filter((name) => !name.endsWith(".git"))).toEqual([]);
    const secret = ssh.privateKey.split("\n")[2] ?? "";
    for (const file of filesBelow(cacheFolder)) expect(readFileSync(file).includes(secret), file).toBe(false);
  });

  it("asks a person to confirm an unknown host, with the keys to compare", async () => {
    const unknown = newRepository().resolve(sshAccess({ sshHostKeys: [] }), ref("main"), makeContext());
    const error = await unknown.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "host_key_unknown" });
    const [line = "", fingerprint] = (error as { evidence: string[] }).evidence;
    expect(line).toMatch(/^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+$/);
    expect(fingerprint).toBe(ssh.fingerprint);
    const confirmed = newRepository().branches(sshAccess({ sshHostKeys: [line] }), makeContext());
    expect((await confirmed).defaultBranch).toBe("main");
    const [scanned] = await scanHostKeys("127.0.0.1", ssh.port, { address: "127.0.0.1" });
    expect(scanned).toEqual({ knownHostsLine: line, fingerprint: ssh.fingerprint });
  });

  it("refuses a host whose key changed", async () => {
    const [line = ""] = ssh.knownHostsLines;
    const [name, type] = line.split(" ");
    const other = ssh.otherHostKey.split(" ")[1];
    const changed = newRepository().branches(sshAccess({ sshHostKeys: [`${name} ${type} ${other}`] }), makeContext());
    await expect(changed).rejects.toMatchObject({
      code: "source_refused",
      message: expect.stringContaining("different host key"),
    });
  });

  it("takes no confirmed line for another host, and no authority", async () => {
    const [line = ""] = ssh.knownHostsLines;
    for (const forged of [line.replace(/^\S+/, "*"), `@cert-authority ${line}`, line.replace(/^\S+/, "example.com")]) {
      const branches = newRepository().branches(sshAccess({ sshHostKeys: [forged] }), makeContext());
      await expect(branches).rejects.toMatchObject({ code: "host_key_unknown" });
    }
  });

  it("tells a key that is not accepted, one that cannot be read, and one that is missing", async () => {
    const deny = (deployKey: Secret | null) => newRepository().branches(sshAccess({ deployKey }), makeContext());
    await expect(deny(new Secret(ssh.strangerKey))).rejects.toMatchObject({
      code: "source_denied",
      field: "deployKey",
      message: expect.stringContaining("does not accept the deploy key"),
    });
    await expect(deny(new Secret("not a key"))).rejects.toMatchObject({
      code: "source_denied",
      message: expect.stringContaining("cannot be read"),
    });
    await expect(deny(null)).rejects.toMatchObject({ code: "source_denied", field: "deployKey" });
  });

  it("works from a cache folder whose name a shell would take apart", async () => {
    const odd = join(base, `odd $(touch ${"x"}); '%h & name-${folders++}`);
    const sha = git(work, "rev-parse", "HEAD");
    const repository = newRepository({ cacheFolder: odd });
    expect(await repository.resolve(sshAccess(), ref("main"), makeContext())).toMatchObject({ commit: { sha } });
  });
});

async function freePort(): Promise<number> {
  const probe = createTcpServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

function processes(): { pid: string; argv: string }[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => {
      try {
        return { pid, argv: readFileSync(`/proc/${pid}/cmdline`, "utf8") };
      } catch {
        return { pid, argv: "" };
      }
    });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
