import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { afterAll, describe, expect, it } from "vitest";
import type { OutputBatch, OwnerLabels } from "../ports.ts";
import { removeOwned } from "../testing/docker-harness.ts";
import { DockerOutput } from "./docker-output.ts";
import { findDockerEngine } from "./find-engine.ts";
import { writeLabels } from "./names.ts";

const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.skipIf("problem" in found)("the output of a container [needs docker]", () => {
  const engine = "problem" in found ? (undefined as unknown as Dockerode) : found.engine;
  const owner = `output-${randomUUID()}`;
  const output = new DockerOutput({ engine, owner });
  const labels: OwnerLabels = {
    owner,
    teamId: "t",
    appId: "a",
    appSlug: "a",
    environmentId: "e",
    environmentSlug: "e",
    deploymentId: "d",
    releaseId: "r",
  };
  afterAll(() => removeOwned(engine, owner));

  async function run(script: string, logSize = "10m"): Promise<Dockerode.Container> {
    const container = await engine.createContainer({
      name: `wl-output-${randomUUID()}`,
      Image: "busybox:1",
      Cmd: ["sh", "-c", script],
      Labels: writeLabels(labels),
      HostConfig: { LogConfig: { Type: "json-file", Config: { "max-size": logSize, "max-file": "3" } } },
    });
    await container.start();
    return container;
  }
  const nameOf = async (container: Dockerode.Container) => (await container.inspect()).Name.slice(1);

  /** Reads until `isEnough`, or to the end. */
  async function read(name: string, after: unknown, isEnough: (lines: string[]) => boolean = () => false) {
    const lines: string[] = [];
    let position = after;
    const stop = new AbortController();
    for await (const batch of output.follow(name, after, stop.signal)) {
      lines.push(...textOf(batch));
      position = JSON.parse(JSON.stringify(batch.position));
      if (isEnough(lines)) stop.abort();
    }
    return { lines, position };
  }

  it("is read whole, once and in order, through many readers, a restart and its removal", async () => {
    const lines = 4000;
    const container = await run(
      `i=0; while [ $i -lt ${lines} ]; do echo out $i; [ $((i % 3)) = 0 ] && echo err $i >&2; i=$((i+1)); done; printf end; exec sleep 600`,
    );
    const name = await nameOf(container);
    const all: string[] = [];
    let position: unknown = null;
    const isWhole = (some: string[]) => some.includes(`out ${lines - 1}`) && some.includes(`err ${lines - 1}`);
    for (let reader = 1; !isWhole(all); reader++) {
      const isEnough = (some: string[]) => some.length >= 100 + reader * 37 || isWhole([...all, ...some]);
      const part = await read(name, position, isEnough);
      all.push(...part.lines);
      position = part.position;
    }
    // It says one more thing, stops, runs again, and goes.
    const rest = read(name, position, (some) => some.filter((line) => line === `out ${lines - 1}`).length === 1);
    await container.restart({ t: 0 });
    const again = await rest;
    expect(again.lines.filter((line) => line.startsWith("end"))).toHaveLength(1);
    expect(again.lines.filter((line) => line.startsWith("out"))).toEqual(numbered("out", lines, 1));
    const last = read(name, again.position);
    await container.remove({ force: true });
    const ended = await last;
    expect(all.filter((line) => line.startsWith("out"))).toEqual(numbered("out", lines, 1));
    expect([...all].filter((line) => line.startsWith("err"))).toEqual(numbered("err", lines, 3));
    expect([...again.lines, ...ended.lines].filter((line) => line.startsWith("err"))).toEqual(
      numbered("err", lines, 3),
    );
    expect(all.filter((line) => !/^(out|err) \d+$/.test(line))).toEqual([]);
  });

  it("gets a line that says what is missing when the engine rotated lines away", async () => {
    const container = await run(
      "echo first; sleep 1; i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exec sleep 600",
      "64k",
    );
    const name = await nameOf(container);
    const first = await read(name, null, (lines) => lines.includes("first"));
    expect(first.lines).toEqual(["first"]);
    // Nobody reads meanwhile.
    for (;;) {
      const tail = await container.logs({ stdout: true, tail: 1 });
      if (tail.toString().includes("line 19999")) break;
      await sleep(50);
    }
    const later = await read(name, first.position, (lines) => lines.includes("line 19999"));
    expect(later.lines[0]).toMatch(/^Lines are missing here: what was written between /);
    const numbers = later.lines.slice(1).map((line) => Number(line.slice("line ".length)));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 20_000 - numbers.length + index));
  });

  it("is not read when the container is another Windlass's", async () => {
    const container = await run("echo mine; exec sleep 600");
    const name = await nameOf(container);
    const other = new DockerOutput({ engine, owner: "another" });
    const stop = new AbortController();
    for await (const _ of other.follow(name, null, stop.signal)) expect.unreachable();
  });
});

const textOf = ({ text }: OutputBatch): string[] => text.toString().split("\n").slice(0, -1);

const numbered = (word: string, lines: number, every: number): string[] =>
  Array.from({ length: Math.ceil(lines / every) }, (_, index) => `${word} ${index * every}`);
