import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareDataFolder } from "./data-folder.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), "windlass-data-"));
});
afterEach(() => {
  spawnSync("umount", [path.join(parent, "disk")], { stdio: "ignore" });
  rmSync(parent, { recursive: true, force: true });
});

/** Mounting is root's, and not in every container. */
const canMount = (() => {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-mount-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "tmpfs", folder], { stdio: "ignore" }).status === 0;
  if (isMounted) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true, force: true });
  return isMounted;
})();

function mountDisk(options: string): string {
  const disk = path.join(parent, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]);
  return disk;
}

describe("the data folder", () => {
  it("is made with its parents, for nobody else to list", () => {
    const folder = path.join(parent, "a", "b");
    prepareDataFolder(folder);
    expect(statSync(folder).mode & 0o066).toBe(0);
    for (const name of ["logs", "run", "router"]) expect(statSync(path.join(folder, name)).mode & 0o077).toBe(0);
    prepareDataFolder(folder);
  });

  it("is refused when it is a file, or lies below one", () => {
    const file = path.join(parent, "file");
    writeFileSync(file, "");
    expect(() => prepareDataFolder(file)).toThrow(`The data folder ${file} is not a folder.`);
    expect(() => prepareDataFolder(path.join(file, "data"))).toThrow("is a file, not a folder");
  });

  it.skipIf(!canMount)("is refused on a disk that cannot be written [needs root]", () => {
    const disk = mountDisk("ro");
    expect(() => prepareDataFolder(path.join(disk, "data"))).toThrow("cannot be written by");
  });

  it.skipIf(!canMount)("is refused on a disk that is full, or nearly [needs root]", () => {
    const disk = mountDisk("size=2m");
    expect(() => prepareDataFolder(disk)).toThrow(
      /^Only 2 MB are free on the disk of .*, and Windlass needs 500 MB\.$/,
    );
    spawnSync("dd", ["if=/dev/zero", `of=${disk}/filler`, "bs=64k"], { stdio: "ignore" });
    expect(() => prepareDataFolder(disk)).toThrow(`The disk of ${disk} is full.`);
  });

  it("is refused where nobody can make one", () => {
    expect(() => prepareDataFolder("/proc/windlass/data")).toThrow("The data folder /proc/windlass/data cannot be");
  });
});
