import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { measureDisks } from "./measure-disks.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "windlass-disks-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("says of a disk what df says, once for all folders on it, also for those that are still to be made", async () => {
  const disks = await measureDisks(
    [
      { path: folder, use: "sources" },
      { path: path.join(folder, "still/to/come"), use: "process" },
      { path: "/proc", use: "docker" },
    ],
    123,
  );
  expect(disks).toMatchObject([
    { path: folder, uses: ["sources", "process"], leastFreeBytes: 123 },
    { path: "/proc", uses: ["docker"], totalBytes: 0 },
  ]);
  const told = execFileSync("df", ["--block-size=1", "--output=size,avail", folder], { encoding: "utf8" });
  const [size, available] = (told.split("\n")[1] ?? "").trim().split(/\s+/).map(Number);
  expect(disks[0]?.totalBytes).toBe(size);
  // Others write and remove meanwhile.
  expect(Math.abs((disks[0]?.freeBytes ?? 0) - (available ?? 0))).toBeLessThan(2e9);
});
