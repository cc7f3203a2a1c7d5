// Makes stand-ins for the base images that tests build on, for machines that reach no registry. A stand-in carries the
// label io.windlass.stand-in=true; an image that is there already, real or stand-in, is never touched.
// Plain JavaScript for Node 20 without dependencies. Needs root, apt's sources, npm's registry and the Docker engine.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall, engineState, findProgram, isDebian, isRoot, mustRun, run, say } from "./system.mjs";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const LABEL = "LABEL io.windlass.stand-in=true";
const EXTRA_CA = "/usr/local/share/extra-ca.pem";

const IMAGES = [
  { tag: "busybox:1", make: makeBusybox },
  { tag: "node:22-slim", make: makeNode },
];

/** Every image that tests need is there afterwards, or this throws why not. Returns one line for each. */
export async function provideTestImages() {
  if ((await engineState()) !== "answers") throw new Error("The Docker engine does not answer; start it first.");
  const lines = [];
  for (const { tag, make } of IMAGES) lines.push(`${tag}: ${await provide(tag, make)}`);
  return lines;
}

async function provide(tag, make) {
  const present = await inspect(tag);
  if (present) return present.isStandIn ? "stand-in, was here" : "real image, was here";
  say(`Pulling ${tag} …`);
  const pull = await run(["docker", "pull", "--quiet", tag]);
  if (pull.code === 0) return "pulled";
  say(`It cannot be pulled (${pull.output.split("\n").at(-1)}).`);
  if (!isRoot() || !isDebian()) throw new Error(`A stand-in for ${tag} can be made only by root on Debian or Ubuntu.`);
  say(`Making a stand-in for ${tag} …`);
  const started = Date.now();
  const folder = mkdtempSync(join(tmpdir(), "windlass-image-"));
  try {
    const { tar, changes } = await make(folder);
    if (await inspect(tag)) return "appeared meanwhile, left as it is";
    await mustRun([
      "docker",
      "import",
      ...[PATH_CHANGE, LABEL, ...changes].flatMap((change) => ["-c", change]),
      tar,
      tag,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return `stand-in, made in ${((Date.now() - started) / 1000).toFixed(1)} s`;
}

const PATH_CHANGE = `ENV ${PATH}`;

async function inspect(tag) {
  const { code, output } = await run(["docker", "image", "inspect", "--format", "{{json .Config.Labels}}", tag]);
  if (code !== 0) return undefined;
  return { isStandIn: JSON.parse(output)?.["io.windlass.stand-in"] === "true" };
}

async function needProgram(name, packageName) {
  if (!findProgram(name)) await aptInstall([packageName]);
}

async function makeBusybox(folder) {
  // The package of the same program without "-static" is linked against the system's libraries.
  if ((await run(["dpkg-query", "-W", "busybox-static"])).code !== 0) await aptInstall(["busybox-static"]);
  const root = join(folder, "root");
  for (const part of ["bin", "etc", "tmp", "proc", "sys", "dev"]) mkdirSync(join(root, part), { recursive: true });
  const program = findProgram("busybox");
  copyFileSync(program, join(root, "bin/busybox"));
  for (const applet of (await mustRun([program, "--list"])).split("\n")) {
    if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  chmodSync(join(root, "tmp"), 0o1777);
  const tar = join(folder, "image.tar");
  await mustRun([
    "tar",
    "-C",
    root,
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mtime=@0",
    "-cf",
    tar,
    ".",
  ]);
  return { tar, changes: ['CMD ["sh"]'] };
}

/** A minimal Debian from the machine's own apt sources with Node 22 and npm 10 from npm's registry. */
async function makeNode(folder) {
  await needProgram("mmdebstrap", "mmdebstrap");
  await mustRun(["npm", "pack", "--silent", `node-linux-${process.arch}@22`, "npm@10"], { cwd: folder });
  const archives = readdirSync(folder);
  const node = archives.find((name) => name.startsWith("node-linux-"));
  const npm = archives.find((name) => name.startsWith("npm-"));
  const layer = join(folder, "layer");
  mkdirSync(join(layer, "usr/local/bin"), { recursive: true });
  mkdirSync(join(layer, "usr/local/lib/node_modules/npm"), { recursive: true });
  mkdirSync(join(layer, "usr/local/share"), { recursive: true });
  await mustRun([
    "tar",
    "-C",
    join(layer, "usr/local/bin"),
    "--strip-components=2",
    "-xzf",
    join(folder, node),
    "package/bin/node",
  ]);
  await mustRun([
    "tar",
    "-C",
    join(layer, "usr/local/lib/node_modules/npm"),
    "--strip-components=1",
    "-xzf",
    join(folder, npm),
  ]);
  for (const name of ["npm", "npx"]) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(layer, "usr/local/bin", name));
    chmodSync(join(layer, `usr/local/lib/node_modules/npm/bin/${name}-cli.js`), 0o755);
  }
  symlinkSync("node", join(layer, "usr/local/bin/nodejs"));
  // Behind a proxy that signs TLS anew, npm inside a build works only when it knows that proxy's authority.
  const { NODE_EXTRA_CA_CERTS: authority } = process.env;
  const hasAuthority = authority !== undefined && existsSync(authority);
  if (hasAuthority) copyFileSync(authority, join(layer, EXTRA_CA));
  const layerTar = join(folder, "layer.tar");
  await mustRun([
    "tar",
    "-C",
    layer,
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=u+rw,go+r-w,a+X",
    "-cf",
    layerTar,
    "usr",
  ]);

  const tar = join(folder, "image.tar");
  await mustRun([
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--format=tar",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    ...["man", "doc", "locale", "info"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    `--customize-hook=tar-in ${layerTar} /`,
    '--customize-hook=chroot "$1" groupadd -g 1000 node',
    '--customize-hook=chroot "$1" useradd -u 1000 -g node -s /bin/bash -m node',
    codename(),
    tar,
    ...aptSources(),
  ]);
  return { tar, changes: [...(hasAuthority ? [`ENV NODE_EXTRA_CA_CERTS=${EXTRA_CA}`] : []), 'CMD ["node"]'] };
}

function codename() {
  const name = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (!name) throw new Error("/etc/os-release names no release.");
  return name;
}

function aptSources() {
  const listed = [
    "/etc/apt/sources.list.d/debian.sources",
    "/etc/apt/sources.list.d/ubuntu.sources",
    "/etc/apt/sources.list",
  ];
  const found = listed.filter((file) => existsSync(file) && readFileSync(file, "utf8").match(/^(deb |Types:)/m));
  if (found.length === 0) throw new Error("No apt sources were found in /etc/apt.");
  return found.slice(0, 1);
}

if (import.meta.filename === process.argv[1] || process.argv[1]?.endsWith("/test-images.mjs")) {
  try {
    for (const line of await provideTestImages()) say(line);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
