import { readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { DomainError } from "@windlass/domain";

/**
 * The real folder of a file source. It, and everything git would read in its place (a .git that is a file, a folder of
 * objects that is a link, objects borrowed from elsewhere), has to lie below one of the operator's folders.
 */
export async function checkFileSource(path: string, allowedFileRoots: readonly string[]): Promise<string> {
  const roots = (await Promise.all(allowedFileRoots.map((root) => realpath(root).catch(() => undefined)))).filter(
    (root) => root !== undefined,
  );
  const real = await realpath(path).catch(() => undefined);
  const isBelow = (target: string) => roots.some((root) => target === root || isInside(root, target));
  // The same sentence whether it exists or not: this is not a way to ask what the server has on its disk.
  if (real === undefined || !isBelow(real)) throw outside(path);
  if (!(await stat(real)).isDirectory()) throw notARepository(path);

  const dotGit = join(real, ".git");
  const folder = (await stat(dotGit).catch(() => undefined)) ? dotGit : real;
  for (const part of ["", "objects", "objects/pack", "refs", "HEAD", "packed-refs", "config"]) {
    const target = await realpath(join(folder, part)).catch(() => undefined);
    if (target !== undefined && !isBelow(target)) throw outside(path);
  }
  if (!(await stat(folder)).isDirectory()) throw notARepository(path);
  if (await stat(join(folder, "commondir")).catch(() => undefined)) throw notARepository(path);
  const borrowed = await readFile(join(folder, "objects/info/alternates"), "utf8").catch(() => "");
  for (const line of borrowed.split("\n").filter((text) => text !== "" && !text.startsWith("#"))) {
    const target = await realpath(resolve(folder, "objects", line)).catch(() => undefined);
    if (target === undefined || !isBelow(target)) throw outside(path);
  }
  return real;
}

function isInside(root: string, target: string): boolean {
  const way = relative(root, target);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}

const outside = (path: string): DomainError =>
  new DomainError(
    "source_refused",
    `${path} is not a repository in one of the folders that this server's operator opened for sources. Use an https or ssh address, or ask the operator to open the folder.`,
    { field: "source.url" },
  );

const notARepository = (path: string): DomainError =>
  new DomainError("source_refused", `There is no git repository at ${path}. Check the address.`, {
    field: "source.url",
  });
