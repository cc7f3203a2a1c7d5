import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockDataFolder } from "./data-lock.ts";
import { identify, isAlive } from "./process-identity.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "windlass-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const claim = (holder: object) => writeFileSync(path.join(folder, "supervisor.lock"), JSON.stringify(holder));

describe("the lock of a data folder", () => {
  it("keeps a second supervisor out and names the first", async () => {
    const lock = await lockDataFolder(folder);
    expect(lock.isTakenOver).toBe(false);
    await expect(lockDataFolder(folder)).rejects.toThrow(`already runs on ${folder}, as process ${process.pid}.`);
    lock.release();
    (await lockDataFolder(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is taken over from a supervisor that died", async () => {
    claim({ pid: 2_147_483_000, began: "1@boot", children: [] });
    const lock = await lockDataFolder(folder);
    expect(lock.isTakenOver).toBe(true);
    lock.release();
  });

  it("is taken over when its pid is another process by now", async () => {
    claim({ pid: process.pid, began: "1@an earlier boot", children: [] });
    expect((await lockDataFolder(folder)).isTakenOver).toBe(true);
  });

  it("is taken over when it cannot be read", async () => {
    writeFileSync(path.join(folder, "supervisor.lock"), '{"pid":');
    expect((await lockDataFolder(folder)).isTakenOver).toBe(true);
  });

  it("goes to exactly one of several that come at once", async () => {
    claim({ pid: 2_147_483_000, began: "1@boot", children: [] });
    const script = `
      import { lockDataFolder } from ${JSON.stringify(path.join(import.meta.dirname, "data-lock.ts"))};
      await lockDataFolder(process.argv[1]).then(() => process.stdout.write("got"), () => process.stdout.write("refused"));
      process.stdin.resume();
    `;
    const rivals = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ["--input-type=module", "--eval", script, folder], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    const answers = await Promise.all(rivals.map(async (rival) => String((await once(rival.stdout, "data"))[0])));
    for (const rival of rivals) rival.kill("SIGKILL");
    expect(answers.sort()).toEqual(["got", "refused", "refused", "refused", "refused", "refused"]);
  });

  it("ends what the dead supervisor left running", async () => {
    const leftover = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    await once(leftover, "spawn");
    const exit = once(leftover, "exit");
    const identity = identify(leftover.pid ?? 0);
    claim({ pid: 2_147_483_000, began: "1@boot", children: [identity] });
    setTimeout(() => leftover.kill("SIGTERM"), 200);
    await lockDataFolder(folder);
    expect((await exit)[1]).toBe("SIGTERM");
  });
});

describe("a process's identity", () => {
  it("outlives neither its process nor a zombie", async () => {
    const child = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    await once(child, "spawn");
    const identity = identify(child.pid ?? 0);
    expect(identity && isAlive(identity)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(identity && isAlive(identity)).toBe(false);
  });
});

it("leaves no temporary files behind", async () => {
  const lock = await lockDataFolder(folder);
  lock.recordChildren([process.pid]);
  expect(readdirSync(folder)).toEqual(["supervisor.lock"]);
  lock.release();
  expect(existsSync(path.join(folder, "supervisor.lock"))).toBe(false);
});
