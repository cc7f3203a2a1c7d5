import { readdir, readFile, realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import dockerignore from "@balena/dockerignore";
import { DomainError } from "@windlass/domain";
import { type Pack, pack } from "tar-fs";
import type { SourceFiles } from "../ports.ts";

export interface BuildContext {
  /** Absolute path of the context's folder, links resolved */
  folder: string;
  /** Relative paths of all that is sent, folders included */
  wanted: ReadonlySet<string>;
}

/** Opens the context's folder. Rejects with source_refused when it, or the Dockerfile, lies outside the source through a link. */
export async function openContext(
  sourceFolder: string,
  contextPath: string,
  dockerfile?: string,
): Promise<BuildContext> {
  const source = await realpath(sourceFolder);
  const folder = await realInside(source, join(source, contextPath), `The build context "${contextPath}"`);
  if (dockerfile !== undefined) await realInside(folder, join(folder, dockerfile), `The Dockerfile "${dockerfile}"`);
  const rules = await readFile(join(folder, ".dockerignore"), "utf8").catch(() => "");
  const ignore = dockerignore.default().add(rules);
  const hasExceptions = /^\s*!/m.test(rules);
  const wanted = new Set<string>();

  async function walk(path: string): Promise<void> {
    for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
      const name = path === "" ? entry.name : `${path}/${entry.name}`;
      if (name === ".git") continue;
      const isIgnored = ignore.ignores(name);
      if (entry.isDirectory()) {
        if (!isIgnored) wanted.add(name);
        // A rule with ! may want something back from an ignored folder.
        if (!isIgnored || hasExceptions) await walk(name);
      } else if (!isIgnored && (entry.isFile() || entry.isSymbolicLink())) {
        wanted.add(name);
        for (let at = name.lastIndexOf("/"); at > 0; at = name.lastIndexOf("/", at - 1)) wanted.add(name.slice(0, at));
      }
    }
  }
  await walk("");
  return { folder, wanted };
}

/**
 * The context as a tar stream that is the same for the same files: no owners, no times. `extraFiles` (relative path →
 * contents) replace what has their name or their folder's; the rules of .dockerignore, which are applied already, then stay behind, or
 * the engine would apply them to the extra files too.
 */
export function packContext(context: BuildContext, extraFiles: Record<string, string> = {}): Pack {
  const names = Object.keys(extraFiles);
  // The first part of a name: a link in the source where a folder of ours goes would lead the file astray.
  const hidden = new Set([...names.map((name) => name.split("/")[0]), ...(names.length > 0 ? [".dockerignore"] : [])]);
  // tar-fs would mask the modes with this process's own umask.
  const unmasked = { umask: 0 };
  return pack(context.folder, {
    ...unmasked,
    ignore: (path) => {
      const name = relative(context.folder, path).split(sep).join("/");
      return name !== "" && (!context.wanted.has(name) || hidden.has(name.split("/")[0]));
    },
    map: (header) => Object.assign(header, { uid: 0, gid: 0, mtime: new Date(0) }),
    finalize: false,
    finish: (archive) => {
      for (const [name, contents] of Object.entries(extraFiles)) archive.entry({ name, mtime: new Date(0) }, contents);
      archive.finalize();
    },
  });
}

/** What a preset looks at: the names at the context's root, and the contents of those small files that are there. */
export async function readContext({ folder }: BuildContext, paths: readonly string[]): Promise<SourceFiles> {
  const listed = await readdir(folder, { withFileTypes: true });
  const entries = listed.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  // A link may lead out of the source, so only true files are read.
  const present = paths.filter((path) => listed.some((entry) => entry.name === path && entry.isFile()));
  const files = await Promise.all(
    present.map(async (path) => [path, await readFile(join(folder, path), "utf8")] as const),
  );
  return { entries, files: Object.fromEntries(files) };
}

async function realInside(root: string, path: string, what: string): Promise<string> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    throw new DomainError(
      "build_failed",
      `${what} does not exist in the source. Correct the path in the environment's build settings.`,
      { cause: error },
    );
  }
  if (real !== root && !real.startsWith(`${root}${sep}`)) {
    throw new DomainError(
      "source_refused",
      `${what} leads out of the source through a symbolic link. Use a path inside the repository.`,
    );
  }
  return real;
}
