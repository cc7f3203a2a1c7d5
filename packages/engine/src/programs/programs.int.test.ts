import { describe, expect, it } from "vitest";
import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";
import { until } from "../testing/runtime-contract.ts";
import { findFamily } from "./end-family.ts";
import { listProcesses, parseStat, readProcess } from "./list-processes.ts";
import { OutputTooLarge, ProgramTimeout, runProgram } from "./run-program.ts";
import { splitLines } from "./split-lines.ts";

const run = (script: string, parts: Partial<Parameters<typeof runProgram>[0]> = {}) =>
  runProgram({ argv: [process.execPath, "-e", script], env: { PATH: "/usr/bin:/bin" }, cwd: "/", ...parts });

describe("runProgram", () => {
  it("gives the output and exit code, and nothing of our own environment", async () => {
    const result = await run("process.stdout.write(JSON.stringify(process.env)); process.exit(3)");
    expect(result.exitCode).toBe(3);
    expect(Object.keys(JSON.parse(result.stdout.toString()))).toEqual(["PATH"]);
  });

  it("waits for a slow reader and loses no line", async () => {
    let lines = 0;
    await run("for (let n = 0; n < 5000; n++) console.log('line ' + n)", {
      onStdout: async () => {
        lines++;
        if (lines % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      },
    });
    expect(lines).toBe(5000);
  });

  it("ends everything when it is cancelled, deaf children in sessions of their own too", async () => {
    const controller = new AbortController();
    const mark = `test:${process.pid}`;
    const seen: string[] = [];
    const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
    const script = `${deaf} require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(deaf)}], { detached: true, stdio: "inherit" }); console.log("ready")`;
    const running = run(script, { signal: controller.signal, mark, onStdout: (line) => void seen.push(line) }).catch(
      (error: unknown) => error,
    );
    await until(
      async () => (await findFamily({ leader: null, mark })).length,
      (count) => count === 2 && seen.includes("ready"),
    );
    const begun = performance.now();
    controller.abort();
    expect(await running).toMatchObject({ code: "cancelled" });
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(await findFamily({ leader: null, mark })).toEqual([]);
  });

  it("ends what a marked program leaves in the background", async () => {
    const mark = `left:${process.pid}`;
    const script =
      'require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "inherit" }).unref()';
    expect((await run(script, { mark })).exitCode).toBe(0);
    expect(await findFamily({ leader: null, mark })).toEqual([]);
  });

  it("ends a program that takes too long or prints too much", async () => {
    await expect(run("setInterval(() => {}, 1000)", { timeoutMs: 200 })).rejects.toBeInstanceOf(ProgramTimeout);
    const flood = run("setInterval(() => process.stdout.write('x'.repeat(65536)))", { maxOutputBytes: 100_000 });
    await expect(flood).rejects.toBeInstanceOf(OutputTooLarge);
  });

  it("rejects when the program is not there", async () => {
    const running = runProgram({ argv: ["/no/such/program"], env: {}, cwd: "/" });
    await expect(running).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("listProcesses", () => {
  it("finds this process, by the same start each time", async () => {
    const found = (await listProcesses()).find(({ pid }) => pid === process.pid);
    expect(found).toEqual(await readProcess(process.pid));
    expect(found?.parent).toBe(process.ppid);
  });

  it("reads a name that holds parentheses and spaces, and leaves zombies out", () => {
    const rest = "1 42 42 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0";
    expect(parseStat(`42 (a) S (b) S ${rest}`)).toEqual({
      pid: 42,
      parent: 1,
      group: 42,
      session: 42,
      startedAt: "777",
    });
    expect(parseStat(`42 (a) Z ${rest}`)).toBeUndefined();
  });
});

describe("splitLines", () => {
  const split = async (...chunks: (string | Buffer)[]) => {
    const lines: string[] = [];
    await splitLines(
      (async function* () {
        for (const chunk of chunks) yield Buffer.from(chunk);
      })(),
      (line) => void lines.push(line),
    );
    return lines;
  };

  it("joins what chunks cut: lines, line ends and characters", async () => {
    const euro = Buffer.from("€");
    expect(await split("a", "b\r", "\nc\rd", "\n", euro.subarray(0, 1), euro.subarray(1), "\n\nlast")).toEqual([
      "ab",
      "c",
      "d",
      "€",
      "",
      "last",
    ]);
  });

  it("hands a long line on whole, and keeps only so much of one that never ends", async () => {
    const lines = await split(
      "x".repeat(40_000),
      "\n",
      ...Array.from({ length: 30 }, () => "y".repeat(100_000)),
      "\nz",
    );
    expect(lines.map((line) => line.length)).toEqual([40_000, LONGEST_RAW_LINE, 1]);
  });
});
