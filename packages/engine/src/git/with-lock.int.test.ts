import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGitMirrors } from "./git-mirrors.ts";
import { withLock } from "./with-lock.ts";

const never = new AbortController().signal;
const PROCESSES = 3;
const TURNS = 20;

describe("withLock", () => {
  let base: string;
  let lock: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "windlass-lock-"));
    lock = join(base, "x.lock");
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it("lets one in at a time, in order, and goes on after one fails", async () => {
    let inside = 0;
    const order: number[] = [];
    const works = [0, 1, 2, 3].map((n) =>
      withLock(lock, never, async () => {
        expect(++inside).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        order.push(n);
        if (n === 1) throw new Error("failed");
      }).catch(() => {}),
    );
    await Promise.all(works);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(await readdir(base)).toEqual([]);
  });

  it("takes over the lock of a process that is gone, or whose pid is another's by now", async () => {
    for (const holder of ["999999999\n5", `${process.pid}\n1`]) {
      await writeFile(lock, holder);
      expect(await withLock(lock, never, async () => "done")).toBe("done");
    }
  });

  it("lets in one of several processes at a time, also when the one before died with the lock", async () => {
    await writeFile(lock, "999999999\n5");
    const counter = join(base, "counter");
    await writeFile(counter, "0");
    const script = `
      import { readFile, writeFile } from "node:fs/promises";
      import { withLock } from ${JSON.stringify(join(import.meta.dirname, "with-lock.ts"))};
      for (let n = 0; n < ${TURNS}; n++) {
        await withLock(${JSON.stringify(lock)}, new AbortController().signal, async () => {
          const count = Number(await readFile(${JSON.stringify(counter)}, "utf8"));
          await new Promise((resolve) => setTimeout(resolve, 2));
          await writeFile(${JSON.stringify(counter)}, String(count + 1));
        });
      }`;
    const run = promisify(execFile);
    const argv = ["--input-type=module", "--eval", script];
    await Promise.all(Array.from({ length: PROCESSES }, () => run(process.execPath, argv)));
    expect(await readFile(counter, "utf8")).toBe(String(PROCESSES * TURNS));
    expect(await readdir(base)).toEqual(["counter"]);
  });

  it("lets a waiting caller go at once when it is cancelled, and disturbs nobody", async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const first = withLock(lock, never, () => held);
    const controller = new AbortController();
    const second = withLock(lock, controller.signal, async () => "never");
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "cancelled" });
    const third = withLock(lock, never, async () => "third");
    letGo();
    await first;
    expect(await third).toBe("third");
  });

  it("guards the removal of a mirror, which stays when somebody used it meanwhile", async () => {
    await mkdir(join(base, "unused.git"));
    await mkdir(join(base, "used.git"));
    const mirrors = createGitMirrors(base);
    const old = new Date(Date.now() - 1000 * 60 * 60 * 24 * 60);
    for (const name of ["unused.git", "used.git"]) await utimes(join(base, name), old, old);
    const listed = await mirrors.list();
    expect(listed).toHaveLength(2);
    await utimes(join(base, "used.git"), new Date(), new Date());
    for (const mirror of listed) await mirrors.remove(mirror);
    expect(await readdir(base)).toEqual(["used.git"]);
  });
});
